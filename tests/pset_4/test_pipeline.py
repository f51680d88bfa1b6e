"""Running tasks, as the command line does it."""

from pathlib import Path

import luigi
import pytest

from pset_4.pipeline import run_tasks


class Touch(luigi.Task):
    """Makes an empty file."""

    path = luigi.Parameter()

    def output(self) -> luigi.LocalTarget:
        return luigi.LocalTarget(self.path)

    def run(self) -> None:
        Path(self.path).touch()


@pytest.mark.parametrize("count", [1, 3])
def test_an_interrupt_while_progress_is_shown_ends_the_run(count: int, tmp_path: Path) -> None:
    def interrupt(task: luigi.Task, ran: bool) -> None:
        raise KeyboardInterrupt

    tasks = [Touch(path=str(tmp_path / str(number))) for number in range(count)]
    with pytest.raises(KeyboardInterrupt):
        run_tasks(tasks, interrupt)
    assert len(list(tmp_path.iterdir())) == 1


def test_what_was_there_before_is_told_apart(tmp_path: Path) -> None:
    told = []
    (tmp_path / "a").touch()
    tasks = [Touch(path=str(tmp_path / name)) for name in ("a", "b")]
    run_tasks(tasks, lambda task, ran: told.append((Path(task.path).name, ran)))
    assert sorted(told) == [("a", False), ("b", True)]
