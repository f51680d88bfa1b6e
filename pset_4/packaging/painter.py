"""The code of a packaged model: what MLflow loads and calls. Each package carries a copy.

Input: a table with the columns ``picture`` (the bytes of a picture file) and ``suffix`` (of the
format to answer in, such as ``.png``). Optional are ``image_name`` and ``model_name``, for the
painting's metadata, and one column for each of `neural_style.options.OPTIONS`. In place of
``style`` there may be ``mixture``, numbers with their shares. ``blend`` is a JSON list of styles:
for each its ``number``, its ``share``, and ``data`` and ``suffix`` of its file in base64, unless it
is the packaged one. Output: a table with the column ``picture``, the bytes of the painted pictures'
files.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel, PythonModelContext

import neural_style
from csci_utils.atomic import scratch_folder
from csci_utils.errors import DescribedError
from neural_style import PICTURE_SUFFIXES, STYLE_SUFFIXES
from neural_style.command_line.reporting import REPORT_VARIABLE, make_reporter
from neural_style.mixing.names import Ingredient, Mixture
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
            image_name, model_name = (row.get(f"{kind}_name", "") for kind in ("image", "model"))
            files = image_path, self._model_path, output_path
            request = neural_style.PaintingRequest(
                *files, options, image_name, model_name, self._unpack(row, folder)
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

    def _unpack(self, row: Mapping[str, Any], folder: str) -> Mixture | None:
        """Write the files of the styles that are blended, and return these."""
        if not row.get("blend"):
            return None
        ingredients = []
        for position, part in enumerate(json.loads(row["blend"])):
            path = self._model_path
            if "data" in part:
                path = Path(folder, f"{position}{_check_suffix(part['suffix'], STYLE_SUFFIXES)}")
                path.write_bytes(base64.b64decode(part["data"]))
            ingredients.append(Ingredient(str(path), part["number"], float(part["share"])))
        return Mixture(tuple(ingredients))


def _check_suffix(suffix: str, known: Collection[str] = PICTURE_SUFFIXES) -> str:
    if suffix.lower() in known:
        return suffix
    kind = "an image" if known is PICTURE_SUFFIXES else "a style"
    raise neural_style.PictureError(
        f"expected the suffix of {kind}, got {suffix!r}",
        remedy=f"use one of {' '.join(sorted(known))}",
    )


def _read_options(row: Mapping[str, Any]) -> RenderingOptions:
    """Return the options of a row, whose whole numbers pandas may have turned into floats."""
    values = {o.name: o.kind.type(row[o.column]) for o in OPTIONS if o.column in row}
    if row.get("mixture"):
        values["number"] = row["mixture"]
    return RenderingOptions(**values)


set_model(Painter())
