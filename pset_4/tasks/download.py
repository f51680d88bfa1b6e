"""Down: from the remote to this machine's cache."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from luigi.target import FileSystemTarget

from csci_utils.digest import file_digest
from csci_utils.errors import ChangedError, NothingWrittenError
from csci_utils.luigi import CopyTask

from .. import context
from ..errors import SettingsError
from ..names import DEFAULT_IMAGE, DEFAULT_MODEL
from ..places import IMAGES, MODELS
from ..storage.records import Origin, read_origin, write_origin
from ..storage.remote import target_at
from .parameters import ImageParameter, ModelFileParameter, on_conflict_parameter, upload_parameter
from .remote import ContentImage, RemoteTask, SavedModel


class DownloadTask(CopyTask):
    """Copies what the remote holds to the same relative path of the data folder."""

    S3_ROOT = context.FromSettings("remote")
    LOCAL_ROOT = context.FromSettings("data")
    SHARED_RELATIVE_PATH: ClassVar[str]

    upload = upload_parameter()
    on_conflict = on_conflict_parameter()

    @abstractmethod
    def requires(self) -> RemoteTask:
        """Return the task for the object in the remote."""

    def output(self) -> FileSystemTarget:
        """Return the object's place in the data folder.

        Raises:
            SettingsError: The object is not where `S3_ROOT` says.
        """
        remote_path = self.input().path
        shared_folder = f"{self.S3_ROOT}/{self.SHARED_RELATIVE_PATH}/"
        if not remote_path.startswith(shared_folder):
            raise SettingsError(
                f"not in {shared_folder}",
                path=remote_path,
                remedy="a subclass that overrides a root has to override S3_ROOT and "
                "SHARED_RELATIVE_PATH, too",
            )
        name = remote_path.removeprefix(shared_folder)
        return target_at(f"{self.LOCAL_ROOT}/{self.SHARED_RELATIVE_PATH}/{name}")

    def origin(self) -> Origin:
        """Return what the cached file should be made from: the object's version now."""
        remote = self.input()
        return {"version": remote.fs.version(remote.path)}

    def complete(self) -> bool:
        """Return whether the cached file is what the remote holds now."""
        return self.requires().complete() and read_origin(self.output().path) == self.origin()

    def run(self) -> None:
        """Copy, and record which version was copied.

        Raises:
            ChangedError: The object was replaced meanwhile.
            NothingWrittenError: The object is empty.
            TooLargeError: The object is larger than anything that is read.
        """
        self.copied_digest = ""
        if self.input().path == self.output().path:  # offline, the cache stands for the remote
            return
        origin = self.origin()
        try:
            super().run()
        except NothingWrittenError as error:
            raise NothingWrittenError(
                "the file in the remote is empty",
                path=self.input().path,
                remedy="remove it there, and publish the whole file",
            ) from error
        if self.origin() != origin:
            raise ChangedError(
                "replaced while it was being fetched", path=self.input().path, remedy="run again"
            )
        path = self.output().path
        write_origin(path, origin, self.copied_digest or file_digest(path))


class DownloadImage(DownloadTask):
    """Fetches an image."""

    SHARED_RELATIVE_PATH = IMAGES

    image = ImageParameter(default=DEFAULT_IMAGE)

    def requires(self) -> ContentImage:
        """Return the image in the remote."""
        return self.clone(ContentImage)

    def max_bytes(self) -> int:
        """Return the largest size of an image that is read."""
        from neural_style.pictures.io import MAX_PICTURE_BYTES

        return MAX_PICTURE_BYTES


class DownloadModel(DownloadTask):
    """Fetches a style model."""

    SHARED_RELATIVE_PATH = MODELS

    model = ModelFileParameter(default=DEFAULT_MODEL)

    def requires(self) -> SavedModel:
        """Return the model in the remote."""
        return self.clone(SavedModel)

    def max_bytes(self) -> int:
        """Return the largest size of a model that is read."""
        from neural_style.formats.model_file import MAX_STYLE_BYTES

        return MAX_STYLE_BYTES
