"""`Painter`: what it keeps from one request to the next, and what its errors name."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from neural_style import (
    DeviceError,
    NeuralStyleError,
    Painter,
    PaintingRequest,
    PictureError,
    RenderingOptions,
    Style,
    StyleError,
    load,
    load_picture,
)
from neural_style.backends.base import FloatStyle
from neural_style.backends.loading import StyleFile
from neural_style.backends.loading import load_style as load_style_file
from neural_style.painting import painter as painting
from neural_style.painting.painter import MAX_LIGHT_STYLES
from neural_style.pictures.arrays import Pixels
from neural_style.pictures.io import decode_picture
from tests.support.networks.styles import assert_same_pixels, files_in, make_picture, make_state

RequestTo = Callable[..., PaintingRequest]


class HeavyStyle(FloatStyle):
    """A style that holds more than its weights between two paintings."""

    def paint_pixels(self, pixels: Pixels) -> Pixels:
        return pixels


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The contents of all picture files that were decoded."""
    contents: list[bytes] = []

    def record(data: bytes, memory: int | None = None) -> Image.Image:
        contents.append(data)
        return decode_picture(data, memory)

    monkeypatch.setattr(painting, "decode_picture", record)
    return contents


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The paths of all styles that were loaded; those of `*.onnx` are heavy."""
    paths: list[Path] = []

    def record(file: StyleFile, *arguments: object) -> Style:
        paths.append(file.path)
        if file.suffix == ".onnx":
            return HeavyStyle(file.path)
        return load_style_file(file, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(painting, "load_style", record)
    return paths


@pytest.fixture
def style_paths(tmp_path: Path) -> list[Path]:
    """One style more than a painter keeps, each with other weights."""
    torch = pytest.importorskip("torch")
    paths = [tmp_path / f"style-{index}.pth" for index in range(MAX_LIGHT_STYLES + 1)]
    for index, path in enumerate(paths):
        state = make_state()
        state["deconv3.conv2d.bias"] += index
        torch.save(state, path)
    return paths


@pytest.fixture
def request_to(picture_path: Path, checkpoint_path: Path, tmp_path: Path) -> RequestTo:
    """Makes a request of the small picture and style, unless others are given."""

    def make(
        output_name: str = "painted.png",
        content_image: Path = picture_path,
        model: Path = checkpoint_path,
        options: RenderingOptions | None = None,
    ) -> PaintingRequest:
        options = options or RenderingOptions()
        return PaintingRequest(content_image, model, tmp_path / output_name, options)

    return make


# The result


def test_a_request_is_painted(
    request_to: RequestTo, picture_path: Path, checkpoint_path: Path, tmp_path: Path
) -> None:
    result = Painter().paint(request_to())

    assert not result.has_more_frames
    expected = load(checkpoint_path)(load_picture(picture_path))
    assert_same_pixels(load_picture(tmp_path / "painted.png"), expected)


def test_the_options_of_a_request_count(
    request_to: RequestTo, many_styles_path: Path, tmp_path: Path
) -> None:
    pytest.importorskip("openvino")
    painter = Painter()

    for number in (0, 7):
        options = RenderingOptions(number=number, max_side=20)
        painter.paint(request_to(f"{number}.png", model=many_styles_path, options=options))

    first, second = (load_picture(tmp_path / f"{number}.png") for number in (0, 7))
    assert first.size == second.size == (20, 12)
    assert first != second


def test_further_frames_are_found_each_time(request_to: RequestTo, tmp_path: Path) -> None:
    path = tmp_path / "moving.gif"
    make_picture().save(path, save_all=True, append_images=[Image.new("RGB", (37, 23))])
    painter = Painter()

    results = [painter.paint(request_to(content_image=path)) for _ in range(2)]

    assert [result.has_more_frames for result in results] == [True, True]


def test_a_kept_painter_paints_as_a_new_one_does(
    request_to: RequestTo, style_paths: list[Path], tmp_path: Path
) -> None:
    painter = Painter()

    for model in style_paths[:2] * 2:
        painter.paint(request_to("kept.png", model=model))
        Painter(keeps=False).paint(request_to("new.png", model=model))
        assert load_picture(tmp_path / "kept.png") == load_picture(tmp_path / "new.png")


# Pictures


def test_a_picture_is_decoded_once_for_all_its_styles(
    request_to: RequestTo, style_paths: list[Path], decoded: list[bytes]
) -> None:
    painter = Painter()

    for model in style_paths[:3]:
        painter.paint(request_to(model=model))

    assert len(decoded) == 1


def test_a_changed_picture_is_decoded_again_in_spite_of_its_time(
    request_to: RequestTo,
    picture_path: Path,
    decoded: list[bytes],
    tmp_path: Path,
) -> None:
    painter = Painter()
    painter.paint(request_to())
    status = picture_path.stat()

    make_picture(40, 30).save(picture_path)
    os.utime(picture_path, ns=(status.st_atime_ns, status.st_mtime_ns))
    painter.paint(request_to())

    assert len(decoded) == 2
    assert load_picture(tmp_path / "painted.png").size == (40, 30)


def test_a_copy_of_a_picture_is_not_decoded_again(
    request_to: RequestTo, picture_path: Path, decoded: list[bytes], tmp_path: Path
) -> None:
    (tmp_path / "copy.png").write_bytes(picture_path.read_bytes())
    painter = Painter()

    painter.paint(request_to())
    painter.paint(request_to(content_image=tmp_path / "copy.png"))

    assert len(decoded) == 1


def test_a_picture_too_large_for_the_memory_is_not_kept(
    request_to: RequestTo, decoded: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(painting, "free_memory", lambda limit: 1000)
    painter = Painter()

    for _ in range(2):
        painter.paint(request_to())

    assert len(decoded) == 2


# Styles


def test_a_style_is_loaded_once(request_to: RequestTo, loaded: list[Path]) -> None:
    painter = Painter()

    for name in ("first.png", "second.png"):
        painter.paint(request_to(name))

    assert len(loaded) == 1


def test_a_changed_style_is_loaded_again_in_spite_of_its_time(
    request_to: RequestTo, style_paths: list[Path], loaded: list[Path]
) -> None:
    path, changed_path, *_ = style_paths
    painter = Painter()
    painter.paint(request_to(model=path))
    status = path.stat()

    path.write_bytes(changed_path.read_bytes())
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    painter.paint(request_to(model=path))

    assert loaded == [path, path]


@pytest.mark.parametrize(
    ("options", "loads"),
    [
        (RenderingOptions(max_side=9, content_scale=2), 1),
        (RenderingOptions(threads=1), 2),
        (RenderingOptions(precision="fast"), 2),
        (RenderingOptions(memory=2**40), 2),
    ],
    ids=["size", "threads", "precision", "memory"],
)
def test_a_style_is_loaded_again_for_options_that_it_depends_on(
    options: RenderingOptions, loads: int, request_to: RequestTo, loaded: list[Path]
) -> None:
    painter = Painter()

    painter.paint(request_to())
    painter.paint(request_to(options=options))

    assert len(loaded) == loads


def test_the_style_that_was_not_used_for_longest_is_dropped(
    request_to: RequestTo, style_paths: list[Path], loaded: list[Path]
) -> None:
    first, second, *_ = style_paths
    painter = Painter()
    for model in style_paths[:-1]:
        painter.paint(request_to(model=model))
    painter.paint(request_to(model=first))
    painter.paint(request_to(model=style_paths[-1]))
    assert loaded == style_paths

    painter.paint(request_to(model=first))
    painter.paint(request_to(model=second))

    assert loaded == [*style_paths, second]


def test_a_heavy_style_is_dropped_when_another_is_loaded(
    request_to: RequestTo, onnx_path: Path, checkpoint_path: Path, loaded: list[Path]
) -> None:
    painter = Painter()

    for model in (onnx_path, onnx_path, checkpoint_path, onnx_path, checkpoint_path):
        painter.paint(request_to(model=model))

    assert loaded == [onnx_path, checkpoint_path, onnx_path]


def test_a_painter_that_keeps_nothing_loads_everything_again(
    request_to: RequestTo, decoded: list[bytes], loaded: list[Path]
) -> None:
    painter = Painter(keeps=False)

    for _ in range(2):
        painter.paint(request_to())

    assert (len(decoded), len(loaded)) == (2, 2)


def test_a_released_painter_loads_everything_again(
    request_to: RequestTo, decoded: list[bytes], loaded: list[Path]
) -> None:
    painter = Painter()
    painter.paint(request_to())

    painter.release()
    painter.paint(request_to())

    assert (len(decoded), len(loaded)) == (2, 2)


# Memory


def test_the_styles_of_a_painter_share_an_arena(style_paths: list[Path]) -> None:
    engine = pytest.importorskip("neural_style.backends.engine", exc_type=ImportError)
    painter, options = Painter(), RenderingOptions()

    first, second = (painter.load_style(path, options) for path in style_paths[:2])

    assert isinstance(first, engine.EngineStyle)
    assert isinstance(second, engine.EngineStyle)
    assert first._arena is second._arena


def test_another_limit_of_memory_gets_another_arena_in_place_of_the_first(
    checkpoint_path: Path,
) -> None:
    engine = pytest.importorskip("neural_style.backends.engine", exc_type=ImportError)
    painter = Painter()
    first = painter.load_style(checkpoint_path, RenderingOptions())
    first(make_picture())

    second = painter.load_style(checkpoint_path, RenderingOptions(memory=2**40))

    assert isinstance(first, engine.EngineStyle)
    assert isinstance(second, engine.EngineStyle)
    assert (first._arena.limit, second._arena.limit) == (None, 2**40)
    assert first._arena._kept is None


def test_notes_go_to_the_callback_of_the_moment(
    request_to: RequestTo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("neural_style.engine._core", exc_type=ImportError)
    first: list[str] = []
    second: list[str] = []
    painter = Painter(first.append)
    painter.load_style(request_to().model, RenderingOptions())
    monkeypatch.setattr("neural_style.backends.arena.free_memory", lambda limit: 0)
    monkeypatch.setattr("neural_style.backends.arena.lies_in_memory", lambda folder: False)

    painter.notify = second.append
    painter.paint(request_to())

    assert first == []
    assert ["a temporary file in" in note for note in second] == [True]


# Errors


def test_a_missing_picture_is_named(request_to: RequestTo, tmp_path: Path) -> None:
    with pytest.raises(PictureError) as caught:
        Painter().paint(request_to(content_image=tmp_path / "missing.png"))

    assert caught.value.path == str(tmp_path / "missing.png")


def test_a_damaged_picture_is_named(request_to: RequestTo, picture_path: Path) -> None:
    picture_path.write_bytes(picture_path.read_bytes()[:100])

    with pytest.raises(PictureError) as caught:
        Painter().paint(request_to())

    assert caught.value.path == str(picture_path)


def test_a_picture_that_memory_cannot_hold_is_named(
    request_to: RequestTo, picture_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> None:
        raise MemoryError("the system refuses")

    monkeypatch.setattr("neural_style.backends.arena._take_memory", refuse)
    monkeypatch.setattr("neural_style.backends.base.to_floats", refuse)

    with pytest.raises(DeviceError) as caught:
        Painter().paint(request_to())

    assert caught.value.path == str(picture_path)
    assert caught.value.remedy == "make the picture smaller (--max-side)"


@pytest.mark.parametrize("content", [None, b"", b"not found"], ids=["missing", "empty", "text"])
def test_a_useless_model_is_named(
    content: bytes | None, request_to: RequestTo, tmp_path: Path
) -> None:
    path = tmp_path / "model.pth"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(StyleError) as caught:
        Painter().paint(request_to(model=path))

    assert caught.value.path == str(path)


def test_a_model_without_the_style_number_is_named(
    request_to: RequestTo, checkpoint_path: Path
) -> None:
    with pytest.raises(StyleError) as caught:
        Painter().paint(request_to(options=RenderingOptions(number=1)))

    assert caught.value.path == str(checkpoint_path)


def test_a_model_that_paints_no_colors_is_named(
    request_to: RequestTo, onnx_path: Path, loaded: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HeavyStyle, "paint_pixels", lambda style, pixels: pixels * float("nan"))

    with pytest.raises(StyleError) as caught:
        Painter().paint(request_to(model=onnx_path))

    assert caught.value.path == str(onnx_path)


@pytest.mark.parametrize("name", ["painted.txt", "missing/painted.png"])
def test_an_impossible_output_is_named(name: str, request_to: RequestTo, tmp_path: Path) -> None:
    with pytest.raises(PictureError) as caught:
        Painter().paint(request_to(name))

    assert caught.value.path == str(tmp_path / name)


def test_a_failed_request_is_followed_by_a_good_one(
    request_to: RequestTo, decoded: list[bytes], tmp_path: Path
) -> None:
    painter = Painter()
    with pytest.raises(NeuralStyleError):
        painter.paint(request_to("missing/painted.png"))

    painter.paint(request_to())

    assert len(decoded) == 1
    assert load_picture(tmp_path / "painted.png").size == (37, 23)


# The way to write


def test_the_output_may_be_written_in_another_way(request_to: RequestTo, tmp_path: Path) -> None:
    written: list[tuple[Image.Image, Path]] = []

    def save(picture: Image.Image, path: Path, options: RenderingOptions) -> None:
        written.append((picture, path))

    Painter().paint(request_to(), save=save)

    ((picture, path),) = written
    assert (picture.size, path) == ((37, 23), tmp_path / "painted.png")
    assert list(files_in(tmp_path)) == ["picture.png"]


def test_progress_is_passed_on(request_to: RequestTo, picture_path: Path) -> None:
    pytest.importorskip("neural_style.engine._core", exc_type=ImportError)
    make_picture(400, 300).save(picture_path)
    events: list[tuple[int, int]] = []

    Painter().paint(request_to(), lambda *event: events.append(event))

    assert events[-1] == (16, 16)
