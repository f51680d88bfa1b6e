"""``--like``: the look of an existing painting for other pictures."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from neural_style import read_provenance
from tests.support.files.painted import write_painting
from tests.support.networks.models import make_model
from tests.support.pipeline.projects import MakeProject, Project, assert_failed
from tests.support.remotes.stores import DirectoryStore, RemoteStore

pytestmark = pytest.mark.s3_in_soak

LOOK = ("--max-side", "16", "--strength", "0.5")
PAINTING = "one.pth@strength=0.5/lisbon/tram.png"
"""The name of the painting with this look."""


@pytest.fixture
def painted(project: Project, drawing: bytes, model: bytes) -> Project:
    """A project with a result in one of two styles, and another picture."""
    return fill(project, drawing, model)


@pytest.fixture
def painted_here(
    directory_project: Project,
    drawing: bytes,
    model: bytes,
) -> Project:
    """The same with a directory as the remote."""
    return fill(directory_project, drawing, model)


def fill(project: Project, drawing: bytes, model: bytes) -> Project:
    project.drop("lisbon/tram.png", drawing)
    project.drop("one.pth", model)
    project.run_well("main", *LOOK)
    project.drop("two.pth", make_model(2))
    project.drop("new.png", drawing)
    return project


def paint_like(project: Project, painting: str, *options: str) -> Result:
    return project.run("stylize", "--image", "new.png", "--like", painting, *options)


def read_options(project: Project, result: str) -> dict[str, Any]:
    """Return the options of a result that are not as they are by default."""
    provenance = read_provenance(project.data / "stylized" / result)
    assert provenance is not None
    defaults = {"precision": "exact", "metadata": "keep", "keep_location": False}
    return dict(provenance.options.items() - defaults.items())


def results(project: Project) -> list[str]:
    return project.files("stylized")


def test_a_picture_gets_the_style_and_the_options(painted: Project) -> None:
    result = painted.run("main", "-i", "new.png", "--like", PAINTING)

    assert result.exit_code == 0, result.output
    assert "lisbon/tram.png: one.pth, --max-side 16 --strength 0.5" in result.stderr
    assert results(painted) == [
        "stylized/one.pth@strength=0.5/lisbon/tram.png",
        "stylized/one.pth@strength=0.5/new.png",
    ]
    assert read_options(painted, "one.pth@strength=0.5/new.png") == {
        "max_side": 16,
        "strength": 0.5,
    }


@pytest.mark.s3_every_day
def test_a_result_that_only_the_remote_has_can_be_followed(
    painted: Project, make_project: MakeProject, store: RemoteStore, drawing: bytes
) -> None:
    elsewhere = make_project("elsewhere", store.url)
    elsewhere.drop("new.png", drawing)

    result = paint_like(elsewhere, PAINTING)

    assert result.exit_code == 0, result.output
    assert read_options(elsewhere, "one.pth@strength=0.5/new.png") == {
        "max_side": 16,
        "strength": 0.5,
    }


def test_options_on_the_command_line_count_more(painted_here: Project) -> None:
    options = ("--model", "two.pth", "--max-side", "24", "--precision", "exact")

    result = paint_like(painted_here, PAINTING, *options)

    assert result.exit_code == 0, result.output
    assert results(painted_here)[1:] == ["stylized/two.pth@strength=0.5/new.png"]
    assert read_options(painted_here, "two.pth@strength=0.5/new.png") == {
        "max_side": 24,
        "strength": 0.5,
    }


def test_what_the_file_keeps_of_its_photograph_is_no_look(painted_here: Project) -> None:
    painted_here.run_well("main", "-i", "lisbon/tram.png", "-m", "one.pth", "--keep-location")

    paint_like(painted_here, "one.pth/lisbon/tram.png")

    assert read_options(painted_here, "one.pth/new.png") == {}


def test_a_quality_is_no_look(
    directory_project: Project, photograph: bytes, drawing: bytes, model: bytes
) -> None:
    directory_project.drop("photo.jpg", photograph)
    directory_project.drop("one.pth", model)
    directory_project.run_well("main", "--quality", "80")
    directory_project.drop("new.png", drawing)

    result = paint_like(directory_project, "one.pth/photo.jpg")

    assert result.exit_code == 0, result.output
    assert "one.pth, the defaults" in result.stderr
    assert read_options(directory_project, "one.pth/new.png") == {}


def test_a_file_anywhere_can_be_followed(painted_here: Project, tmp_path: Path) -> None:
    path = tmp_path / "from a friend.png"
    (painted_here.data / "stylized/one.pth@strength=0.5/lisbon/tram.png").rename(path)

    assert paint_like(painted_here, str(path)).exit_code == 0
    assert results(painted_here) == ["stylized/one.pth@strength=0.5/new.png"]


def test_a_renamed_model_is_found_by_its_digest(
    painted: Project,
    store: RemoteStore,
    model: bytes,
) -> None:
    (painted.uploads / "one.pth").unlink()
    store.write("saved_models/one.pth", make_model(3))
    store.write("saved_models/renamed.pth", model)

    result = paint_like(painted, PAINTING)

    assert result.exit_code == 0, result.output
    assert results(painted)[1:] == ["stylized/renamed.pth@strength=0.5/new.png"]


def test_a_model_that_is_gone_is_named(painted: Project, store: RemoteStore) -> None:
    (painted.uploads / "one.pth").unlink()
    store.remove("saved_models/one.pth")

    result = paint_like(painted, PAINTING)

    assert_failed(result, "its model one.pth (SHA-256 ")
    assert "drop it in again, or name another with --model" in result.stderr
    assert len(results(painted)) == 1


def test_a_model_that_was_only_dropped_in_again_is_used(
    painted_here: Project, directory_store: DirectoryStore
) -> None:
    directory_store.remove("saved_models/one.pth")

    assert paint_like(painted_here, PAINTING).exit_code == 0
    assert results(painted_here)[1:] == ["stylized/one.pth@strength=0.5/new.png"]


def test_a_proof_has_a_size_of_its_own(painted_here: Project) -> None:
    result = paint_like(painted_here, PAINTING, "--proof")

    assert result.exit_code == 0, result.output
    assert painted_here.files("proofs") == ["proofs/one.pth@strength=0.5/new.png"]
    options = read_options(painted_here, "../proofs/one.pth@strength=0.5/new.png")
    assert options == {"max_side": 512, "strength": 0.5}


def test_offline_the_cache_is_asked(painted: Project) -> None:
    result = paint_like(painted, PAINTING, "--offline")

    assert result.exit_code == 0, result.output
    assert results(painted)[1:] == ["stylized/one.pth@strength=0.5/new.png"]


def test_a_style_of_many_keeps_its_number(
    directory_project: Project, directory_store: DirectoryStore, tmp_path: Path
) -> None:
    directory_store.write("saved_models/many.onnx", b"many styles")
    digest, options = hashlib.sha256(b"many styles").hexdigest(), {"number": 7, "max_side": 16}
    made = {"model": "many.onnx", "model_sha256": digest, "options": options}
    path = write_painting(tmp_path / "painting.png", **made)

    result = paint_like(directory_project, str(path), "--no-upload")  # there is no such image

    assert_failed(result, "like painting.png: many.onnx@7, --max-side 16\n")


@pytest.mark.parametrize("options", [{"strength": 7}, {"number": "../x"}, {"max_side": "16"}])
def test_options_that_no_painting_can_have_are_refused(
    options: dict[str, Any], directory_project: Project, tmp_path: Path
) -> None:
    path = write_painting(tmp_path / "hostile.png", options=options)

    assert_failed(paint_like(directory_project, str(path)), "hostile.png: cannot be followed: ")


def test_a_model_s_name_from_a_file_is_never_a_path(
    directory_project: Project, directory_store: DirectoryStore, tmp_path: Path
) -> None:
    digest = hashlib.sha256(b"secret").hexdigest()
    directory_store.write("secret.pth", b"secret")  # where the name would lead from there
    path = write_painting(tmp_path / "hostile.png", model="../secret.pth", model_sha256=digest)

    assert_failed(paint_like(directory_project, str(path)), "its model ../secret.pth (SHA-256 ")


def test_picks_name_styles_themselves(directory_project: Project, tmp_path: Path) -> None:
    (tmp_path / "picks.json").write_text('{"picks": [{"image": "new.png", "model": "one.pth"}]}')

    result = directory_project.run("main", "--like", "painting.png", "--only", "picks.json")

    assert_failed(result, "--like and --only name styles both", exit_code=2)
