"""Up: drop-ins are published to the remote."""

from __future__ import annotations

import os
from abc import abstractmethod

from luigi.target import FileSystemTarget

from csci_utils.digest import stream_digest
from csci_utils.errors import AlreadyExistsError, DescribedError
from csci_utils.luigi import CopyTask, copy

from .. import context
from ..errors import ConflictError
from ..names import DEFAULT_IMAGE, DEFAULT_MODEL
from ..runners import current_runner
from ..storage.conflicts import KEEP_REMOTE, REFUSE, REPLACE
from ..storage.offline import record_published
from ..storage.remote import check_no_obstacle, target_at
from .local import LocalImage, LocalModel, LocalTask
from .notes import notify
from .parameters import ImageParameter, ModelFileParameter, on_conflict_parameter
from .snapshot import QUIET_SECONDS, Snapshot, take_snapshot


class UploadTask(CopyTask):
    """Publishes a drop-in that is what its name says.

    It overwrites other bytes only if `on_conflict` says so.
    """

    on_conflict = on_conflict_parameter()

    is_replacement = False
    """Whether `run` replaced other bytes."""

    @abstractmethod
    def requires(self) -> LocalTask:
        """Return the drop-in."""

    @abstractmethod
    def check(self, path: str) -> None:
        """Read a copy of the drop-in as what it claims to be.

        Raises:
            neural_style.NeuralStyleError, RunnerError: It is not.
        """

    @abstractmethod
    def max_bytes(self) -> int:
        """Return the largest size that is accepted."""

    def complete(self) -> bool:
        """Return whether the remote has the drop-in's bytes, or others that are to be kept."""
        if self.is_copied():
            record_published(self.output().path)
            return True
        if self.on_conflict != KEEP_REMOTE or not self.output().exists():
            return False
        self._notify_kept()
        return True

    def run(self) -> None:
        """Copy the drop-in privately, check that copy, and publish it.

        Raises:
            ChangedError: The drop-in is still being written.
            ConflictError: The remote has other bytes under this name.
            MissingError: The remote has something there that is not a file.
        """
        self.copied_digest, self.is_replacement = "", False
        if self.is_copied():
            return
        path, root = self.input().path, self.requires().root
        with take_snapshot(path, self.max_bytes(), True, root) as snapshot:
            try:
                self.check(snapshot.path)
            except DescribedError:
                # Incomplete, perhaps: a program may close a file and go on with it soon after.
                snapshot.wait_until_quiet(QUIET_SECONDS)
                raise
            snapshot.check_unchanged()
            self._publish(snapshot)

    def _publish(self, snapshot: Snapshot) -> None:
        destination = self.output()
        try:
            self.copied_digest = copy(snapshot.target, destination)
            record_published(destination.path)
        except AlreadyExistsError as error:
            if destination.fs.same_bytes(destination.path, snapshot.path):
                return  # somebody published the same bytes just now
            check_no_obstacle(destination.path)
            if self.on_conflict == REFUSE:
                raise self.describe_conflict(snapshot.sha256) from error
            self._settle_conflict(snapshot)

    def describe_conflict(self, sha256: str) -> ConflictError:
        """Return the error about other bytes in the remote.

        Args:
            sha256: The SHA-256 of the drop-in.
        """
        with self.output().open("r") as file:
            theirs = stream_digest(file)
        return ConflictError(
            f"conflict: the drop-in (SHA-256 {sha256}) differs from "
            f"{self.output().path} (SHA-256 {theirs})",
            path=self.input().path,
            remedy=f"rename the drop-in, or run again with --on-conflict {KEEP_REMOTE} or "
            f"--on-conflict {REPLACE}",
        )

    def _settle_conflict(self, snapshot: Snapshot) -> None:
        if self.on_conflict == KEEP_REMOTE:
            self._notify_kept()
            return
        destination = target_at(self.output().path, keep_earlier=True)
        self.copied_digest = copy(snapshot.target, destination)
        record_published(destination.path)
        self.is_replacement = True

    def _notify_kept(self) -> None:
        notify(self, f"kept {self.output().path}; the drop-in {self.input().path} differs")


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
        """Decode it; of a large file check the structure alone, and leave the rest to painting."""
        from neural_style.pictures import checking

        if os.path.getsize(path) > checking.LARGE_BYTES:
            checking.check_structure(path)
        else:
            current_runner().check_image(path)

    def max_bytes(self) -> int:
        """Return the largest size of an image that is read."""
        from neural_style.pictures.io import MAX_PICTURE_BYTES

        return MAX_PICTURE_BYTES


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

    def max_bytes(self) -> int:
        """Return the largest size of a model that is read."""
        from neural_style.formats.model_file import MAX_STYLE_BYTES

        return MAX_STYLE_BYTES
