"""The code of a packaged model, which MLflow loads and calls. Each package carries a copy.

The input is a table. Its columns are ``picture`` (the bytes of an image file) and ``suffix`` (of
the result's format, such as ``.png``). Optional columns are ``style`` (a number),
``content_scale``, ``max_side``, and the arguments ``precision``, ``threads``, ``memory`` (bytes)
and ``device`` of `neural_style.load`. The output is a table with the column ``picture``: the bytes
of the result files.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import lru_cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel, PythonModelContext

import neural_style
from neural_style.options import EXACT
from neural_style.pictures.file_formats import format_for
from neural_style.pictures.io import decode_picture
from neural_style.pictures.resizing import resize


class Painter(PythonModel):  # type: ignore[misc]  # MLflow's types count as Any
    """Paints a batch of images in the style of the package."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the style before the first batch."""
        load = partial(neural_style.load, context.artifacts["style"], tell=_print_note)
        self._load = lru_cache(maxsize=1)(load)
        self._load_for({})

    # Without type hints: MLflow would derive a schema from them, and the package has its own.
    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
        """Paint each row of the input.

        Raises:
            neural_style.PictureError: A row's suffix is not one of an image, its format cannot hold
                the result, or its bytes are not an image.
        """
        painted = [self._paint(row.dropna().to_dict()) for _, row in model_input.iterrows()]
        return pd.DataFrame({"picture": painted})

    def _paint(self, row: dict[str, Any]) -> bytes:
        suffix = row.get("suffix", "")
        if suffix.lower() not in neural_style.PICTURE_SUFFIXES:
            known = " ".join(sorted(neural_style.PICTURE_SUFFIXES))
            raise neural_style.PictureError(
                f"expected the suffix of an image, got {suffix!r}", remedy=f"use one of {known}"
            )
        name = f"painted{suffix}"
        picture = resize(
            decode_picture(row["picture"]), row.get("content_scale"), row.get("max_side")
        )
        format_for(name).check_size(picture.size)
        style = self._load_for(row)
        if "style" in row:
            style = style.with_number(row["style"])
        with TemporaryDirectory() as folder:
            path = Path(folder, name)
            neural_style.save_picture(style(picture), path)
            return path.read_bytes()

    def _load_for(self, row: Mapping[str, Any]) -> neural_style.Style:
        """Return the style, which stays loaded while rows have the same options."""
        return self._load(
            device=row.get("device", "cpu"),
            precision=row.get("precision", EXACT),
            threads=int(row["threads"]) if "threads" in row else None,
            memory=int(row["memory"]) if "memory" in row else None,
        )


def _print_note(note: str) -> None:
    print(f"note: {note}", file=sys.stderr)


set_model(Painter())
