"""The command verify."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from csci_utils.digest import file_digest
from csci_utils.files import write_atomically
from pset_4.storage.records import write_origin
from pset_4.storage.regular_files import open_regular
from tests.support.pipeline.database import DATABASE, change_record, remove_record
from tests.support.pipeline.projects import Project
from tests.support.remotes.stores import RemoteStore

pytestmark = pytest.mark.s3_in_soak

FILES = ["images/photo.jpg", "saved_models/one.pth", "stylized/one.pth/photo.jpg"]
RESULT = "stylized/one.pth/photo.jpg"


def flip_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def forget(path: Path) -> None:
    data = next(folder for folder in path.parents if (folder / DATABASE).exists())
    remove_record(data, path.relative_to(data).as_posix())


DAMAGES: dict[str, Callable[[Path], None]] = {
    "altered": flip_byte,
    "truncated": truncate,
    "no record": forget,
}


@pytest.fixture
def painted(filled_project: Project) -> Project:
    """A project after a first run of main."""
    filled_project.run_well("main")
    return filled_project


def verify(project: Project, *options: str) -> tuple[int, dict[str, Any]]:
    """Return the exit code of verify, and what it printed as JSON."""
    result = project.run("verify", "--json", *options)
    return result.exit_code, json.loads(result.stdout)


def read_all(project: Project) -> dict[str, bytes]:
    return {path: (project.data / path).read_bytes() for path in FILES}


def test_verify_finds_nothing_wrong_after_a_run(painted: Project) -> None:
    assert verify(painted) == (
        0,
        {
            "data": str(painted.data),
            "remote": painted.remote_url,
            "checked": 4,
            "damaged": [],
            "repaired": [],
        },
    )


def test_verify_of_an_empty_project_finds_nothing(project: Project) -> None:
    code, found = verify(project)

    assert (code, found["checked"]) == (0, 0)


@pytest.mark.s3_every_day
@pytest.mark.parametrize("problem", DAMAGES)
def test_verify_lists_each_damaged_file(painted: Project, problem: str) -> None:
    for path in FILES:
        DAMAGES[problem](painted.data / path)

    code, found = verify(painted)

    listed = {damage["path"]: damage["problem"] for damage in found["damaged"]}
    assert code == 1
    assert {path: listed.get(str(painted.data / path)) for path in FILES} == dict.fromkeys(
        FILES, problem
    )


@pytest.mark.parametrize("problem", DAMAGES)
def test_repair_mends_each_damaged_file(painted: Project, problem: str) -> None:
    before = read_all(painted)
    for path in FILES:
        DAMAGES[problem](painted.data / path)

    code, found = verify(painted, "--repair")

    assert (code, found["damaged"], len(found["repaired"])) == (0, [], 3)
    assert read_all(painted) == before
    assert verify(painted)[0] == 0


def test_a_damage_that_leaves_size_and_times_is_found(
    painted: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached = painted.data / "images/photo.jpg"
    flip_byte(cached)
    status = cached.stat()
    change_record(
        painted.data,
        "images/photo.jpg",
        size=status.st_size,
        modified=status.st_mtime_ns,
        changed=status.st_ctime_ns,
        written=status.st_ctime_ns + 10**10,
    )
    assert painted.status()["images"][0]["cache"] == "current"

    assert verify(painted)[0] == 1
    assert verify(painted, "--repair")[0] == 0


@pytest.mark.s3_every_day
@pytest.mark.parametrize("cut", [True, False])
def test_a_damaged_published_result_is_published_again(
    painted: Project, store: RemoteStore, cut: bool
) -> None:
    content = store.read(RESULT)
    store.write(RESULT, content[:-100] if cut else content[:-1] + b"?")

    code, found = verify(painted)
    repaired_code, _ = verify(painted, "--repair")

    assert (code, repaired_code) == (1, 0)
    assert found["damaged"] == [
        {"path": f"{store.url}/{RESULT}", "problem": "truncated" if cut else "altered"}
    ]
    assert store.read(RESULT) == content


def test_a_result_keeps_its_options_when_it_is_repaired(
    project: Project, photograph: bytes, model: bytes
) -> None:
    project.drop("photo.jpg", photograph)
    project.drop("one.pth", model)
    project.run_well("main", "--max-side", "24")
    before = (project.data / RESULT).read_bytes()
    flip_byte(project.data / RESULT)

    assert verify(project, "--repair")[0] == 0
    assert (project.data / RESULT).read_bytes() == before


def test_a_result_that_stays_on_this_machine_is_no_damage_to_the_published_one(
    painted: Project, store: RemoteStore
) -> None:
    content = store.read(RESULT)
    painted.run_well("stylize", "--max-side", "24")

    assert verify(painted)[0] == 0
    flip_byte(painted.data / RESULT)
    assert verify(painted, "--repair")[0] == 0
    assert store.read(RESULT) == content


def test_neither_is_a_smaller_one_if_nothing_says_where_they_come_from(
    painted: Project, store: RemoteStore
) -> None:
    painted.run_well("main", "--metadata", "none")
    content = store.read(RESULT)
    painted.run_well("stylize", "--metadata", "none", "--max-side", "24")

    assert verify(painted)[0] == 0
    flip_byte(painted.data / RESULT)
    assert verify(painted, "--repair")[0] == 0
    assert store.read(RESULT) == content


def test_what_cannot_be_repaired_is_reported(painted: Project, store: RemoteStore) -> None:
    flip_byte(painted.data / "images/photo.jpg")
    store.remove("images/photo.jpg")

    result = painted.run("verify", "--repair")

    assert result.exit_code == 1
    assert "images/photo.jpg: not in the remote" in result.stderr
    assert "damaged        1" in result.stdout.splitlines()


def test_verify_tells_the_way_to_repair(directory_project: Project, drawing: bytes) -> None:
    directory_project.data.joinpath("images").mkdir(parents=True)
    (directory_project.data / "images/drawing.png").write_bytes(drawing)

    result = directory_project.run("verify")

    assert result.stdout.splitlines() == [
        "damaged: machine/data/images/drawing.png: no record",
        f"repair them: {directory_project.name_command('verify --repair')}",
        "checked        1",
        "damaged        1",
    ]


def test_a_file_that_another_process_replaces_meanwhile_is_not_damaged(
    painted: Project, drawing: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace_and_open(path: str) -> BinaryIO:
        monkeypatch.undo()
        write_atomically(path, drawing)
        write_origin(path, {"version": "new"}, file_digest(path))
        return open_regular(path)

    monkeypatch.setattr("pset_4.verification.open_regular", replace_and_open)

    assert verify(painted)[1]["damaged"] == []
