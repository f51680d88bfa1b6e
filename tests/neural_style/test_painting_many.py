"""`paint_all`: many requests, decoded ahead, painted, and saved behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from neural_style import (
    Painter,
    PaintingRequest,
    PaintingResult,
    PictureError,
    RenderingOptions,
    Style,
    StyleError,
    load,
    load_picture,
    paint_all,
    save_picture,
)
from neural_style.backends.engine import EngineStyle
from neural_style.painting import overlapping
from neural_style.painting.budget import MemoryBudget
from neural_style.pictures.arrays import Colors
from neural_style.pictures.io import decode_picture
from tests.support.networks.styles import assert_same_pixels, make_picture

OPTIONS = RenderingOptions(threads=2)


def requests_in(folder: Path, model: Path, sizes: list[tuple[int, int]]) -> list[PaintingRequest]:
    """Write a picture of each size, and return the requests to paint them."""
    requests = []
    for index, size in enumerate(sizes):
        path = folder / f"photo-{index}.png"
        make_picture(*size).rotate(180 * (index % 2)).save(path)
        requests.append(PaintingRequest(path, model, folder / f"painted-{index}.png", OPTIONS))
    return requests


def test_each_picture_is_painted_as_if_it_were_alone(checkpoint_path: Path, tmp_path: Path) -> None:
    sizes = [(16, 12), (20, 20), (16, 12), (16, 12), (9, 7), (20, 20)]
    requests = requests_in(tmp_path, checkpoint_path, sizes)

    outcomes = dict(paint_all(Painter(), requests))

    assert set(outcomes) == set(requests)
    style = load(checkpoint_path)
    for request, result in outcomes.items():
        assert isinstance(result, PaintingResult)
        assert result.provenance is not None
        assert result.provenance.image == request.content_image.name
        assert_same_pixels(
            load_picture(request.output_image), style(load_picture(request.content_image))
        )


def test_small_pictures_of_one_size_are_painted_together(
    checkpoint_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    batches: list[int] = []
    paint_taken = Style.paint_taken

    def record(style: Style, batch: list[Colors]) -> list[Colors]:
        batches.append(len(batch))
        return paint_taken(style, batch)

    monkeypatch.setattr(Style, "paint_taken", record)
    monkeypatch.setattr(overlapping, "count_threads", lambda: 2)
    sizes = [(16, 12), (8, 8), (16, 12), (8, 8), (16, 12)]
    requests = requests_in(tmp_path, checkpoint_path, sizes)

    list(paint_all(Painter(), requests))

    assert batches == [3, 2]


def test_one_bad_picture_fails_alone(checkpoint_path: Path, tmp_path: Path) -> None:
    requests = requests_in(tmp_path, checkpoint_path, [(16, 12)] * 4)
    requests[1].content_image.write_bytes(b"no picture")
    requests[3] = PaintingRequest(requests[3].content_image, tmp_path / "gone.pth", tmp_path / "x")

    outcomes = dict(paint_all(Painter(), requests))

    assert [type(outcomes[request]) for request in requests[:3]] == [
        PaintingResult,
        PictureError,
        PaintingResult,
    ]
    assert isinstance(outcomes[requests[3]], (StyleError, PictureError))
    assert str(requests[1].content_image) in str(outcomes[requests[1]])


def test_pictures_that_fail_together_are_painted_one_by_one(
    checkpoint_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(style: EngineStyle, batch: list[object]) -> None:
        raise MemoryError

    monkeypatch.setattr(EngineStyle, "paint_batch", fail)
    requests = requests_in(tmp_path, checkpoint_path, [(16, 12)] * 3)

    outcomes = dict(paint_all(Painter(), requests))

    assert [type(outcome) for outcome in outcomes.values()] == [PaintingResult] * 3


def test_a_picture_is_decoded_once_for_all_its_styles(
    checkpoint_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decoded: list[bytes] = []

    def record(data: bytes, memory: int | None = None) -> Image.Image:
        decoded.append(data)
        return decode_picture(data, memory)

    monkeypatch.setattr("neural_style.pictures.io.decode_picture", record)
    (first,) = requests_in(tmp_path, checkpoint_path, [(16, 12)])
    options = [RenderingOptions(strength=strength) for strength in (0.2, 0.5, None)]
    requests = [
        PaintingRequest(first.content_image, first.model, tmp_path / f"{i}.png", each)
        for i, each in enumerate(options)
    ]

    outcomes = list(paint_all(Painter(), requests))

    assert len(outcomes) == 3
    assert len(decoded) == 1


def test_an_error_of_saving_is_that_picture_alone(checkpoint_path: Path, tmp_path: Path) -> None:
    requests = requests_in(tmp_path, checkpoint_path, [(16, 12)] * 2)

    def save(picture: Image.Image, path: Path, options: RenderingOptions) -> None:
        if path == requests[0].output_image:
            raise OSError("the disk is full")
        save_picture(picture, path)

    outcomes = dict(paint_all(Painter(), requests, save))

    assert str(outcomes[requests[0]]) == "the disk is full"
    assert isinstance(outcomes[requests[1]], PaintingResult)


def test_requests_are_taken_a_little_ahead_only(checkpoint_path: Path, tmp_path: Path) -> None:
    (request,) = requests_in(tmp_path, checkpoint_path, [(16, 12)])
    taken = 0

    def endless() -> Iterator[PaintingRequest]:
        nonlocal taken
        while True:
            taken += 1
            output = tmp_path / f"{taken}.png"
            yield PaintingRequest(request.content_image, request.model, output, OPTIONS)

    outcomes = paint_all(Painter(), endless())
    next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]

    assert taken < 200
    assert not [each for each in threading.enumerate() if each.name.startswith("picture_")]


def test_large_pictures_wait_for_each_other(
    checkpoint_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("neural_style.painting.budget._MOST_BYTES", 16 * 12 * 16)  # of one
    requests = requests_in(tmp_path, checkpoint_path, [(16, 12)] * 3)

    outcomes = list(paint_all(Painter(), requests))

    assert [type(outcome) for _, outcome in outcomes] == [PaintingResult] * 3


def test_a_budget_lets_one_picture_exceed_it() -> None:
    budget = MemoryBudget()

    assert budget.take(1 << 40)
    assert not budget.take(1)
    budget.give_back(1 << 40)
    assert budget.take(1)
