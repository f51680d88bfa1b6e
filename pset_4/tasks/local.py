"""Drop-ins: files in the uploads folder."""

from __future__ import annotations

import os

import luigi

from csci_utils.errors import DescribedError

from .. import context
from ..errors import MissingError
from ..storage.dropping import find_stand_in
from ..storage.inventory import find_no_drop_in, is_drop_in, list_drop_ins, suggest
from .batch import BatchTask
from .parameters import ImageFiles, ModelFile


class LocalTask(BatchTask, luigi.ExternalTask):
    """A file in the uploads folder."""

    def root_of(self, name: str) -> str:
        """Return the folder below which no link is followed."""
        path = find_stand_in(name)
        return os.path.dirname(path) if path else context.current().settings.uploads

    def path_of(self, name: str) -> str:
        """Return the path of a drop-in."""
        return find_stand_in(name) or f"{context.current().settings.uploads}/{name}"

    def is_done(self, name: str) -> bool:
        """Return whether a regular file is there."""
        uploads = context.current().settings.uploads
        return find_stand_in(name) is not None or is_drop_in(uploads, name)

    def explain(self, name: str) -> DescribedError:
        """Return why a file is not there, and what to do."""
        found = context.current()
        error = find_no_drop_in(found.settings.uploads, name)
        if error is None:
            return MissingError("there only now", path=self.path_of(name), remedy="run again")
        if isinstance(error, MissingError):
            error.remedy = suggest(name, lambda: found.remember(list_drop_ins)) + error.remedy
        return error


class LocalImage(ImageFiles, LocalTask):
    """An image in the uploads folder."""


class LocalModel(ModelFile, LocalTask):
    """A style model in the uploads folder."""
