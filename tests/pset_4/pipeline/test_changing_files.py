"""Files that change between two looks at them: the bytes that were checked are those sent."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from csci_utils.writers import has_writer
from pset_4.runners.in_process import InProcessRunner
from pset_4.tasks import results, snapshot
from pset_4.tasks.snapshot import CLOSED_QUIET_SECONDS, QUIET_SECONDS, Snapshot, take_snapshot
from tests.support.pipeline.projects import Project, assert_failed
from tests.support.remotes.stores import RemoteStore

Action = Callable[[], object]


@contextmanager
def acting(action: Action, monkeypatch: pytest.MonkeyPatch, early: bool) -> Iterator[None]:
    """Act once just before or just after the first image is decoded."""
    check_image, actions = InProcessRunner.check_image, [action]

    def act() -> None:
        if actions:
            actions.pop()()

    def check_and_act(runner: InProcessRunner, path: str) -> None:
        if early:
            act()
        check_image(runner, path)
        act()

    with monkeypatch.context() as patch:
        patch.setattr(InProcessRunner, "check_image", check_and_act)
        yield
    assert not actions


def replace_by_link(path: Path, target: Path) -> None:
    path.unlink()
    path.symlink_to(target)


def replace_by_file(path: Path, content: bytes) -> None:
    other = path.with_name(".other")
    other.write_bytes(content)
    other.replace(path)


@pytest.mark.parametrize("early", [True, False])
def test_a_drop_in_swapped_for_a_link_publishes_nothing(
    project: Project,
    store: RemoteStore,
    tmp_path: Path,
    photograph: bytes,
    monkeypatch: pytest.MonkeyPatch,
    early: bool,
) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    path = project.drop("photo.jpg", photograph)

    with acting(lambda: replace_by_link(path, secret), monkeypatch, early):
        result = project.run("upload")

    assert_failed(result, f"{path}: still being written; run again when it is complete")
    assert store.list() == []


@pytest.mark.parametrize("early", [True, False])
def test_a_drop_in_replaced_during_its_check_is_not_published_unchecked(
    project: Project,
    store: RemoteStore,
    photograph: bytes,
    monkeypatch: pytest.MonkeyPatch,
    early: bool,
) -> None:
    path = project.drop("photo.jpg", photograph)

    with acting(lambda: replace_by_file(path, b"not an image"), monkeypatch, early):
        result = project.run("upload")

    assert_failed(result, "still being written")
    assert store.list() == []


def test_a_run_after_a_change_publishes_the_new_bytes(
    project: Project,
    store: RemoteStore,
    photograph: bytes,
    drawing: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = project.drop("drawing.png", photograph)
    with acting(lambda: project.drop("drawing.png", drawing), monkeypatch, early=False):
        project.run("upload")

    project.run_well("upload")

    assert store.read("images/drawing.png") == drawing == path.read_bytes()


def record_waits(
    monkeypatch: pytest.MonkeyPatch, action: Action = lambda: None, now: float | None = None
) -> list[float]:
    """Act in place of each wait for a drop-in, and return how long the waits were to be."""
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        action()

    monkeypatch.setattr(
        snapshot, "time", SimpleNamespace(time=lambda: now or time.time(), sleep=sleep)
    )
    return waits


def test_a_drop_in_that_grows_is_published_once_it_is_complete(
    project: Project, store: RemoteStore, photograph: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = photograph + b"trailing"
    path = project.drop("photo.jpg", photograph)
    with monkeypatch.context() as patch:
        record_waits(patch, lambda: path.write_bytes(content))
        result = project.run("upload")

    assert_failed(result, "photo.jpg: still being written")
    assert store.list() == []
    project.run_well("upload")
    assert store.read("images/photo.jpg") == content


@pytest.mark.parametrize(
    ("age", "has_a_writer", "expected"),
    [
        (60, None, 0),
        (QUIET_SECONDS / 2, None, QUIET_SECONDS / 2),
        (-3600, None, QUIET_SECONDS),
        (0, True, QUIET_SECONDS),
        (0, False, CLOSED_QUIET_SECONDS),
        (CLOSED_QUIET_SECONDS, False, 0),
    ],
)
def test_a_drop_in_is_published_when_it_is_at_rest(
    directory_project: Project,
    photograph: bytes,
    monkeypatch: pytest.MonkeyPatch,
    age: float,
    has_a_writer: bool | None,
    expected: float,
) -> None:
    monkeypatch.setattr(snapshot, "has_writer", lambda descriptor: has_a_writer)
    path = directory_project.drop("photo.jpg", photograph)
    now = time.time()
    os.utime(path, (now - age, now - age))
    waits = record_waits(monkeypatch, now=now)

    directory_project.run_well("upload")

    assert waits == [pytest.approx(expected, abs=0.001)]


def test_an_image_of_which_a_part_is_closed_early_is_not_refused(
    project: Project, store: RemoteStore, photograph: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = project.drop("photo.jpg", photograph[:-100])
    with monkeypatch.context() as patch:
        patch.setattr(snapshot, "has_writer", lambda descriptor: False)
        check_image = InProcessRunner.check_image

        def check_and_go_on(runner: InProcessRunner, copy_path: str) -> None:
            path.write_bytes(photograph)
            check_image(runner, copy_path)

        patch.setattr(InProcessRunner, "check_image", check_and_go_on)
        result = project.run("upload")

    assert_failed(result, "photo.jpg: still being written")
    project.run_well("upload")
    assert store.read("images/photo.jpg") == photograph


def test_an_incomplete_image_that_a_program_has_open_is_not_refused(
    project: Project, store: RemoteStore, photograph: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = project.drop("photo.jpg", photograph[:-100])
    record_waits(monkeypatch)
    with path.open("ab") as file, path.open("rb") as reader:
        if has_writer(reader.fileno()) is None:
            pytest.skip("no leases here (F_SETLEASE of Linux): they tell who writes a file")
        result = project.run("upload")
        assert_failed(result, "photo.jpg: still being written")
        file.write(photograph[-100:])

    project.run_well("upload")
    assert store.read("images/photo.jpg") == photograph


def test_a_result_replaced_after_its_check_is_not_published(
    project: Project,
    store: RemoteStore,
    photograph: bytes,
    model: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project.drop("photo.jpg", photograph)
    project.drop("one.pth", model)

    @contextmanager
    def take_and_replace(path: str) -> Iterator[Snapshot]:
        with take_snapshot(path) as taken:
            replace_by_file(Path(path), b"not what was painted")
            yield taken

    monkeypatch.setattr(results, "take_snapshot", take_and_replace)
    project.run("main")

    assert b"not what was painted" not in map(store.read, store.list())


def test_a_huge_drop_in_is_refused_before_it_is_copied(
    directory_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = directory_project.drop("huge.png", b"")
    with path.open("r+b") as file:
        file.truncate(2**40)
    monkeypatch.setattr(snapshot, "_copy", lambda file, path: pytest.fail("it was copied"))

    assert_failed(directory_project.run("upload"), "huge.png: expected at most")


def test_a_snapshot_has_the_digest_of_its_bytes(project: Project, photograph: bytes) -> None:
    path = project.drop("photo.jpg", photograph)

    with project.in_force(), take_snapshot(str(path)) as taken:
        copied = Path(taken.path).read_bytes()

    assert (copied, taken.sha256) == (photograph, hashlib.sha256(photograph).hexdigest())
    assert [entry.name for entry in project.data.iterdir()] == ["uploads"]
