"""`stylize`, called from Python as in the reference implementation."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from neural_style import NeuralStyleError, load_picture
from neural_style.command_line.reporting import TextReporter
from neural_style.neural_style import stylize


@pytest.mark.parametrize("device", [{}, {"cuda": 0}, {"accel": False}, {"cuda": None}], ids=str)
def test_stylize_takes_the_arguments_of_the_reference(
    device: dict[str, object], picture_path: Path, checkpoint_path: Path, tmp_path: Path
) -> None:
    output_path = tmp_path / "painted.png"
    args = SimpleNamespace(
        content_image=str(picture_path),
        content_scale=None,
        model=str(checkpoint_path),
        output_image=str(output_path),
        **device,
    )

    stylize(args)

    assert load_picture(output_path).size == (37, 23)


def test_stylize_raises_what_the_command_prints(tmp_path: Path, checkpoint_path: Path) -> None:
    args = SimpleNamespace(
        content_image=tmp_path / "missing.png",
        model=checkpoint_path,
        output_image=tmp_path / "painted.png",
    )

    with pytest.raises(NeuralStyleError, match="there is no such file"):
        stylize(args)


def test_stylize_erases_its_progress(
    picture_path: Path, checkpoint_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = Mock()
    monkeypatch.setattr(TextReporter, "close", close)
    args = SimpleNamespace(
        content_image=picture_path, model=checkpoint_path, output_image=tmp_path / "painted.png"
    )

    stylize(args)

    close.assert_called_once_with()
