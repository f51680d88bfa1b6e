"""How tasks are run: their order, their progress, interrupts and failures."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path
from threading import Thread, current_thread, main_thread
from threading import enumerate as enumerate_threads
from typing import Any, ClassVar

import luigi
import luigi.worker
import pytest

from pset_4 import context
from pset_4.execution import run as execution
from pset_4.execution.luigi_worker import Worker, name_of
from pset_4.execution.observer import Observer
from pset_4.execution.run import SLICE, run_tasks
from pset_4.report import format_failures
from pset_4.settings import read_settings
from pset_4.tasks.batch import BatchTask
from pset_4.tasks.main import MainTask
from pset_4.tasks.parameters import join_images
from tests.support.pipeline.programs import wait_until


class Touch(luigi.Task):
    """Creates an empty file."""

    path = luigi.Parameter()

    def output(self) -> luigi.LocalTarget:
        return luigi.LocalTarget(self.path)

    def run(self) -> None:
        Path(self.path).touch()


class Flickering(Touch):
    """Fails to say whether it is complete the first time."""

    asked = 0

    def complete(self) -> bool:
        self.asked += 1
        if self.asked == 1:
            raise OSError("no answer")
        return False


class AlwaysFlickering(Flickering):
    """Fails to say whether it is complete whenever Luigi asks."""

    def complete(self) -> bool:
        self.asked %= 2
        return super().complete()


class Slow(Touch):
    """Reports its progress before it finishes."""

    def run(self) -> None:
        assert self.set_progress_percentage is not None  # set by a worker
        self.set_progress_percentage(40)
        super().run()


class InThread(Touch):
    """Waits until as many of its kind run as there are workers, and records its thread."""

    threads: ClassVar[set[Thread]] = set()

    def run(self) -> None:
        self.threads.add(current_thread())
        wait_until(lambda: len(self.threads) >= context.current().settings.workers)
        super().run()


class Vanishing(Touch):
    """Leaves no output, although it succeeds."""

    def run(self) -> None:
        """Do nothing."""


class RequiringVanishing(Touch):
    """Requires an output that is gone when it is needed."""

    def requires(self) -> Vanishing:
        return Vanishing(path=self.path + "-needed")


class Failing(Touch):
    """Fails."""

    def run(self) -> None:
        raise OSError("no room")


class RequiringFailing(Touch):
    """Requires a task that fails, the same one for all tasks of a folder."""

    def requires(self) -> Failing:
        return Failing(path=str(Path(self.path).with_name("shared")))


class Files(BatchTask):
    """Files a and b."""

    image = luigi.Parameter(default=join_images(["a.png", "b.png"]))
    folder = luigi.Parameter()

    def path_of(self, name: str) -> str:
        return str(Path(self.folder) / name)

    def is_done(self, name: str) -> bool:
        return Path(self.path_of(name)).exists()


class LosingOne(Files):
    """Loses b when it is looked at the given time, and has it back the next."""

    lost_at = luigi.IntParameter()

    def is_done(self, name: str) -> bool:
        looks = Path(self.folder) / f"{name}.looks"
        count = len(looks.read_text()) if looks.exists() else 0
        looks.write_text("x" * (count + 1))
        return name == "a.png" or count != self.lost_at


class Moving(Files):
    """Moves files, for which it has a thread of its own."""

    is_transfer = True

    def run(self) -> None:
        self.do_each(lambda name: Path(self.path_of(name)).touch())


class Crowded(Moving):
    """Moves files to a disk that is full until the first one has failed."""

    def run(self) -> None:
        tried: list[str] = []

        def move(name: str) -> None:
            tried.append(name)
            if name == "a.png" or tried.count(name) == 1:
                raise OSError(errno.ENOSPC, "No space left on device")
            Path(self.path_of(name)).touch()

        self.do_each(move)


class RequiringLosingOne(Files):
    """Requires files of which one is lost for a moment."""

    lost_at = luigi.IntParameter()

    def requires(self) -> luigi.Task:
        return self.clone(LosingOne)

    def path_of(self, name: str) -> str:
        return str(Path(self.folder) / "made" / name)


class Recorder(Observer):
    """Records the finished tasks by name, with whether each ran, and the progress of paintings."""

    def __init__(self) -> None:
        self.finished: list[tuple[str, bool]] = []
        self.percentages: list[int] = []
        self.threads: set[str] = set()

    def advance(self, task_id: str, percentage: int) -> None:
        self.percentages.append(percentage)

    def finish(self, task: luigi.Task, ran: bool) -> None:
        assert isinstance(task, Touch)
        self.finished.append((Path(task.path).name, ran))
        self.threads |= {thread.name for thread in enumerate_threads()}


class Interrupting(Observer):
    """Stands in for Ctrl-C while progress is shown."""

    def advance(self, task_id: str, percentage: int) -> None:
        raise KeyboardInterrupt

    def finish(self, task: luigi.Task, ran: bool) -> None:
        raise KeyboardInterrupt


def touch_all(folder: Path, *names: object) -> list[luigi.Task]:
    """Return a task for each name."""
    return [Touch(path=str(folder / str(name))) for name in names]


@pytest.fixture
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Luigi gets two tasks at a time."""
    monkeypatch.setattr(execution, "SLICE", 2)


def test_progress_is_passed_on(tmp_path: Path) -> None:
    recorder = Recorder()

    run_tasks([Slow(path=str(tmp_path / "a"))], recorder)

    assert recorder.percentages == [40]


