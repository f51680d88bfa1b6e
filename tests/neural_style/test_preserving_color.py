"""The option `preserve_color`: the painting's luma, and the photograph's chroma."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neural_style import PaintingRequest, RenderingOptions, load, load_picture, paint_file
from neural_style.painting import adjusting
from neural_style.pictures.arrays import Colors
from tests.support.networks.styles import assert_same_pixels, make_picture

WEIGHTS = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601


def luma(colors: Colors) -> np.ndarray:
    return colors @ WEIGHTS


def chroma(colors: Colors) -> np.ndarray:
    return colors - luma(colors)[..., np.newaxis]


@pytest.fixture
def pair() -> tuple[Colors, Colors]:
    """Every kind of color as the painting, and every kind as the photograph."""
    rng = np.random.default_rng(7)
    painted, photograph = rng.integers(0, 256, (2, 200, 200, 3), dtype=np.uint8)
    painted[:20] = photograph[20:40] = 255
    painted[40:60] = photograph[60:80] = 0
    photograph[80:100] = photograph[80:100, :, :1]  # gray
    return painted, photograph


def test_the_painting_gives_the_luma(pair: tuple[Colors, Colors]) -> None:
    mixed = adjusting.recolor(*pair)

    assert np.abs(luma(mixed) - luma(pair[0])).max() <= 0.51  # half a level of rounding


def test_the_photograph_gives_the_hue_and_at_most_its_chroma(pair: tuple[Colors, Colors]) -> None:
    got, wanted = chroma(adjusting.recolor(*pair)), chroma(pair[1])

    share = (got * wanted).sum(-1) / np.maximum((wanted**2).sum(-1), 1)
    assert share.min() >= -0.05 and share.max() <= 1.05
    # No hue but the photograph's: the rest is the rounding of three channels.
    assert np.abs(got - share[..., np.newaxis] * wanted).max() <= 1.1


def test_chroma_is_kept_where_there_is_room_for_it(pair: tuple[Colors, Colors]) -> None:
    painted, photograph = np.full_like(pair[0], 128), pair[1] // 4 + 96

    mixed = adjusting.recolor(painted, photograph)

    assert np.abs(chroma(mixed) - chroma(photograph)).max() <= 1


def test_a_photograph_gives_itself_its_own_colors(pair: tuple[Colors, Colors]) -> None:
    assert (adjusting.recolor(pair[1], pair[1]) == pair[1]).all()


@pytest.mark.parametrize("strength", [None, 0.5])
def test_strips_leave_no_trace(
    strength: float | None, pair: tuple[Colors, Colors], monkeypatch: pytest.MonkeyPatch
) -> None:
    options = RenderingOptions(preserve_color=True, strength=strength)
    whole, in_strips = Image.fromarray(pair[0]), Image.fromarray(pair[0])
    photograph = Image.fromarray(pair[1])

    adjusting.adjust(whole, photograph, options)
    monkeypatch.setattr(adjusting, "_PIXELS_AT_ONCE", 7 * whole.width)
    adjusting.adjust(in_strips, photograph, options)

    assert_same_pixels(in_strips, whole)
    assert not np.array_equal(np.asarray(whole), pair[0])


def test_alpha_stays_and_strength_comes_after_color(checkpoint_path: Path, tmp_path: Path) -> None:
    picture = make_picture()
    picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    picture.save(tmp_path / "picture.png")
    options = RenderingOptions(preserve_color=True, strength=0.5)

    paint_file(
        PaintingRequest(tmp_path / "picture.png", checkpoint_path, tmp_path / "out.png", options)
    )

    painted = load_picture(tmp_path / "out.png")
    assert_same_pixels(painted.getchannel("A"), picture.getchannel("A"))
    colors = np.asarray(picture.convert("RGB"))
    whole = adjusting.recolor(np.asarray(load(checkpoint_path)(picture).convert("RGB")), colors)
    ends = np.array([colors, whole], dtype=float)
    assert np.abs(np.asarray(painted.convert("RGB")) - ends.mean(axis=0)).max() <= 1
