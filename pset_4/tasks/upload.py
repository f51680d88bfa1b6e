"""Up: what people dropped in goes to the remote."""

from abc import abstractmethod

from luigi.target import FileSystemTarget

from csci_utils.digest import file_digest, stream_digest
from csci_utils.errors import AlreadyExistsError
from csci_utils.luigi.copying import CopyTask

from .. import runners
from ..errors import ConflictError
from ..names import DEFAULT_IMAGE, DEFAULT_MODEL
from ..remote import check_no_obstacle, target_at
from ..settings import FromSettings
from .local import LocalImage, LocalModel
from .parameters import ImageParameter, ModelFileParameter


class UploadTask(CopyTask):
    """Publishes a drop-in that is what its name says, and never overwrites another."""

    @abstractmethod
    def check(self, path: str) -> None:
        """Read the drop-in as what it claims to be.

        Raises:
            neural_style.NeuralStyleError, RunnerError: it is not.
        """

    def run(self) -> None:
        """Check, then copy.

        Raises:
            ConflictError: the remote has other bytes under this name.
            MissingError: the remote has something there that is no file.
        """
        source, destination = self.input(), self.output()
        self.check(source.path)
        try:
            super().run()
        except AlreadyExistsError as error:
            if self.complete():
                return  # somebody published the same bytes just now
            check_no_obstacle(destination.path)
            with destination.open("r") as file:
                theirs = stream_digest(file)
            raise ConflictError(
                f"conflict: the drop-in {source.path} (SHA-256 {file_digest(source.path)}) and "
                f"{destination.path} (SHA-256 {theirs}) differ: rename the drop-in, or take it "
                "away to go on with the remote's"
            ) from error


class UploadImage(UploadTask):
    """Publishes a picture."""

    IMAGE_ROOT = FromSettings(lambda settings: settings.remote_images)

    image = ImageParameter(default=DEFAULT_IMAGE)

    def requires(self) -> LocalImage:
        return self.clone(LocalImage)

    def output(self) -> FileSystemTarget:
        return target_at(f"{self.IMAGE_ROOT}/{self.image}", create_only=True)

    def check(self, path: str) -> None:
        from neural_style import load_picture

        load_picture(path)


class UploadModel(UploadTask):
    """Publishes a style model."""

    MODEL_ROOT = FromSettings(lambda settings: settings.remote_models)

    model = ModelFileParameter(default=DEFAULT_MODEL)

    def requires(self) -> LocalModel:
        return self.clone(LocalModel)

    def output(self) -> FileSystemTarget:
        return target_at(f"{self.MODEL_ROOT}/{self.model}", create_only=True)

    def check(self, path: str) -> None:
        runners.current().inspect(path)