def test_an_interrupt_while_progress_is_passed_on_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_tasks([Slow(path=str(tmp_path / "a"))], Interrupting())

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("count", [1, 3, 2 * SLICE])
def test_an_interrupt_between_tasks_ends_the_run(count: int, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_tasks(touch_all(tmp_path, *range(count)), Interrupting())

    assert len(list(tmp_path.iterdir())) == 1


def test_no_thread_runs_that_an_interrupt_could_leave_waiting(tmp_path: Path) -> None:
    recorder = Recorder()

    run_tasks(touch_all(tmp_path, "a", "b"), recorder)

    assert "MainThread" in recorder.threads
    assert "QueueFeederThread" not in recorder.threads


@pytest.mark.parametrize("workers", [1, 2])
def test_tasks_run_in_the_main_thread_or_in_as_many_threads_as_workers(
    workers: int, tmp_path: Path
) -> None:
    InThread.threads.clear()
    settings = replace(read_settings(data=str(tmp_path / "data")), workers=workers)

    with context.activated(settings):
        run_tasks([InThread(path=str(tmp_path / str(number))) for number in range(6)])

    found = InThread.threads
    assert len(found) == workers
    assert (main_thread() in found) is (workers == 1)


def test_threads_end_with_the_run(tmp_path: Path) -> None:
    before = set(enumerate_threads())

    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        run_tasks([Moving(folder=str(folder))])

    assert (tmp_path / "2" / "b.png").exists()
    wait_until(lambda: set(enumerate_threads()) <= before)


def test_answers_of_the_scheduler_are_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[int] = []

    def note_and_get_work(worker: Worker) -> Any:
        answer = luigi.worker.Worker._get_work(worker)
        kept.append(len(worker._get_work_response_history))
        return answer

    monkeypatch.setattr(Worker, "_get_work", note_and_get_work)
    run_tasks(touch_all(tmp_path, *"abc"))

    assert len(kept) > 3
    assert max(kept) == 1


def test_tasks_that_ran_are_told_apart_from_complete_ones(tmp_path: Path) -> None:
    recorder = Recorder()
    (tmp_path / "a").touch()

    run_tasks(touch_all(tmp_path, "a", "b"), recorder)

    assert sorted(recorder.finished) == [("a", False), ("b", True)]


def test_a_check_that_fails_for_a_moment_is_made_again(tmp_path: Path) -> None:
    assert run_tasks([Flickering(path=str(tmp_path / "a"))]).failures == []
    assert (tmp_path / "a").exists()


def test_a_check_that_always_fails_for_a_moment_is_not_called_missing(tmp_path: Path) -> None:
    (failure,) = run_tasks([AlwaysFlickering(path=str(tmp_path / "a"))]).failures

    assert failure.error.reason == "could not be looked at for a moment"


def test_an_input_that_vanished_is_reported_in_words(tmp_path: Path) -> None:
    outcome = run_tasks([RequiringVanishing(path=str(tmp_path / "a"))])

    assert list(format_failures(outcome, {})) == [
        f"failed: {tmp_path / 'a'}: what it is made from changed meanwhile; run again"
    ]


# The first look is Luigi's, when it is told of the tasks.
@pytest.mark.parametrize(("lost_at", "failed"), [(1, ["b.png"]), (2, [])])
def test_inputs_are_looked_at_once_before_a_task_runs(
    lost_at: int, failed: list[str], tmp_path: Path
) -> None:
    outcome = run_tasks([RequiringLosingOne(folder=str(tmp_path), lost_at=lost_at)])

    assert [failure.piece.image for failure in outcome.failures] == failed
    assert all(str(failure.error.path).endswith("made/b.png") for failure in outcome.failures)


def test_a_file_for_which_another_one_left_no_room_is_tried_again(tmp_path: Path) -> None:
    outcome = run_tasks([Crowded(folder=str(tmp_path))])

    assert [failure.piece.image for failure in outcome.failures] == ["a.png"]
    assert [path.name for path in tmp_path.iterdir()] == ["b.png"]


@pytest.mark.usefixtures("small_slices")
def test_many_tasks_all_run(tmp_path: Path) -> None:
    recorder = Recorder()

    outcome = run_tasks(touch_all(tmp_path, *range(5)), recorder)

    assert sorted(recorder.finished) == [(str(number), True) for number in range(5)]
    assert outcome.unfinished == []


@pytest.mark.usefixtures("small_slices")
def test_a_failure_that_many_tasks_share_is_reported_once(tmp_path: Path) -> None:
    tasks = [RequiringFailing(path=str(tmp_path / str(number))) for number in range(5)]

    outcome = run_tasks(tasks)

    assert list(format_failures(outcome, {})) == ["failed: no room"]
    assert not any(map(outcome.has_finished, tasks))


@pytest.mark.usefixtures("small_slices")
def test_after_a_failure_the_other_tasks_run(tmp_path: Path) -> None:
    run_tasks([RequiringFailing(path=str(tmp_path / "0")), *touch_all(tmp_path, 1, 2, 3, 4)])

    assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "2", "3", "4"]


def test_a_task_that_only_requires_others_is_named_by_what_they_make() -> None:
    assert name_of(MainTask(image="photo.jpg", model="one.pth")).endswith(
        "/stylized/one.pth/photo.jpg"
    )
