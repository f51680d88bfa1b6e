"""Up: drop-ins are published to the remote."""

from __future__ import annotations

from abc import abstractmethod

from luigi.target import FileSystemTarget

from csci_utils.digest import file_digest, stream_digest
from csci_utils.errors import AlreadyExistsError
from csci_utils.luigi import CopyTask

from .. import context
from ..errors import ConflictError
from ..names import DEFAULT_IMAGE, DEFAULT_MODEL
from ..remote import check_no_obstacle, target_at
from ..runners import current_runner
from .local import LocalImage, LocalModel
from .parameters import ImageParameter, ModelFileParameter


class UploadTask(CopyTask):
    """Publishes a drop-in that is what its name says, and never overwrites other bytes."""

    @abstractmethod
    def check(self, path: str) -> None:
        """Read the drop-in as what it claims to be.

        Raises:
            neural_style.NeuralStyleError, RunnerError: It is not.
        """

    def run(self) -> None:
        """Check, then copy.

        Raises:
            ConflictError: The remote has other bytes under this name.
            MissingError: The remote has something there that is not a file.
        """
        source, destination = self.input(), self.output()
        self.check(source.path)
        try:
            super().run()
        except AlreadyExistsError as error:
            if self.complete():
                return  # somebody published the same bytes just now
            check_no_obstacle(destination.path)
            raise _describe_conflict(source, destination) from error


class UploadImage(UploadTask):
    """Publishes an image."""

    IMAGE_ROOT = context.FromSettings("remote_images")

    image = ImageParameter(default=DEFAULT_IMAGE)

    def requires(self) -> LocalImage:
        """Return the drop-in."""
        return self.clone(LocalImage)

    def output(self) -> FileSystemTarget:
        """Return its place in the remote, which is written only if nothing is there."""
        return target_at(f"{self.IMAGE_ROOT}/{self.image}", create_only=True)

    def check(self, path: str) -> None:
        """Decode it."""
        current_runner().check_image(path)


class UploadModel(UploadTask):
    """Publishes a style model."""

    MODEL_ROOT = context.FromSettings("remote_models")

    model = ModelFileParameter(default=DEFAULT_MODEL)

    def requires(self) -> LocalModel:
        """Return the drop-in."""
        return self.clone(LocalModel)

    def output(self) -> FileSystemTarget:
        """Return its place in the remote, which is written only if nothing is there."""
        return target_at(f"{self.MODEL_ROOT}/{self.model}", create_only=True)

    def check(self, path: str) -> None:
        """Load it."""
        current_runner().inspect(path)


def _describe_conflict(source: FileSystemTarget, destination: FileSystemTarget) -> ConflictError:
    with destination.open("r") as file:
        theirs = stream_digest(file)
    return ConflictError(
        f"conflict: the drop-in (SHA-256 {file_digest(source.path)}) differs from "
        f"{destination.path} (SHA-256 {theirs})",
        path=source.path,
        remedy="rename the drop-in, or take it away to use the remote's",
    )
