"""Drop-ins: files in the uploads folder."""

from __future__ import annotations

import os
from abc import abstractmethod

import luigi
from luigi.target import FileSystemTarget

from csci_utils.errors import DescribedError

from .. import context
from ..errors import MissingError
from ..names import DEFAULT_IMAGE, DEFAULT_MODEL
from ..storage.dropping import find_stand_in
from ..storage.inventory import find_no_drop_in, is_drop_in, list_drop_ins, suggest
from ..storage.remote import target_at
from .parameters import ImageParameter, ModelFileParameter


class LocalTask(luigi.ExternalTask):
    """A file in the uploads folder."""

    @property
    @abstractmethod
    def name(self) -> str:
        """Its name there, with folders."""

    @property
    def root(self) -> str:
        """The folder below which no link is followed."""
        path = find_stand_in(self.name)
        return os.path.dirname(path) if path else context.current().settings.uploads

    def output(self) -> FileSystemTarget:
        """Return the drop-in's place."""
        path = f"{context.current().settings.uploads}/{self.name}"
        return target_at(find_stand_in(self.name) or path)

    def complete(self) -> bool:
        """Return whether a regular file is there."""
        uploads = context.current().settings.uploads
        return find_stand_in(self.name) is not None or is_drop_in(uploads, self.name)

    def explain_absence(self) -> DescribedError:
        """Return why it is not there, and what to do."""
        found = context.current()
        error = find_no_drop_in(found.settings.uploads, self.name)
        if error is None:
            return MissingError("there only now", path=self.output().path, remedy="run again")
        if isinstance(error, MissingError):
            error.remedy = suggest(self.name, lambda: found.remember(list_drop_ins)) + error.remedy
        return error


class LocalImage(LocalTask):
    """An image in the uploads folder."""

    image = ImageParameter(default=DEFAULT_IMAGE)

    @property
    def name(self) -> str:
        """The image's name."""
        return str(self.image)


class LocalModel(LocalTask):
    """A style model in the uploads folder."""

    model = ModelFileParameter(default=DEFAULT_MODEL)

    @property
    def name(self) -> str:
        """The name of the model's file."""
        return str(self.model)
