"""The source of truth: what the remote holds, after publishing what was dropped in."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import luigi
from luigi.target import FileSystemTarget

from ..errors import MissingError
from ..names import DEFAULT_IMAGE, DEFAULT_MODEL
from ..remote import check_no_obstacle, target_at
from ..settings import FromSettings
from .local import LocalImage, LocalModel
from .parameters import ImageParameter, ModelFileParameter, upload_parameter
from .upload import UploadImage, UploadModel, UploadTask


class RemoteTask(luigi.Task):
    """Something in the remote, which it requires to be published where it is a drop-in.

    Not an ``ExternalTask``, whose ``requires`` Luigi ignores.
    """

    FURTHER_REMEDY: ClassVar[str] = ""
    """What else helps where it is missing, for the message."""

    upload = upload_parameter()

    @abstractmethod
    def drop_in(self) -> luigi.ExternalTask:
        """The drop-in of this name."""

    @abstractmethod
    def publishing(self) -> UploadTask:
        """The task that publishes the drop-in."""

    def requires(self) -> Sequence[UploadTask]:
        """The upload, if there is something to upload; else nothing."""
        return [self.publishing()] if self.upload and self.drop_in().complete() else []

    def complete(self) -> bool:
        """Whether the remote has it, and has the drop-in's bytes where there is a drop-in."""
        uploads = self.requires()
        if uploads:
            return all(upload.complete() for upload in uploads)
        return bool(self.output().exists())

    def run(self) -> None:
        """Nothing that could be done here would help.

        Raises:
            MissingError: the remote does not have it, or has no file there.
        """
        if self.complete():
            return
        missing, drop_in = self.output().path, self.drop_in()
        check_no_obstacle(missing)
        if drop_in.complete():
            raise MissingError(
                f"{missing} is not in the remote, and uploads are off: run again with --upload "
                f"to publish {drop_in.output().path}"
            )
        raise MissingError(
            f"{missing} is not in the remote: drop it into {drop_in.output().path} and run again"
            f"{self.FURTHER_REMEDY}, or check the name and --remote"
        )


class ContentImage(RemoteTask):
    """A picture in the remote."""

    IMAGE_ROOT = FromSettings(lambda settings: settings.remote_images)

    image = ImageParameter(default=DEFAULT_IMAGE)

    def drop_in(self) -> LocalImage:
        return self.clone(LocalImage)

    def publishing(self) -> UploadImage:
        return self.clone(UploadImage)

    def output(self) -> FileSystemTarget:
        return target_at(f"{self.IMAGE_ROOT}/{self.image}")


class SavedModel(RemoteTask):
    """A style model in the remote."""

    FURTHER_REMEDY = ", or drop the official models in with python -m pset_4 models fetch"
    MODEL_ROOT = FromSettings(lambda settings: settings.remote_models)

    model = ModelFileParameter(default=DEFAULT_MODEL)

    def drop_in(self) -> LocalModel:
        return self.clone(LocalModel)

    def publishing(self) -> UploadModel:
        return self.clone(UploadModel)

    def output(self) -> FileSystemTarget:
        return target_at(f"{self.MODEL_ROOT}/{self.model}")
