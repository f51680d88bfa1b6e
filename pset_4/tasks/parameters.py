"""Luigi parameters that check a name where it comes in."""

import luigi

from .. import names


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
