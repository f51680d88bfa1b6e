"""Running tasks, as the command line does it."""

import errno
import ssl
import subprocess
import sys
from pathlib import Path
from threading import enumerate as enumerate_threads
from typing import Any

import botocore.client
import luigi
import pytest
from botocore.exceptions import ClientError

from pset_4.execution import run as pipeline
from pset_4.execution.run import SLICE, describe_error, run_tasks
from pset_4.report import format_failures

PAINT = ("stylize", "--no-upload", "--image", "drawing.png", "--model", "model.pth")

WITHOUT_LUIGI = """
import sys
sys.modules["luigi"] = None
from pset_4.cli import cli
cli()
"""


class Touch(luigi.Task):
    """Makes an empty file."""

    path = luigi.Parameter()

    def output(self) -> luigi.LocalTarget:
        return luigi.LocalTarget(self.path)

    def run(self) -> None:
        Path(self.path).touch()


class Flickering(Touch):
    """Cannot be asked the first time."""

    asked = 0

    def complete(self) -> bool:
        self.asked += 1
        if self.asked == 1:
            raise OSError("no answer")
        return False


class Slow(Touch):
    """Says how far it is, and goes on."""

    def run(self) -> None:
        assert self.set_progress_percentage is not None  # a worker sets it
        self.set_progress_percentage(40)
        super().run()


def test_it_is_told_how_far_a_task_is(tmp_path: Path) -> None:
    told: list[int] = []
    run_tasks([Slow(path=str(tmp_path / "a"))], progress=told.append)
    assert told == [40]


