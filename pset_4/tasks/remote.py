"""The source of truth: what the remote holds, after drop-ins were published."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar

import luigi
from luigi.target import FileSystemTarget

from csci_utils.errors import DescribedError

from .. import context
from ..errors import MissingError
from ..names import DEFAULT_IMAGE, DEFAULT_MODEL
from ..storage.inventory import list_drop_ins, list_remote, suggest
from ..storage.remote import check_no_obstacle, target_at
from .local import LocalImage, LocalModel, LocalTask
from .parameters import ImageParameter, ModelFileParameter, on_conflict_parameter, upload_parameter
from .upload import UploadImage, UploadModel, UploadTask


class RemoteTask(luigi.Task):
    """An object in the remote, which requires its drop-in to be published if there is one.

    Without a drop-in it is external: if the object is missing, Luigi reports a missing external
    dependency. It is not a `luigi.ExternalTask`, whose requirements Luigi ignores.
    """

    FURTHER_REMEDY: ClassVar[str] = ""
    """What else helps if it is missing."""

    upload = upload_parameter()
    on_conflict = on_conflict_parameter()

    @abstractmethod
    def drop_in(self) -> LocalTask:
        """Return the drop-in of this name."""

    @abstractmethod
    def publishing(self) -> UploadTask:
        """Return the task that publishes the drop-in."""

    def requires(self) -> Sequence[UploadTask]:
        """Return the upload, if there is something to upload."""
        return [self.publishing()] if self.upload and self.drop_in().complete() else []

    def complete(self) -> bool:
        """Return whether the remote has it, with the drop-in's bytes if there is a drop-in."""
        uploads = self.requires()
        if uploads:
            return all(upload.complete() for upload in uploads)
        return bool(self.output().exists())

    @property
    def run(self) -> Callable[[], None] | None:  # type: ignore[override]
        """Nothing to do after the upload; None, as Luigi marks external tasks, without one."""
        return _do_nothing if self.requires() else None

    def explain_absence(self) -> DescribedError:
        """Return why the remote does not have it, and what to do."""
        path, drop_in = self.output().path, self.drop_in()
        if context.current().settings.is_offline:
            return _explain_absence_offline(path, drop_in)
        try:
            check_no_obstacle(path)
        except MissingError as error:
            return error
        if drop_in.complete():
            remedy = f"run again with --upload to publish {drop_in.output().path}"
            return MissingError("not in the remote, and uploads are off", path=path, remedy=remedy)
        found = context.current()
        places = (lambda: found.remember(list_drop_ins), lambda: found.remember(list_remote))
        remedy = (
            f"{suggest(drop_in.name, *places)}drop it into {drop_in.output().path} and run again"
            f"{self.FURTHER_REMEDY}, or check the name and --remote"
        )
        return MissingError("not in the remote", path=path, remedy=remedy)


def _explain_absence_offline(path: str, drop_in: luigi.ExternalTask) -> MissingError:
    is_altered = os.path.lexists(path)
    state = "altered since it was fetched" if is_altered else "not in the cache"
    drop_in_path = drop_in.output().path
    remedy = f"drop it into {drop_in_path} and run again"
    if drop_in.complete():
        remedy = f"run again with --upload to use {drop_in_path}"
    return MissingError(
        f"{state}, and the remote is not asked",
        path=path,
        remedy=f"{remedy}, or run without --offline",
    )


def _do_nothing() -> None:
    """Do nothing."""


class ContentImage(RemoteTask):
    """An image in the remote."""

    IMAGE_ROOT = context.FromSettings("remote_images")

    image = ImageParameter(default=DEFAULT_IMAGE)

    def drop_in(self) -> LocalImage:
        """Return the image in the uploads folder."""
        return self.clone(LocalImage)

    def publishing(self) -> UploadImage:
        """Return the task that publishes it."""
        return self.clone(UploadImage)

    def output(self) -> FileSystemTarget:
        """Return the image's place in the remote."""
        return target_at(f"{self.IMAGE_ROOT}/{self.image}")


class SavedModel(RemoteTask):
    """A style model in the remote."""

    FURTHER_REMEDY = ", or drop the official models in with python -m pset_4 models fetch"
    MODEL_ROOT = context.FromSettings("remote_models")

    model = ModelFileParameter(default=DEFAULT_MODEL)

    def drop_in(self) -> LocalModel:
        """Return the model in the uploads folder."""
        return self.clone(LocalModel)

    def publishing(self) -> UploadModel:
        """Return the task that publishes it."""
        return self.clone(UploadModel)

    def output(self) -> FileSystemTarget:
        """Return the model's place in the remote."""
        return target_at(f"{self.MODEL_ROOT}/{self.model}")
