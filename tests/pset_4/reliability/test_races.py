"""Two processes that publish under one name at the same moment."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable

import pytest
from click.testing import Result

from pset_4.tasks.upload import UploadImage
from tests.support.pipeline.projects import MakeProject, Project
from tests.support.reliability.forks import Ending, Fork, needs_fork
from tests.support.reliability.tally import Count, Tally
from tests.support.reliability.versions import make_image
from tests.support.remotes.stores import RemoteStore

pytestmark = needs_fork

FEW, MANY = 1, 100
NAME, PATH = "photo.png", "images/photo.png"


@pytest.fixture
def machines(make_project: MakeProject, store: RemoteStore) -> list[Project]:
    """Two machines with one remote."""
    machines = [make_project(name, store.url) for name in ("one", "two")]
    machines[0].run_well("upload")  # forks find imported and read what it takes
    return machines


def publish_at(start: int, machine: Project) -> Callable[[], Result]:
    """Return a command that publishes, once it has all that it needs and `start` is closed."""

    def run() -> Result:
        check = UploadImage.check

        def check_and_wait(task: UploadImage, path: str) -> None:
            check(task, path)
            os.read(start, 1)

        UploadImage.check = check_and_wait  # type: ignore[assignment, method-assign]
        return machine.run("upload")

    return run


def race(machines: list[Project]) -> list[Ending]:
    """Have all machines publish at the same moment."""
    start, release = os.pipe()
    forks = []
    for machine in machines:
        forks.append(Fork(publish_at(start, machine), closing=[release]))
    os.close(release)
    os.close(start)
    return [fork.wait() for fork in forks]


def race_with_different_bytes(
    machines: list[Project], store: RemoteStore, count: int, tally: Tally
) -> None:
    for number in range(count):
        contents = [make_image(NAME, 2 * number + each) for each in range(2)]
        drop_ins = [m.drop(NAME, c) for m, c in zip(machines, contents, strict=True)]

        endings = race(machines)

        assert sorted([ending.exit_code for ending in endings], key=str) == [0, 1], endings
        loser = endings[0].exit_code == 0
        assert store.read(PATH) == contents[not loser]
        assert [path.read_bytes() for path in drop_ins] == contents
        assert "conflict" in endings[loser].stderr
        assert all(hashlib.sha256(c).hexdigest() in endings[loser].stderr for c in contents)
        assert store.list() == [PATH]
        store.remove(PATH)
        tally.tried += 1
        tally.refused += 1


def race_with_the_same_bytes(
    machines: list[Project], store: RemoteStore, count: int, tally: Tally
) -> None:
    for number in range(count):
        content = make_image(NAME, number)
        for machine in machines:
            machine.drop(NAME, content)

        endings = race(machines)

        assert [ending.exit_code for ending in endings] == [0, 0], endings
        assert store.list() == [PATH]
        assert store.read(PATH) == content
        store.remove(PATH)
        tally.tried += 1


RACES = {"different bytes": race_with_different_bytes, "the same bytes": race_with_the_same_bytes}
races = pytest.mark.parametrize("contents", RACES)


@races
def test_of_two_processes_one_wins_or_both_have_the_same(
    contents: str, machines: list[Project], store: RemoteStore
) -> None:
    RACES[contents](machines, store, FEW, Tally("", None))


@pytest.mark.soak
@races
def test_of_two_processes_one_wins_or_both_have_the_same_many_times(
    contents: str, machines: list[Project], store: RemoteStore, count: Count
) -> None:
    tally = count(f"races, {contents}")

    RACES[contents](machines, store, MANY, tally)

    assert tally.tried == MANY