def test_an_interrupt_while_it_is_told_how_far_a_task_is_ends_it(tmp_path: Path) -> None:
    def interrupt(percentage: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_tasks([Slow(path=str(tmp_path / "a"))], progress=interrupt)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("count", [1, 3, 2 * SLICE])
def test_an_interrupt_while_progress_is_shown_ends_the_run(count: int, tmp_path: Path) -> None:
    def interrupt(task: luigi.Task, ran: bool) -> None:
        raise KeyboardInterrupt

    tasks = [Touch(path=str(tmp_path / str(number))) for number in range(count)]
    with pytest.raises(KeyboardInterrupt):
        run_tasks(tasks, interrupt)
    assert len(list(tmp_path.iterdir())) == 1


def test_no_thread_runs_that_an_interrupt_could_leave_waiting(tmp_path: Path) -> None:
    names: list[str] = []
    tasks = [Touch(path=str(tmp_path / name)) for name in ("a", "b")]
    run_tasks(tasks, lambda task, ran: names.extend(thread.name for thread in enumerate_threads()))
    assert "QueueFeederThread" not in names


def test_what_was_there_before_is_told_apart(tmp_path: Path) -> None:
    told = []
    (tmp_path / "a").touch()
    tasks = [Touch(path=str(tmp_path / name)) for name in ("a", "b")]
    run_tasks(tasks, lambda task, ran: told.append((Path(task.path).name, ran)))
    assert sorted(told) == [("a", False), ("b", True)]


def test_what_could_not_be_looked_at_for_a_moment_is_not_called_missing(tmp_path: Path) -> None:
    (failure,) = run_tasks([Flickering(path=str(tmp_path / "a"))]).failures
    assert "could not be looked at for a moment: run again" in failure.message


class Needing(Touch):
    """Requires something that another task takes away again."""

    def requires(self) -> "Vanishing":
        return Vanishing(path=self.path + "-needed")


class Vanishing(Touch):
    """Makes nothing that stays."""

    def run(self) -> None:
        """Nothing."""


def test_what_vanished_before_it_was_needed_is_told_in_words(tmp_path: Path) -> None:
    outcome = run_tasks([Needing(path=str(tmp_path / "a"))])
    told = f"failed: {tmp_path / 'a'}: what it is made from changed meanwhile: run again"
    assert list(format_failures(outcome, {})) == [told]


class Failing(Touch):
    """Cannot be made."""

    def run(self) -> None:
        raise OSError("no room")


class AfterFailing(Touch):
    """Requires what cannot be made."""

    def requires(self) -> Failing:
        return Failing(path=str(Path(self.path).with_name("shared")))


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Paths for more tasks than go to Luigi at a time."""
    monkeypatch.setattr(pipeline, "SLICE", 2)
    return [str(tmp_path / str(number)) for number in range(5)]


def test_many_tasks_are_all_run(many: list[str]) -> None:
    told: list[tuple[str, bool]] = []
    tasks = [Touch(path=path) for path in many]
    outcome = run_tasks(tasks, lambda task, ran: told.append((task.path, ran)))
    assert sorted(told) == [(path, True) for path in many]
    assert outcome.unfinished == []


def test_a_failure_that_many_tasks_share_is_told_once(many: list[str]) -> None:
    tasks = [AfterFailing(path=path) for path in many]
    outcome = run_tasks(tasks)
    assert list(format_failures(outcome, {})) == ["failed: no room"]
    assert outcome.unfinished == tasks


def test_after_a_failure_the_rest_of_many_tasks_is_run(many: list[str], tmp_path: Path) -> None:
    run_tasks([AfterFailing(path=many[0]), *(Touch(path=path) for path in many[1:])])
    assert sorted(map(str, tmp_path.iterdir())) == many[1:]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            OSError(errno.EACCES, "Permission denied", "data/a.png"),
            "data/a.png: Permission denied: check its permissions, and those of its folder",
        ),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "No space left on device: make room on that disk, and run again",
        ),
        (
            OSError(errno.EISDIR, "Is a directory", "data/.tmp.png", None, b"data/a.png"),
            "data/a.png: Is a directory: move away what is there",
        ),
        (OSError(errno.EIO, "Input/output error", "a\n.png"), "a .png: Input/output error"),
        (OSError(errno.EIO, "Input/output error", 3), "Input/output error"),
        (OSError("no room"), "no room"),
        (ssl.SSLError(1, "[SSL] unknown error"), "[SSL] unknown error"),
    ],
)
def test_what_the_system_refuses_is_told_with_its_place_and_a_remedy(
    error: OSError, told: str
) -> None:
    assert describe_error(error) == told


@pytest.mark.usefixtures("bound_by_permissions")
def test_a_folder_that_may_not_be_searched_is_not_called_missing(
    directory_project: Any, directory_store: Any, drawing: bytes, model: bytes
) -> None:
    directory_store.write("images/drawing.png", drawing)
    directory_store.write("saved_models/model.pth", model)
    folder = Path(directory_store.url, "images")
    folder.chmod(0)
    result = directory_project.run(*PAINT)
    folder.chmod(0o755)
    (failed,) = [line for line in result.stderr.splitlines() if line.startswith("failed: ")]
    assert "images/drawing.png: Permission denied: check its permissions" in failed


def test_an_object_that_s3_refuses_is_not_called_missing(
    make_project: Any,
    s3_store: Any,
    drawing: bytes,
    model: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    s3_store.write("images/drawing.png", drawing)
    s3_store.write("saved_models/model.pth", model)
    call = botocore.client.BaseClient._make_api_call

    def refuse(client: Any, operation: str, arguments: Any) -> Any:
        if arguments.get("Key", "").endswith("drawing.png"):
            reply = {"Error": {"Code": "403"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
            raise ClientError(reply, operation)  # type: ignore[arg-type]
        return call(client, operation, arguments)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", refuse)
    result = make_project("machine", s3_store.url).run(*PAINT)
    (failed,) = [line for line in result.stderr.splitlines() if line.startswith("failed: ")]
    assert "may not do that" in failed


@pytest.mark.parametrize("command", ["main", "stylize", "upload"])
def test_without_luigi_a_command_says_what_is_missing(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_LUIGI, command], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr.splitlines()[0][:27]) == (1, "Error: not installed: luigi")
