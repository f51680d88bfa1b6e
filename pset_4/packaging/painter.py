"""The code of a packaged model: what MLflow loads and calls. Each package carries a copy.

Input: a table with the columns ``picture`` (the bytes of a picture file) and ``suffix`` (of the
format to answer in, such as ``.png``). Optional are ``image_name`` and ``model_name``, for the
painting's metadata, and one column for each of `neural_style.options.OPTIONS`. Output: a table with
the column ``picture``, the bytes of the painted pictures' files.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel, PythonModelContext

import neural_style
from csci_utils.atomic import scratch_folder
from csci_utils.errors import DescribedError
from neural_style.command_line.reporting import REPORT_VARIABLE, make_reporter
from neural_style.options import OPTIONS, RenderingOptions


class Painter(PythonModel):  # type: ignore[misc]  # MLflow's types count as Any
    """Paints a batch of pictures in the style that lies beside it in the package."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the style, once for all batches."""
        self._reporter = make_reporter(os.environ.get(REPORT_VARIABLE) == "json")
        self._model_path = Path(context.artifacts["style"])
        self._painter = neural_style.Painter(self._reporter.notify)
        self._painter.load_style(self._model_path, RenderingOptions())

    # Of type hints MLflow makes a schema, except of a table's, and warns where there is none.
    def predict(
        self,
        context: PythonModelContext,
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Paint each row of the input."""
        painted = [self._paint(row.dropna().to_dict()) for _, row in model_input.iterrows()]
        return pd.DataFrame({"picture": painted})

    def _paint(self, row: Mapping[str, Any]) -> bytes:
        with scratch_folder() as folder:
            image_path = Path(folder, "picture")
            output_path = Path(folder, f"painted{_check_suffix(row.get('suffix', ''))}")
            image_path.write_bytes(row["picture"])
            options = _read_options(row)
            names = [row.get(column, "") for column in ("image_name", "model_name")]
            request = neural_style.PaintingRequest(
                image_path, self._model_path, output_path, options, *names
            )
            try:
                result = self._painter.paint(request, self._reporter.progress)
            except DescribedError as error:
                if error.path in (str(image_path), str(output_path)):
                    error.path = None  # the caller knows the picture by another name
                self._reporter.fail(error)
                raise
            self._reporter.finish([], **result.to_json())
            return output_path.read_bytes()


def _check_suffix(suffix: str) -> str:
    if suffix.lower() in neural_style.PICTURE_SUFFIXES:
        return suffix
    known = " ".join(sorted(neural_style.PICTURE_SUFFIXES))
    raise neural_style.PictureError(
        f"expected the suffix of an image, got {suffix!r}", remedy=f"use one of {known}"
    )


def _read_options(row: Mapping[str, Any]) -> RenderingOptions:
    """Return the options of a row, whose whole numbers pandas may have turned into floats."""
    columns = {option.column: option for option in OPTIONS}
    return RenderingOptions(
        **{
            columns[name].name: columns[name].kind.type(row[name])
            for name in columns
            if name in row
        }
    )


set_model(Painter())
