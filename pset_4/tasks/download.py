"""Down: from the remote to the cache of this machine."""

from abc import abstractmethod
from typing import ClassVar

from luigi.target import FileSystemTarget

from csci_utils.digest import file_digest
from csci_utils.errors import ChangedError
from csci_utils.luigi.copying import CopyTask

from ..errors import SettingsError
from ..names import DEFAULT_IMAGE, DEFAULT_MODEL
from ..records import Origin, read_origin, write_origin
from ..remote import target_at
from ..settings import IMAGES, MODELS, FromSettings
from .parameters import ImageParameter, ModelFileParameter, upload_parameter
from .remote import ContentImage, RemoteTask, SavedModel


class DownloadTask(CopyTask):
    """Copies what the remote holds to the same relative path of the data folder."""

    S3_ROOT = FromSettings(lambda settings: settings.remote)
    LOCAL_ROOT = FromSettings(lambda settings: settings.data)
    SHARED_RELATIVE_PATH: ClassVar[str]

    upload = upload_parameter()

    @abstractmethod
    def requires(self) -> RemoteTask:
        """What the remote holds."""

    def output(self) -> FileSystemTarget:
        remote_path = self.input().path
        shared_folder = f"{self.S3_ROOT}/{self.SHARED_RELATIVE_PATH}/"
        if not remote_path.startswith(shared_folder):
            raise SettingsError(
                f"{remote_path} does not lie in {shared_folder}: a subclass that fixes a root of "
                "its own has to fix S3_ROOT and SHARED_RELATIVE_PATH, too"
            )
        name = remote_path.removeprefix(shared_folder)
        return target_at(f"{self.LOCAL_ROOT}/{self.SHARED_RELATIVE_PATH}/{name}")

    def origin(self) -> Origin:
        """The version of the object that is in the remote now."""
        remote = self.input()
        return {"version": remote.fs.version(remote.path)}

    def complete(self) -> bool:
        """Whether the cached file is what the remote holds now."""
        return self.requires().complete() and read_origin(self.output().path) == self.origin()

    def run(self) -> None:
        """Copy, and write down which version was copied.

        Raises:
            ChangedError: the object was replaced meanwhile.
        """
        origin = self.origin()
        super().run()
        if self.origin() != origin:
            raise ChangedError(
                f"{self.input().path} was replaced while it was being fetched: run again"
            )
        path = self.output().path
        write_origin(path, origin, self.copied_digest or file_digest(path))


class DownloadImage(DownloadTask):
    """Fetches a picture."""

    SHARED_RELATIVE_PATH = IMAGES

    image = ImageParameter(default=DEFAULT_IMAGE)

    def requires(self) -> ContentImage:
        return self.clone(ContentImage)


class DownloadModel(DownloadTask):
    """Fetches a style model."""

    SHARED_RELATIVE_PATH = MODELS

    model = ModelFileParameter(default=DEFAULT_MODEL)

    def requires(self) -> SavedModel:
        return self.clone(SavedModel)
