"""What killed runs leave behind is removed when the next one starts."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from csci_utils.atomic import make_temporary_name
from pset_4.storage.claims import claim
from tests.support.pipeline.projects import Project
from tests.support.remotes.faults import refuse, serve_faults
from tests.support.remotes.stores import DirectoryStore, S3Store

FOLDERS = [
    "",
    "uploads",
    "images",
    "images/lisbon/day",
    "saved_models",
    "stylized/shared/one.pth/lisbon",
    "mlflow/one.pth/code",
    "proofs/one.pth/lisbon",
    "gallery/thumbnails",
    "contact_sheets/lisbon",
]


@pytest.fixture
def dead_name() -> str:
    """The name of a temporary file whose process has ended."""
    script = "from csci_utils.atomic import make_temporary_name; print(make_temporary_name())"
    command = [sys.executable, "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def leave(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.png"
    path.touch()
    return path


def test_a_run_removes_what_a_killed_one_left(
    directory_project: Project, directory_store: DirectoryStore, dead_name: str
) -> None:
    orphans = [leave(directory_project.data / folder, dead_name) for folder in FOLDERS]
    orphans += [leave(Path(directory_store.url, folder), dead_name) for folder in FOLDERS[2:]]

    directory_project.run_well("upload")

    assert [path for path in orphans if path.exists()] == []


@pytest.mark.parametrize("folder", ["stylized/one.pth", "proofs/shared/one.pth/lisbon", "gallery"])
def test_a_run_removes_the_claim_of_a_killed_one(directory_project: Project, folder: str) -> None:
    abandoned = directory_project.data / folder / ".photo.png.lock"
    abandoned.parent.mkdir(parents=True)
    abandoned.touch()

    directory_project.run_well("upload")

    assert not abandoned.exists()


def test_a_run_leaves_the_claim_of_a_live_one(directory_project: Project) -> None:
    result = directory_project.data / "stylized/one.pth/photo.png"

    with claim(str(result), pytest.fail):
        directory_project.run_well("upload")

        assert [path.name for path in result.parent.iterdir()] == [".photo.png.lock"]


def test_a_run_removes_scratch_folders_of_a_killed_one(
    project: Project, dead_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    orphan = tmp_path / "temporary" / f"{dead_name}.scratch"
    (orphan / "package").mkdir(parents=True)

    project.run_well("upload")

    assert not orphan.exists()


@dataclass
class Replacement:
    """A temporary object that a killed replacement left in S3, and the note of it."""

    project: Project
    store: S3Store

    def leave(self, noted: str, left: str = "", endpoint: str = "") -> Path:
        """Leave an object below `images`, and a note of it.

        Args:
            noted: The name of the note.
            left: The name of the object; that of the note by default.
            endpoint: The server in the note; the real one by default.
        """
        path = f"images/{left or noted}"
        self.store.write(path, b"left behind")
        note = self.project.data / ".temporary_objects" / noted
        note.parent.mkdir(parents=True, exist_ok=True)
        server = endpoint or self.store.client.meta.endpoint_url
        note.write_text(f"{self.store.url}/{path}\n{server}\n")
        return note


@pytest.fixture
def replacement(s3_project: Project, s3_store: S3Store) -> Replacement:
    """Leaves what a killed replacement leaves."""
    return Replacement(s3_project, s3_store)


def test_a_run_removes_the_temporary_object_of_a_killed_one(
    replacement: Replacement, dead_name: str
) -> None:
    note = replacement.leave(dead_name)

    replacement.project.run_well("upload")

    assert replacement.store.list() == []
    assert not note.exists()


def test_a_run_leaves_the_temporary_object_of_a_live_one(replacement: Replacement) -> None:
    note = replacement.leave(make_temporary_name())

    replacement.project.run_well("upload")

    assert len(replacement.store.list()) == 1
    assert note.exists()


def test_a_run_removes_no_object_of_another_name_or_server(
    replacement: Replacement, dead_name: str
) -> None:
    replacement.leave(dead_name, left="photo.png")
    replacement.leave(f"{dead_name[:-1]}a", endpoint="https://s3.example.org")

    replacement.project.run_well("upload")

    assert len(replacement.store.list()) == 2


def test_a_note_that_was_cut_short_is_removed(replacement: Replacement, dead_name: str) -> None:
    note = replacement.leave(dead_name)
    note.write_text(f"{replacement.store.url}/images/{dead_name[:5]}")

    replacement.project.run_well("upload")

    assert not note.exists()


def test_a_temporary_object_that_cannot_be_removed_now_is_removed_later(
    replacement: Replacement,
    dead_name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serve_faults(replacement.store.client.meta.endpoint_url) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        replacement.leave(dead_name, endpoint=proxy.url)
        proxy.faults["DELETE"] = [refuse(400, "InvalidRequest")]

        replacement.project.run_well("upload")
        assert len(replacement.store.list()) == 1
        replacement.project.run_well("upload")

    assert replacement.store.list() == []


def test_a_run_leaves_what_a_live_one_is_writing(directory_project: Project) -> None:
    live = [leave(directory_project.data / folder, make_temporary_name()) for folder in FOLDERS]

    directory_project.run_well("upload")

    assert all(path.exists() for path in live)


def test_a_run_touches_nothing_in_folders_of_drop_ins(
    directory_project: Project, dead_name: str, tmp_path: Path
) -> None:
    paths = [
        leave(directory_project.uploads / "lisbon", dead_name),
        leave(tmp_path / "mine", dead_name),
    ]

    directory_project.run_well("upload")
    directory_project.run_well("upload", "--uploads", str(tmp_path / "mine"))

    assert all(path.exists() for path in paths)


def test_a_run_removes_nothing_from_a_linked_folder(
    directory_project: Project, dead_name: str, tmp_path: Path
) -> None:
    path = leave(tmp_path / "elsewhere", dead_name)
    directory_project.data.mkdir(exist_ok=True)
    Path(directory_project.data, "stylized").symlink_to(path.parent, target_is_directory=True)

    directory_project.run_well("upload")

    assert path.exists()
