"""`eval --json`, as a parent process reads it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from neural_style import read_provenance
from tests.support.command_line import eval_arguments, read_events, run_program
from tests.support.networks.styles import make_picture, run_command

WITHOUT_ENGINE = """
import sys
sys.modules["neural_style.engine._core"] = None
from neural_style.neural_style import main
sys.exit(main(sys.argv[1:]))
"""

HOSTILE_NAMES = ["two\nlines.png", 'quote".png', "back\\slash.png", "bell\a.png", "\udcff.png"]


def named(events: list[dict[str, Any]], name: str) -> list[Any]:
    """Return the values of all events of one name."""
    return [event[name] for event in events if name in event]


def test_the_result_comes_last(picture_path: Path, checkpoint_path: Path, tmp_path: Path) -> None:
    output_path = tmp_path / "painted.png"

    result = run_command(*eval_arguments(picture_path, checkpoint_path, output_path, "--json"))

    assert (result.returncode, result.stderr) == (0, "")
    provenance = read_provenance(output_path)
    assert provenance is not None
    assert read_events(result.stdout)[-1] == {
        "result": {"has_more_frames": False, "provenance": provenance.to_json()}
    }


def test_progress_comes_before_the_result(checkpoint_path: Path, tmp_path: Path) -> None:
    pytest.importorskip("neural_style.engine._core", exc_type=ImportError)
    make_picture(400, 300).save(tmp_path / "large.png")
    arguments = eval_arguments(tmp_path / "large.png", checkpoint_path, tmp_path / "painted.png")

    result = run_command(*arguments, "--json")

    progress = named(read_events(result.stdout), "progress")
    assert progress == sorted(progress)
    assert progress[-1] == [16, 16]


def test_more_frames_are_a_result_and_a_note(checkpoint_path: Path, tmp_path: Path) -> None:
    path = tmp_path / "moving.gif"
    make_picture().save(path, save_all=True, append_images=[Image.new("RGB", (37, 23))])

    result = run_command(*eval_arguments(path, checkpoint_path, tmp_path / "painted.png", "--json"))

    events = read_events(result.stdout)
    assert f"{path}: only the first frame was painted" in named(events, "note")
    (ended,) = named(events, "result")
    assert ended["has_more_frames"]


def test_another_backend_is_a_note(
    picture_path: Path, checkpoint_path: Path, tmp_path: Path
) -> None:
    pytest.importorskip("openvino")
    arguments = eval_arguments(picture_path, checkpoint_path, tmp_path / "painted.png", "--json")

    result = run_program(WITHOUT_ENGINE, *arguments)

    (note,) = named(read_events(result.stdout), "note")
    assert note.startswith("the C++ engine is not installed (")
    assert note.endswith("; painting with OpenVINO")
    assert result.stderr == ""


def test_an_error_has_a_type_a_path_a_reason_and_a_remedy(
    picture_path: Path, tmp_path: Path
) -> None:
    model_path = tmp_path / "model.pth"
    model_path.write_bytes(b"")

    result = run_command(
        *eval_arguments(picture_path, model_path, tmp_path / "painted.png", "--json")
    )

    assert (result.returncode, result.stderr) == (1, "")
    assert read_events(result.stdout) == [
        {
            "error": {
                "type": "StyleError",
                "path": str(model_path),
                "reason": "expected a style model, got an empty file of 0 bytes",
                "remedy": "copy it again",
            }
        }
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="there file names have none of these")
@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=ascii)
def test_a_hostile_name_comes_through_unchanged(
    name: str, checkpoint_path: Path, tmp_path: Path
) -> None:
    path = tmp_path / name

    result = run_command(*eval_arguments(path, checkpoint_path, tmp_path / "painted.png", "--json"))

    (error,) = named(read_events(result.stdout), "error")
    assert (error["type"], error["path"]) == ("PictureError", str(path))


@pytest.mark.skipif(sys.platform == "win32", reason="there file names have none of these")
@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=ascii)
def test_pictures_of_hostile_names_are_painted(
    name: str, checkpoint_path: Path, tmp_path: Path
) -> None:
    make_picture().save(tmp_path / "picture.png")
    (tmp_path / "picture.png").rename(tmp_path / name)
    output_path = tmp_path / f"painted {name}"

    result = run_command(*eval_arguments(tmp_path / name, checkpoint_path, output_path, "--json"))

    assert read_events(result.stdout)[-1]["result"]["provenance"]["image"] == name
    assert output_path.exists()
