"""The source of truth: what the remote holds, after drop-ins were published."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property

from csci_utils.errors import DescribedError

from .. import context
from ..errors import MissingError
from ..storage.inventory import list_drop_ins, list_remote, suggest
from ..storage.remote import check_no_obstacle, file_system_of
from .batch import BatchTask
from .local import LocalTask
from .parameters import (
    ImageFiles,
    ModelFile,
    join_images,
    on_conflict_parameter,
    upload_parameter,
)
from .upload import UploadImage, UploadModel, UploadTask


class RemoteTask(BatchTask):
    """Objects in the remote, which require their drop-ins to be published if there are any.

    Without a drop-in it is external: if an object is missing, Luigi reports a missing external
    dependency. It is not a `luigi.ExternalTask`, whose requirements Luigi ignores.
    """

    upload = upload_parameter()
    on_conflict = on_conflict_parameter()

    @abstractmethod
    def publishing(self, names: Sequence[str]) -> UploadTask:
        """Return the task that publishes drop-ins."""

    @cached_property
    def uploads(self) -> UploadTask:
        """The task that publishes the drop-ins of all of the names."""
        return self.publishing(self.names)

    @property
    def drop_ins(self) -> LocalTask:
        """The task of the drop-ins."""
        return self.uploads.drop_ins

    @property
    def further_remedy(self) -> str:
        """What else helps if an object is missing."""
        return ""

    def requires(self) -> Sequence[UploadTask]:
        """Return the upload, if there is something to upload."""
        dropped = list(filter(self.has_upload, self.names))
        return [self.publishing(dropped)] if dropped else []

    def has_upload(self, name: str) -> bool:
        """Return whether there is a drop-in, which is published first."""
        return bool(self.upload) and self.drop_ins.is_done(name)

    def is_done(self, name: str) -> bool:
        """Return whether the remote has it, with the drop-in's bytes if there is a drop-in."""
        if self.has_upload(name):
            return self.uploads.is_done(name)
        path = self.path_of(name)
        return bool(file_system_of(path).exists(path))

    @property
    def run(self) -> Callable[[], None] | None:  # type: ignore[override]
        """Check the objects after an upload; without one None, as Luigi marks external tasks."""
        return self._look if self.requires() else None

    def _look(self) -> None:
        """Raise an error for each object that has no drop-in, and is missing."""
        self.raise_errors({name: self.explain(name) for name in self.list_missing()})

    def explain(self, name: str) -> DescribedError:
        """Return why the remote does not have an object, and what to do."""
        path, drop_in = self.path_of(name), self.drop_ins.path_of(name)
        has_drop_in = self.drop_ins.is_done(name)
        if context.current().settings.is_offline:
            return _explain_absence_offline(path, drop_in, has_drop_in)
        try:
            check_no_obstacle(path)
        except MissingError as error:
            return error
        if has_drop_in:
            remedy = f"run again with --upload to publish {drop_in}"
            return MissingError("not in the remote, and uploads are off", path=path, remedy=remedy)
        found = context.current()
        places = (lambda: found.remember(list_drop_ins), lambda: found.remember(list_remote))
        remedy = (
            f"{suggest(name, *places)}drop it into {drop_in} and run again"
            f"{self.further_remedy}, or check the name and --remote"
        )
        return MissingError("not in the remote", path=path, remedy=remedy)


def _explain_absence_offline(path: str, drop_in: str, has_drop_in: bool) -> MissingError:
    is_altered = os.path.lexists(path)
    state = "altered since it was fetched" if is_altered else "not in the cache"
    remedy = f"drop it into {drop_in} and run again"
    if has_drop_in:
        remedy = f"run again with --upload to use {drop_in}"
    return MissingError(
        f"{state}, and the remote is not asked",
        path=path,
        remedy=f"{remedy}, or run without --offline",
    )


class ContentImage(ImageFiles, RemoteTask):
    """An image in the remote."""

    IMAGE_ROOT = context.FromSettings("remote_images")

    def publishing(self, names: Sequence[str]) -> UploadImage:
        """Return the task that publishes drop-ins."""
        return self.clone(UploadImage, image=join_images(names))

    def path_of(self, name: str) -> str:
        """Return an image's path or URL in the remote."""
        return f"{self.IMAGE_ROOT}/{name}"


class SavedModel(ModelFile, RemoteTask):
    """A style model in the remote."""

    MODEL_ROOT = context.FromSettings("remote_models")

    def publishing(self, names: Sequence[str]) -> UploadModel:
        """Return the task that publishes the drop-in."""
        return self.clone(UploadModel)

    @property
    def further_remedy(self) -> str:
        """Name the command that drops the official models in."""
        return f", or drop the official models in with {context.command('models fetch')}"

    def path_of(self, name: str) -> str:
        """Return the model's path or URL in the remote."""
        return f"{self.MODEL_ROOT}/{name}"
