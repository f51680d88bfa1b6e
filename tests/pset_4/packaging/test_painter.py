"""What the code in a package refuses to paint."""

from __future__ import annotations

import warnings
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING
from unittest.mock import Mock

import pandas
import pytest
from PIL import Image

import neural_style
from tests.support.files.pictures import encode

if TYPE_CHECKING:
    from pset_4.packaging.painter import Painter


@pytest.fixture
def painter(mlflow: ModuleType, model: bytes, tmp_path: Path) -> Painter:
    """The painter of a package."""
    with warnings.catch_warnings(record=True):  # about type hints, which the schema replaces
        from pset_4.packaging.painter import Painter
    (tmp_path / "model.pth").write_bytes(model)
    painter = Painter()
    artifacts = {"style": str(tmp_path / "model.pth")}
    painter.load_context(mlflow.pyfunc.PythonModelContext(artifacts, {}))
    return painter


@pytest.mark.parametrize("suffix", ["/../stolen.png", ".exe", ""])
def test_a_suffix_that_is_not_one_of_an_image_is_refused(
    suffix: str, painter: Painter, drawing: bytes
) -> None:
    table = pandas.DataFrame({"picture": [drawing], "suffix": [suffix]})

    with pytest.raises(neural_style.PictureError, match="expected the suffix of an image, got"):
        painter.predict(None, table)


def test_a_result_that_the_format_cannot_hold_is_refused_before_painting(
    painter: Painter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neural_style.Style, "__call__", Mock(side_effect=AssertionError))
    image = encode(Image.new("RGB", (330, 1)), "PNG")
    table = pandas.DataFrame({"picture": [image], "suffix": [".webp"], "content_scale": [0.02]})

    with pytest.raises(neural_style.PictureError, match="at most 16383 px a side for WEBP"):
        painter.predict(None, table)
