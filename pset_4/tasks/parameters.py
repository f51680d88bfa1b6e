"""What tasks are parametrized by; a name is checked where it comes in."""

import luigi

from neural_style.options import EXACT, PRECISIONS

from .. import names
from ..names import DEFAULT_IMAGE, DEFAULT_MODEL


class ImageParameter(luigi.Parameter):
    """The name of a picture."""

    def normalize(self, value: str) -> str:
        return names.check_image_name(value)


class ModelFileParameter(luigi.Parameter):
    """The name of a model's file."""

    def normalize(self, value: str) -> str:
        return names.check_model_file(value)


class ModelParameter(luigi.Parameter):
    """The name of a model, with a style number where its file holds many: ``many.onnx@7``."""

    def normalize(self, value: str) -> str:
        return str(names.parse_model_name(value))


def upload_parameter() -> luigi.BoolParameter:
    """Whether drop-ins are published first (``--upload true``, ``--upload false``)."""
    return luigi.BoolParameter(default=True, parsing=luigi.BoolParameter.EXPLICIT_PARSING)


class PaintingParameters:
    """What is painted in which style, and how: for a task that paints, or requires one that does.

    ``clone`` passes on what both tasks have, and drops the rest without a word.
    """

    image = ImageParameter(default=DEFAULT_IMAGE)
    model = ModelParameter(default=DEFAULT_MODEL)
    upload = upload_parameter()
    max_side = luigi.OptionalIntParameter(
        default=None, description="shrink the picture first so that no side is longer, in pixels"
    )
    content_scale = luigi.OptionalFloatParameter(
        default=None, description="divide the picture's sides by this first"
    )
    precision = luigi.ChoiceParameter(
        choices=PRECISIONS,
        default=EXACT,
        description="exact: within one level; fast: half precision where what paints has it",
    )
