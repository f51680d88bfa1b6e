"""What is blended: scale and shift where all else is equal, and otherwise the paintings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neural_style import Painter, PaintingRequest, RenderingOptions, load, load_picture, paint_file
from neural_style.backends.loading import StyleFile, load_network, read_style
from neural_style.mixing.blends import BlendedStyle, blend_networks, load_blend
from neural_style.mixing.names import parse_mixture
from tests.support.networks.models import make_model
from tests.support.networks.styles import assert_same_pixels, make_picture, run_command

OPTIONS = RenderingOptions()


@pytest.fixture
def models(tmp_path: Path) -> tuple[Path, Path]:
    """Two styles that were made apart."""
    paths = tmp_path / "one.pth", tmp_path / "two.pth"
    for seed, path in enumerate(paths):
        path.write_bytes(make_model(seed))
    return paths


def blend(picture: Image.Image, *parts: tuple[Path, int | None, float]) -> Image.Image:
    files = [(read_style(path), number, share) for path, number, share in parts]
    return load_blend(files, OPTIONS)(picture)


def test_styles_that_differ_have_their_paintings_blended(
    models: tuple[Path, Path],
) -> None:
    picture = make_picture(37, 200)
    one, two = (np.asarray(load(path)(picture), dtype=float) for path in models)

    found = blend(picture, (models[0], None, 0.25), (models[1], None, 0.75))

    assert np.abs(np.asarray(found) - (0.25 * one + 0.75 * two)).max() <= 0.51
    assert_same_pixels(found, blend(picture, (models[1], None, 0.75), (models[0], None, 0.25)))


def test_a_graph_of_another_network_is_blended_with_a_checkpoint(
    models: tuple[Path, Path], tmp_path: Path
) -> None:
    pytest.importorskip("openvino")
    pytest.importorskip("onnx")
    from tests.support.files.onnx_graphs import scale_channels

    picture, darker = make_picture(37, 200), tmp_path / "darker.onnx"
    darker.write_bytes(scale_channels([1, 0.5, 0.25]))
    ends = [np.asarray(load(path)(picture), dtype=float) for path in (darker, models[0])]

    found = blend(picture, (darker, None, 0.5), (models[0], None, 0.5))

    assert np.abs(np.asarray(found) - np.mean(ends, axis=0)).max() <= 0.51


def test_the_progress_of_a_blend_goes_through_all_its_styles(
    models: tuple[Path, Path],
) -> None:
    style = load_blend([(read_style(path), None, 0.5) for path in models], OPTIONS)
    steps: list[float] = []

    style(make_picture(), lambda done, total: steps.append(done / total))

    assert isinstance(style, BlendedStyle)
    assert steps == sorted(steps) and steps[0] <= 0.5 and steps[-1] == 1


def test_styles_of_one_file_are_blended_inside_the_network(
    many_styles_path: Path,
) -> None:
    picture = make_picture()

    found = blend(picture, (many_styles_path, 3, 0.5), (many_styles_path, 12, 0.5))

    mixed = load(many_styles_path).with_mix({3: 0.5, 12: 0.5})(picture)
    difference = np.abs(np.asarray(found, int) - np.asarray(mixed, int))
    assert difference.max() <= 1


def test_networks_that_differ_in_their_norms_alone_become_one(models: tuple[Path, Path]) -> None:
    one, two = map(load_network, models)
    assert blend_networks([(one, 0.5), (two, 0.5)]) is None

    alike = type(one)(one.description, {**one.weights, "in1.bias": one.weights["in1.bias"] + 2})
    joined = blend_networks([(one, 0.75), (alike, 0.25)])

    assert joined is not None
    assert np.allclose(joined.weights["in1.bias"], one.weights["in1.bias"] + 0.5)
    assert joined.weights["res1.conv1.conv2d.weight"] is one.weights["res1.conv1.conv2d.weight"]


def test_the_command_blends(models: tuple[Path, Path], picture_path: Path, tmp_path: Path) -> None:
    output = tmp_path / "painted.png"
    text = f"{models[0]}:1,{models[1]}:3"

    result = run_command("eval", "--content-image", picture_path, "--model", text,
                 "--output-image", output)  # fmt: skip

    assert result.returncode == 0, result.stderr
    expected = blend(load_picture(picture_path), (models[0], None, 0.25), (models[1], None, 0.75))
    assert_same_pixels(load_picture(output), expected)


def test_the_files_of_a_blend_are_read_once(
    models: tuple[Path, Path], picture_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []

    def note_and_read(path: Path) -> StyleFile:
        read.append(Path(path))
        return read_style(path)

    monkeypatch.setattr("csci_utils.digest.SETTLING_NS", -1)
    monkeypatch.setattr("neural_style.painting.painter.read_style", note_and_read)
    text = f"{models[0]}:1,{models[1]}:3"
    painter = Painter()
    for name in ("first.png", "second.png"):
        painter.paint(PaintingRequest.of(picture_path, text, tmp_path / name, OPTIONS))

    assert read == list(models)
    first, second = (load_picture(tmp_path / name) for name in ("first.png", "second.png"))
    assert_same_pixels(first, second)


def test_a_request_survives_json_and_the_command_line(models: tuple[Path, Path]) -> None:
    mixture = parse_mixture(f"{models[0]}:1,{models[1]}:3")
    request = PaintingRequest(Path("a"), models[0], Path("b.png"), blend=mixture)

    assert PaintingRequest.from_json(request.to_json()) == request
    (argument,) = (each for each in request.to_arguments() if each.startswith("--model="))
    text = argument.removeprefix("--model=")
    assert PaintingRequest.of("a", text, "b.png", OPTIONS) == request
    assert request.model_name == "one.pth=0.25,two.pth=0.75"


def test_numbers_in_two_places_are_refused(many_styles_path: Path) -> None:
    with pytest.raises(ValueError, match="in --model alone, got --style, too"):
        PaintingRequest.of("a", f"{many_styles_path}@3:1,4:1", "b.png", RenderingOptions(number=3))


@pytest.mark.parametrize("numbers", ["3:1,12:1", "3=0.5,12=0.5"])
def test_a_mixture_of_one_file_is_an_option(
    numbers: str, many_styles_path: Path, picture_path: Path, tmp_path: Path
) -> None:
    options = RenderingOptions(number=numbers)
    output = tmp_path / "painted.png"

    result = paint_file(PaintingRequest(picture_path, many_styles_path, output, options))

    assert result.provenance is not None
    assert result.provenance.options["number"] == "3=0.5,12=0.5"
    expected = load(many_styles_path).with_mix({3: 0.5, 12: 0.5})(load_picture(picture_path))
    assert_same_pixels(load_picture(output), expected)
