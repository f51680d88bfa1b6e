"""Bad drop-ins get one clear line each, and their neighbors are processed."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.files.pictures import encode_gray
from tests.support.pipeline.projects import Project, assert_failed, failures, read_summary
from tests.support.remotes.stores import RemoteStore

pytestmark = pytest.mark.s3_in_soak

BAD_DROP_INS = {
    "empty.png": b"",
    "text.jpg": b"This is no picture.",
    "truncated.pth": b"PK\x03\x04",
    "text.pth": b"This is no model.",
    "text.onnx": b"This is no model.",
    "styles.safetensors": b'\x23\0\0\0\0\0\0\0{"in1.weight": {"shape": [2.5, 3]}}',
    "notes.txt": b"Neither by its suffix.",
    "con.png": b"A device on Windows.",
}


class Malicious:
    """An object whose pickle creates a folder when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("name", BAD_DROP_INS)
def test_a_bad_drop_in_is_reported_in_one_line(filled_project: Project, name: str) -> None:
    filled_project.drop(name, BAD_DROP_INS[name])

    result = filled_project.run("main")

    lines = [line for line in result.stderr.splitlines() if "failed" in line or "error" in line]
    assert (result.exit_code, len(lines)) == (1, 1), result.stderr
    assert name in lines[0]
    assert "Traceback" not in result.output


@pytest.mark.parametrize("name", BAD_DROP_INS)
def test_a_bad_drop_in_is_not_published(
    filled_project: Project, store: RemoteStore, name: str
) -> None:
    filled_project.drop(name, BAD_DROP_INS[name])

    filled_project.run("main")

    assert [path for path in store.list() if name in path] == []


@pytest.mark.s3_every_day
def test_the_neighbors_of_bad_drop_ins_are_painted(
    filled_project: Project, store: RemoteStore
) -> None:
    for name, content in BAD_DROP_INS.items():
        filled_project.drop(name, content)

    result = filled_project.run("main")

    assert read_summary(result)["painted"] == 1
    assert "stylized/one.pth/photo.jpg" in store.list()


def test_a_truncated_image_is_not_published(
    filled_project: Project, store: RemoteStore, photograph: bytes
) -> None:
    filled_project.drop("cut.jpg", photograph[: len(photograph) // 2])

    result = filled_project.run("upload")

    assert result.exit_code == 1
    assert store.list() == ["images/photo.jpg", "saved_models/one.pth"]


def test_an_image_dropped_in_as_a_model_is_named_as_such(
    filled_project: Project, photograph: bytes
) -> None:
    filled_project.drop("photo.pth", photograph)

    assert_failed(filled_project.run("upload"), "JPEG")


def test_a_malicious_model_executes_nothing(filled_project: Project, tmp_path: Path) -> None:
    proof = tmp_path / "executed"
    filled_project.drop("evil.pth", pickle.dumps(Malicious(proof)))

    result = filled_project.run("main")

    assert result.exit_code == 1
    assert not proof.exists()


def test_the_malicious_pickle_would_execute_something(tmp_path: Path) -> None:
    proof = tmp_path / "executed"

    pickle.loads(pickle.dumps(Malicious(proof)))

    assert proof.exists()


def test_no_default_is_painted_in_place_of_a_refused_image(
    project: Project, store: RemoteStore, model: bytes
) -> None:
    project.drop("photo.heic", b"")
    project.drop("one.pth", model)

    result = project.run("main")

    assert (result.exit_code, "luigi.jpg" in result.stderr) == (1, False)
    assert store.list() == ["saved_models/one.pth"]


def test_bad_drop_ins_that_were_not_asked_for_are_not_reported(filled_project: Project) -> None:
    filled_project.drop("notes.txt", b"")
    filled_project.drop("con.png", b"")

    result = filled_project.run("main", "--image", "photo.jpg")

    assert result.exit_code == 0
    assert "notes.txt" not in result.stderr
    assert "con.png" not in result.stderr


@pytest.mark.parametrize(
    ("options", "exit_code"), [(("--image", "photo.jpg"), 1), (("--model", "one.pth"), 0)]
)
def test_a_bad_model_is_reported_unless_models_are_named(
    filled_project: Project, options: tuple[str, str], exit_code: int
) -> None:
    filled_project.drop("con.pth", b"")

    assert filled_project.run("main", *options).exit_code == exit_code


def test_a_drop_in_that_must_not_be_uploaded_is_reported(filled_project: Project) -> None:
    assert_failed(filled_project.run("main", "--no-upload"), "uploads are off")


def test_a_result_that_its_format_cannot_hold_is_named(
    directory_project: Project, model: bytes
) -> None:
    directory_project.drop("wide.webp", encode_gray((16000, 8), "WEBP"))
    directory_project.drop("one.pth", model)

    # The result would be wider than WebP's 16383 px.
    result = directory_project.run("main", "--content-scale", "0.9")

    assert_failed(result, "stylized/one.pth/wide.webp: cannot be written")


@pytest.mark.usefixtures("bound_by_permissions")
@pytest.mark.parametrize("name", ["locked.jpg", "locked.pth"])
def test_beside_a_locked_drop_in_the_others_are_painted(
    name: str, filled_project: Project, store: RemoteStore, photograph: bytes
) -> None:
    filled_project.drop(name, photograph).chmod(0)

    result = filled_project.run("main")

    (failure,) = failures(result)
    assert f"uploads/{name}: " in failure
    assert "Permission denied" in failure
    assert read_summary(result)["painted"] == 1
    assert "stylized/one.pth/photo.jpg" in store.list()
