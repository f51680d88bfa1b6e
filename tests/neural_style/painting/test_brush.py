"""The brush: strokes as if a picture had another size, carried to its own."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from neural_style import (
    DeviceError,
    Painter,
    PaintingRequest,
    PictureError,
    RenderingOptions,
    load,
    load_picture,
    paint_all,
    paint_file,
)
from neural_style.painting import brush, budget
from neural_style.painting.brush import carry, make_canvas
from tests.support.networks.styles import assert_same_pixels, make_picture

LANCZOS = Image.Resampling.LANCZOS
LEAST_DECIBELS = 35
"""How close a result, scaled down, is to the painting of its canvas."""


def decibels(picture: Image.Image, other: Image.Image) -> float:
    """Return the peak signal-to-noise ratio of two pictures of one size."""
    error = np.asarray(picture, float) - np.asarray(other, float)
    return float(10 * np.log10(255**2 / np.mean(error**2)))


def luma(picture: Image.Image) -> NDArray[np.float64]:
    """Return the luma of a picture, H x W."""
    return np.asarray(picture.convert("L"), float)


def repaint(canvas: Image.Image) -> Image.Image:
    """Return a canvas in other colors and few of them, with new edges, as a style would paint."""
    red, green, blue = canvas.convert("RGB").split()
    return (
        Image.merge("RGB", (blue, red, green)).quantize(12, dither=Image.Dither.NONE).convert("RGB")
    )


def paint(path: Path, model: Path, brush: int | str | None, **others: object) -> Image.Image:
    """Return the painting of a file, painted from file to file."""
    options = RenderingOptions.from_json({"brush": brush, **others})
    request = PaintingRequest(path, model, path.with_name("painted.png"), options)
    paint_file(request)
    return load_picture(request.output_image)


@pytest.fixture
def photo(photo_path: Path) -> Image.Image:
    """A photograph of 451x300 px."""
    return load_picture(photo_path)


@pytest.mark.parametrize("side", [440, 300, 150, 64])
def test_a_result_scaled_down_is_the_painting_of_its_canvas(photo: Image.Image, side: int) -> None:
    canvas = make_canvas(photo, photo, side)
    painted = repaint(canvas)

    result = carry(painted, canvas, photo)

    assert result.size == photo.size
    assert decibels(result.resize(canvas.size, LANCZOS), painted) > LEAST_DECIBELS


def test_a_result_has_the_fine_detail_of_its_photograph(photo: Image.Image) -> None:
    canvas = make_canvas(photo, photo, 150)

    result = carry(repaint(canvas), canvas, photo)

    def detail(picture: Image.Image) -> NDArray[np.float64]:
        small = picture.resize(canvas.size, LANCZOS)
        return luma(picture) - luma(small.resize(photo.size, Image.Resampling.BICUBIC))

    assert np.corrcoef(detail(result).ravel(), detail(photo).ravel())[0, 1] > 0.75
    assert detail(result).std() > detail(photo).std()


def test_an_edge_is_as_sharp_as_in_the_photograph_and_has_no_halo() -> None:
    photograph = Image.new("RGB", (400, 200), (60, 60, 60))
    photograph.paste((180, 180, 180), (203, 0, 400, 200))
    canvas = make_canvas(photograph, photograph, 50)
    painted = canvas.point(lambda level: level + 20)  # the same edge, lighter

    row = luma(carry(painted, canvas, photograph))[100]

    assert np.diff(row).max() >= 120
    assert row.min() >= 80 - 15
    assert row.max() <= 200 + 15


def test_bands_leave_no_trace(photo: Image.Image, monkeypatch: pytest.MonkeyPatch) -> None:
    canvas = make_canvas(photo, photo, 100)
    painted = repaint(canvas)
    whole = carry(painted, canvas, photo)

    monkeypatch.setattr(brush, "_PIXELS_AT_ONCE", 7 * photo.width)

    # Pillow takes the borders of bands in single precision, which changes how some levels round.
    difference = np.abs(np.asarray(carry(painted, canvas, photo), int) - np.asarray(whole, int))
    assert difference.max() <= 2
    assert np.mean(difference > 0) < 0.001


def test_threads_change_nothing(photo: Image.Image, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brush, "_PIXELS_AT_ONCE", 16 * photo.width)
    canvas = make_canvas(photo, photo, 100)
    painted = repaint(canvas)

    assert_same_pixels(carry(painted, canvas, photo, threads=3), carry(painted, canvas, photo))


def test_the_photographs_own_size_is_the_native_brush(
    checkpoint_path: Path, tmp_path: Path
) -> None:
    make_picture().save(tmp_path / "photo.png")

    native = load(checkpoint_path)(make_picture())
    for size in (None, "native", 37):
        assert_same_pixels(paint(tmp_path / "photo.png", checkpoint_path, size), native)


@pytest.mark.parametrize("model", ["checkpoint_path", "onnx_path"])
def test_a_print_looks_like_its_preview(
    model: str, photo_path: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The preview is what ``--max-side`` paints."""
    path = tmp_path / "photo.png"
    path.write_bytes(photo_path.read_bytes())
    model_path = request.getfixturevalue(model)

    result = paint(path, model_path, 128)

    preview = paint(path, model_path, None, max_side=128)
    assert result.size == (451, 300)
    assert decibels(result.resize(preview.size, LANCZOS), preview) > LEAST_DECIBELS


