"""Down: from the remote to this machine's cache."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import ClassVar

from csci_utils.digest import file_digest
from csci_utils.errors import NothingWrittenError, check_size
from csci_utils.luigi import CopyTask, transfer

from .. import context
from ..errors import SettingsError
from ..places import IMAGES, MODELS
from ..storage.records import Origin, read_origin, write_origin
from ..storage.remote import file_system_of
from .batch import BatchTask
from .events import FETCHED, report_made
from .parameters import ImageFiles, ModelFile, on_conflict_parameter, upload_parameter
from .remote import ContentImage, RemoteTask, SavedModel


class DownloadTask(BatchTask, CopyTask):
    """Copies what the remote holds to the same relative path of the data folder."""

    S3_ROOT = context.FromSettings("remote")
    LOCAL_ROOT = context.FromSettings("data")
    SHARED_RELATIVE_PATH: ClassVar[str]
    VERB = FETCHED
    is_transfer = True

    upload = upload_parameter()
    on_conflict = on_conflict_parameter()

    @abstractmethod
    def requires(self) -> RemoteTask:
        """Return the task for the objects in the remote."""

    @cached_property
    def content(self) -> RemoteTask:
        """The task for the objects in the remote."""
        return self.requires()

    def path_of(self, name: str) -> str:
        """Return an object's place in the data folder.

        Raises:
            SettingsError: The object is not where `S3_ROOT` says.
        """
        remote_path = self.content.path_of(name)
        shared_folder = f"{self.S3_ROOT}/{self.SHARED_RELATIVE_PATH}/"
        if not remote_path.startswith(shared_folder):
            raise SettingsError(
                f"not in {shared_folder}",
                path=remote_path,
                remedy="a subclass that overrides a root has to override S3_ROOT and "
                "SHARED_RELATIVE_PATH, too",
            )
        shared_name = remote_path.removeprefix(shared_folder)
        return f"{self.LOCAL_ROOT}/{self.SHARED_RELATIVE_PATH}/{shared_name}"

    def origin_of(self, name: str) -> Origin:
        """Return what a cached file should be made from: the object's version now."""
        path = self.content.path_of(name)
        return {"version": file_system_of(path).version(path)}

    def is_done(self, name: str) -> bool:
        """Return whether the cached file is what the remote holds now."""
        return self.content.is_done(name) and self.is_current(name)

    def is_current(self, name: str) -> bool:
        """Return whether the cached file is the object in the remote, whatever is dropped in."""
        path = self.content.path_of(name)
        # To learn the version of a file in a directory remote, all of it is read.
        is_small = (file_system_of(path).size(path) or 0) <= self.max_bytes()
        return is_small and self._is_cached(name)

    def _is_cached(self, name: str) -> bool:
        return read_origin(self.path_of(name)) == self.origin_of(name)

    def run(self) -> None:
        """Fetch each object."""
        self.do_each(self.fetch)

    def fetch(self, name: str) -> None:
        """Copy an object, and record which version was copied.

        Raises:
            NothingWrittenError: The object is empty.
            TooLargeError: The object is larger than anything that is read.
        """
        source, cached = self.content.target(name), self.target(name)
        if source.path == cached.path:  # offline, the cache stands for the remote
            return
        check_size(source.path, source.fs.size(source.path) or 0, self.max_bytes())
        if self._is_cached(name):
            return
        is_there = cached.exists() and source.fs.same_bytes(source.path, cached.path)
        if is_there:
            write_origin(cached.path, self.origin_of(name), file_digest(cached.path))
            return
        try:
            copied = transfer(source, cached, self.max_bytes())
        except NothingWrittenError as error:
            raise NothingWrittenError(
                "the file in the remote is empty",
                path=source.path,
                remedy="remove it there, and publish the whole file",
            ) from error
        write_origin(cached.path, {"version": copied.version}, copied.sha256)
        report_made(self, name)


class DownloadImage(ImageFiles, DownloadTask):
    """Fetches an image."""

    SHARED_RELATIVE_PATH = IMAGES

    def requires(self) -> ContentImage:
        """Return the image in the remote."""
        return self.clone(ContentImage)


class DownloadModel(ModelFile, DownloadTask):
    """Fetches a style model."""

    SHARED_RELATIVE_PATH = MODELS

    def requires(self) -> SavedModel:
        """Return the model in the remote."""
        return self.clone(SavedModel)
