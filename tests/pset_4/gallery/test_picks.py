"""Proofs of everything first, then paintings of the picks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from pset_4.gallery.picks import Picks
from tests.support.networks.models import make_model
from tests.support.pipeline.projects import Project, assert_failed
from tests.support.remotes.stores import DirectoryStore


@pytest.fixture
def filled_project(directory_project: Project, photograph: bytes) -> Project:
    """A project with two pictures and two models dropped in."""
    for name in ("a.jpg", "b.jpg"):
        directory_project.drop(name, photograph)
    for seed, name in enumerate(("one.pth", "two.pth")):
        directory_project.drop(name, make_model(seed))
    return directory_project


def write_picks(folder: Path, content: object) -> str:
    path = folder / "picks.json"
    path.write_text(json.dumps(content))
    return str(path)


def pick(*pairs: tuple[str, str]) -> object:
    return {"picks": [{"image": image, "model": model} for image, model in pairs]}


@pytest.mark.parametrize("command", ["main", "stylize"])
def test_only_the_picks_are_painted(filled_project: Project, tmp_path: Path, command: str) -> None:
    picks = write_picks(tmp_path, pick(("a.jpg", "two.pth"), ("b.jpg", "one.pth")))
    filled_project.run_well(command, "--only", picks)
    assert filled_project.files("stylized") == [
        "stylized/one.pth/b.jpg",
        "stylized/two.pth/a.jpg",
    ]


def test_a_file_of_many_styles_stands_for_all_of_them() -> None:
    pairs = [("a.jpg", "many.onnx@0"), ("a.jpg", "many.onnx@1"), ("b.jpg", "many.onnx@0")]

    assert list(Picks((("a.jpg", "many.onnx"),)).select(pairs)) == pairs[:2]


def test_a_file_that_is_no_pick_is_an_error(
    filled_project: Project, directory_store: DirectoryStore, tmp_path: Path, photograph: bytes
) -> None:
    picks = write_picks(tmp_path, pick(("a.jpg", "two.pth")))
    (tmp_path / "c.jpg").write_bytes(photograph)

    result = filled_project.run("main", "--only", picks, str(tmp_path / "c.jpg"))

    assert_failed(result, "--only: no pick is among what is named; name images and styles that")
    assert directory_store.list() == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "not a file of picks"),
        ({"picks": []}, "no picks"),
        ({"picks": [{"image": "a.jpg"}]}, "not a file of picks"),
        ({"picks": [{"image": 1, "model": "one.pth"}]}, "not a file of picks"),
        (pick(("../a.jpg", "one.pth")), "../a.jpg"),
    ],
)
def test_another_file_is_a_usage_error(
    directory_project: Project, tmp_path: Path, content: object, message: str
) -> None:
    result = directory_project.run("main", "--only", write_picks(tmp_path, content))
    assert_failed(result, message, exit_code=2)


def test_a_missing_file_of_picks_is_a_usage_error(directory_project: Project) -> None:
    assert_failed(directory_project.run("main", "--only", "gone.json"), "gone.json", exit_code=2)


def test_a_proof_is_small_and_leaves_the_result_alone(
    filled_project: Project, directory_store: DirectoryStore
) -> None:
    filled_project.run_well("main", "--image", "a.jpg", "--model", "one.pth")
    result = filled_project.data / "stylized" / "one.pth" / "a.jpg"
    before = result.read_bytes()
    outcome = filled_project.run("main", "--proof", "--max-side", "48")
    assert outcome.stdout.splitlines()[0] == "painted        4  machine/data/proofs"
    assert outcome.stderr.splitlines()[-1] == "gallery: machine/data/gallery/proofs.html"
    assert result.read_bytes() == before
    with Image.open(filled_project.data / "proofs" / "two.pth" / "b.jpg") as proof:
        assert max(proof.size) == 48
    assert [name for name in directory_store.list() if "two.pth" in name] == [
        "saved_models/two.pth"
    ]


def test_a_proof_has_at_most_512_pixels_a_side(
    filled_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pset_4.styles.proofs.PROOF_SIDE", 32)
    filled_project.run_well("stylize", "--proof", "-i", "a.jpg", "-m", "one.pth")
    with Image.open(filled_project.data / "proofs" / "one.pth" / "a.jpg") as proof:
        assert max(proof.size) == 32


def test_names_that_leave_no_pick_are_an_error(filled_project: Project, tmp_path: Path) -> None:
    picks = write_picks(tmp_path, pick(("a.jpg", "two.pth")))

    result = filled_project.run("main", "--only", picks, "--image", "b.jpg")

    assert_failed(result, "--only: no pick is among what is named")
