"""Signals that end a painting, and what they leave behind."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.pipeline.painting import PAINT, paint_with
from tests.support.pipeline.programs import FIND_OUTPUT, Lifeline, MakePython, wait_until
from tests.support.pipeline.projects import Project
from tests.support.remotes.stores import RemoteStore


def count_lines(path: Path) -> int:
    """Return how many whole lines the file holds; 0 if there is none."""
    return path.read_text().count("\n") if path.exists() else 0


def has_line(path: Path) -> bool:
    """Return True if the file holds a whole line."""
    return count_lines(path) > 0


@pytest.fixture
def lifeline(tmp_path: Path) -> Iterator[Lifeline]:
    """What programs hold until they end."""
    with closing(Lifeline(tmp_path / "lifeline")) as made:
        yield made


@pytest.mark.parametrize(
    ("runner", "number", "workers"),
    [("program", "SIGINT", 1), ("program", "SIGHUP", 2), ("mlflow", "SIGTERM", 1)],
)
def test_a_signal_ends_the_run_and_the_programs_and_leaves_nothing(
    runner: str,
    number: str,
    workers: int,
    published: Project,
    directory_store: RemoteStore,
    drawing: bytes,
    make_python: MakePython,
    lifeline: Lifeline,
    tmp_path: Path,
) -> None:
    directory_store.write("images/another.png", drawing)
    started = tmp_path / "started"
    sleeping = make_python(
        f'{FIND_OUTPUT}\n[ -z "$out" ] || echo > "$(dirname "$out")/.begun.png"\n'
        f'{lifeline.holding}\necho >> "{started}"\nexec sleep 600'
    )
    arguments = ("--image", "another.png", "--workers", str(workers))
    command = published.command(*paint_with(runner, sleeping), *arguments)

    with subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Whoever runs the tests by nohup(1) has SIGHUP ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(getattr(signal, number), signal.SIG_DFL),
    ) as pipeline:
        try:
            wait_until(lambda: count_lines(started) == workers)
            assert lifeline.is_held()
            pipeline.send_signal(getattr(signal, number))
            assert pipeline.wait(60) == 130
        finally:
            pipeline.kill()

    wait_until(lambda: not lifeline.is_held())
    assert count_lines(started) == workers
    assert published.files("stylized") == []


def test_what_killed_programs_began_is_removed_by_the_next_run(
    published: Project, make_python: MakePython, tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    waiting = make_python(f'{FIND_OUTPUT}\necho "$out" > "{begun}"; exec sleep 600')
    with subprocess.Popen(
        published.command(*paint_with("program", waiting)), start_new_session=True
    ) as pipeline:
        wait_until(lambda: has_line(begun))
        os.killpg(pipeline.pid, signal.SIGKILL)
    folder = Path(begun.read_text()).parent
    assert folder.is_dir()

    published.run_well(*PAINT)

    assert not folder.exists()


def test_a_program_notices_that_the_pipeline_was_killed(
    published: Project, make_python: MakePython, tmp_path: Path
) -> None:
    begun, noticed = tmp_path / "begun", tmp_path / "noticed"
    waiting = make_python(
        f'echo "$NEURAL_STYLE_PARENT" > "{begun}"; cat > /dev/null; echo > "{noticed}"'
    )
    with subprocess.Popen(published.command(*paint_with("program", waiting))) as pipeline:
        wait_until(lambda: has_line(begun))
        pipeline.kill()

    wait_until(lambda: has_line(noticed))
    assert begun.read_text() == "stdin\n"
