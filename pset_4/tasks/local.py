"""What people dropped in."""

import luigi
from luigi.target import FileSystemTarget

from .. import settings
from ..inventory import is_drop_in
from ..names import DEFAULT_IMAGE, DEFAULT_MODEL
from ..remote import target_at
from .parameters import ImageParameter, ModelFileParameter


class LocalImage(luigi.ExternalTask):
    """A picture in the uploads folder."""

    image = ImageParameter(default=DEFAULT_IMAGE)

    def output(self) -> FileSystemTarget:
        return target_at(f"{settings.current().uploads}/{self.image}")

    def complete(self) -> bool:
        return is_drop_in(self.output().path)


class LocalModel(luigi.ExternalTask):
    """A style model in the uploads folder."""

    model = ModelFileParameter(default=DEFAULT_MODEL)

    def output(self) -> FileSystemTarget:
        return target_at(f"{settings.current().uploads}/{self.model}")

    def complete(self) -> bool:
        return is_drop_in(self.output().path)
