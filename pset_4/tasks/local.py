"""Drop-ins: files in the uploads folder."""

from __future__ import annotations

import luigi
from luigi.target import FileSystemTarget

from csci_utils.errors import DescribedError

from .. import context
from ..names import DEFAULT_IMAGE, DEFAULT_MODEL
from ..storage.inventory import describe_no_drop_in, is_drop_in
from ..storage.remote import target_at
from .parameters import ImageParameter, ModelFileParameter


class LocalImage(luigi.ExternalTask):
    """An image in the uploads folder."""

    image = ImageParameter(default=DEFAULT_IMAGE)

    def output(self) -> FileSystemTarget:
        """Return the drop-in's place."""
        return target_at(f"{context.current().settings.uploads}/{self.image}")

    def complete(self) -> bool:
        """Return whether a regular file is there."""
        return is_drop_in(self.output().path)

    def explain_absence(self) -> DescribedError:
        """Return why it is not there, and what to do."""
        return describe_no_drop_in(self.output().path)


class LocalModel(luigi.ExternalTask):
    """A style model in the uploads folder."""

    model = ModelFileParameter(default=DEFAULT_MODEL)

    def output(self) -> FileSystemTarget:
        """Return the drop-in's place."""
        return target_at(f"{context.current().settings.uploads}/{self.model}")

    def complete(self) -> bool:
        """Return whether a regular file is there."""
        return is_drop_in(self.output().path)

    def explain_absence(self) -> DescribedError:
        """Return why it is not there, and what to do."""
        return describe_no_drop_in(self.output().path)