def test_a_preview_has_the_brush_of_its_print(
    checkpoint_path: Path, photo_path: Path, tmp_path: Path
) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(photo_path.read_bytes())
    result = paint(path, checkpoint_path, 256)

    preview = paint(path, checkpoint_path, 256, max_side=80)

    assert preview.size == (80, 53)
    assert decibels(result.resize(preview.size, LANCZOS), preview) > LEAST_DECIBELS


def test_a_brush_of_a_larger_picture_paints_it_enlarged(
    checkpoint_path: Path, tmp_path: Path
) -> None:
    picture = make_picture(40, 30)
    picture.save(tmp_path / "photo.png")

    result = paint(tmp_path / "photo.png", checkpoint_path, 80)

    enlarged = load(checkpoint_path)(picture.resize((80, 60), LANCZOS))
    assert_same_pixels(result, enlarged.resize((40, 30), LANCZOS))


def test_a_canvas_beyond_all_limits_is_refused(checkpoint_path: Path, tmp_path: Path) -> None:
    make_picture().save(tmp_path / "photo.png")

    with pytest.raises(PictureError, match=r"a brush that keeps the canvas below .*; use --brush "):
        paint(tmp_path / "photo.png", checkpoint_path, 10**6)


def test_alpha_and_its_colors_stay_apart(photo: Image.Image) -> None:
    """The colors under transparent pixels do not change those beside them."""
    photo.putalpha(Image.linear_gradient("L").resize(photo.size).point(lambda a: 255 * (a > 99)))
    canvas = make_canvas(photo, photo, 100)

    result = carry(repaint(canvas), canvas, photo)

    assert result.mode == "RGBA"
    assert result.getchannel("A").tobytes() == photo.getchannel("A").tobytes()


@pytest.mark.parametrize("size", [(300, 2), (1, 77), (90, 90)], ids=str)
def test_any_shape_is_painted(size: tuple[int, int], checkpoint_path: Path, tmp_path: Path) -> None:
    make_picture(*size).save(tmp_path / "photo.png")

    assert paint(tmp_path / "photo.png", checkpoint_path, 20).size == size


def test_many_pictures_are_painted_as_each_alone(checkpoint_path: Path, tmp_path: Path) -> None:
    options = [RenderingOptions(brush=side) for side in (24, 24, None, 100)]
    requests = []
    for index, each in enumerate(options):
        path = tmp_path / f"photo-{index}.png"
        make_picture(60, 40 + index).save(path)
        requests.append(PaintingRequest(path, checkpoint_path, tmp_path / f"{index}.png", each))

    for request, outcome in paint_all(Painter(), requests):
        assert not isinstance(outcome, Exception)
        assert outcome.provenance is not None
        assert outcome.provenance.options.get("brush") == request.options.brush
        together = load_picture(request.output_image)
        assert_same_pixels(
            paint(request.content_image, checkpoint_path, request.options.brush), together
        )


def test_memory_is_limited() -> None:
    picture = make_picture(400, 300)
    canvas = make_canvas(picture, picture, 100)

    with pytest.raises(DeviceError, match="a limit of at least"):
        carry(canvas, canvas, picture, memory=1)


def test_few_large_prints_wait_to_be_saved(
    checkpoint_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They are painted faster than they are encoded, and would fill the memory."""
    monkeypatch.setattr(budget, "_MOST_BYTES", 2 * 60 * 40 * budget.BYTES_PER_PIXEL)
    requests = []
    for index in range(8):
        make_picture(60, 40).save(tmp_path / f"{index}.png")
        output = tmp_path / f"painted-{index}.png"
        options = RenderingOptions(brush=24, threads=1)
        requests.append(
            PaintingRequest(tmp_path / f"{index}.png", checkpoint_path, output, options)
        )
    saving: set[Path] = set()
    most, lock = [0], threading.Lock()

    def save(picture: Image.Image, path: Path, options: RenderingOptions) -> None:
        with lock:
            saving.add(path)
            most.append(len(saving))
        time.sleep(0.05)
        with lock:
            saving.remove(path)

    with monkeypatch.context() as threads:
        threads.setenv("OMP_NUM_THREADS", "8")
        outcomes = list(paint_all(Painter(), requests, save))

    assert not [outcome for _, outcome in outcomes if isinstance(outcome, Exception)]
    assert max(most) <= 3  # two, and the one that was just painted
