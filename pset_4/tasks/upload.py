"""Up: drop-ins are published to the remote."""

from __future__ import annotations

import os
from abc import abstractmethod
from functools import cached_property

from luigi.target import FileSystemTarget

from csci_utils.errors import AlreadyExistsError, DescribedError
from csci_utils.luigi import CopyTask, LocalFileSystem, copy

from .. import context
from ..errors import ConflictError
from ..runners import current_runner
from ..storage.conflicts import KEEP_REMOTE, REFUSE, REPLACE
from ..storage.offline import record_published
from ..storage.remote import check_no_obstacle, file_system_of, target_at
from .batch import BatchTask
from .events import PUBLISHED, REPLACED, notify, report_made
from .local import LocalImage, LocalModel, LocalTask
from .parameters import ImageFiles, ModelFile, on_conflict_parameter
from .snapshot import QUIET_SECONDS, Snapshot, take_snapshot


class UploadTask(BatchTask, CopyTask):
    """Publishes drop-ins that are what their names say.

    It overwrites other bytes only if `on_conflict` says so.
    """

    VERB = PUBLISHED
    is_transfer = True

    on_conflict = on_conflict_parameter()

    @abstractmethod
    def requires(self) -> LocalTask:
        """Return the drop-ins."""

    @cached_property
    def drop_ins(self) -> LocalTask:
        """The task of the drop-ins."""
        return self.requires()

    def target(self, name: str) -> FileSystemTarget:
        """Return a drop-in's place in the remote, which is written only if nothing is there."""
        return target_at(self.path_of(name), create_only=True)

    @abstractmethod
    def check(self, path: str) -> None:
        """Read a copy of a drop-in as what it claims to be.

        Raises:
            neural_style.NeuralStyleError, RunnerError: It is not.
        """

    def is_done(self, name: str) -> bool:
        """Return whether the remote has the drop-in's bytes, or others that are to be kept."""
        path = self.path_of(name)
        if self._is_copied(name):
            record_published(path)
            return True
        if not self._is_kept(name):
            return False
        self._notify_kept(name)
        return True

    def _is_kept(self, name: str) -> bool:
        """Return whether the remote has something under this name, which is to be kept."""
        path = self.path_of(name)
        return self.on_conflict == KEEP_REMOTE and bool(file_system_of(path).exists(path))

    def _is_copied(self, name: str) -> bool:
        """Return whether the remote has the drop-in's bytes, or the drop-in is gone."""
        path, drop_in = self.path_of(name), self.drop_ins.path_of(name)
        remote = file_system_of(path)
        if not LocalFileSystem().exists(drop_in):
            return bool(remote.exists(path))
        return bool(remote.same_bytes(path, drop_in))

    def run(self) -> None:
        """Publish each drop-in."""
        self.do_each(self.publish)

    def publish(self, name: str) -> None:
        """Copy a drop-in privately, check that copy, and publish it.

        Raises:
            ChangedError: The drop-in is still being written.
            ConflictError: The remote has other bytes under this name.
            MissingError: The remote has something there that is not a file.
        """
        if self._is_copied(name) or self._is_kept(name):  # others of the task may not be
            return
        path, root = self.drop_ins.path_of(name), self.drop_ins.root_of(name)
        with take_snapshot(path, self.max_bytes(), waits=True, root=root) as snapshot:
            try:
                self.check(snapshot.path)
            except DescribedError:
                # Incomplete, perhaps: a program may close a file and go on with it soon after.
                snapshot.wait_until_quiet(QUIET_SECONDS)
                raise
            snapshot.check_unchanged()
            self._publish(name, snapshot)

    def _publish(self, name: str, snapshot: Snapshot) -> None:
        destination = self.target(name)
        try:
            copy(snapshot.target, destination)
        except AlreadyExistsError as error:
            if destination.fs.same_bytes(destination.path, snapshot.path):
                return  # somebody published the same bytes just now
            check_no_obstacle(destination.path)
            if self.on_conflict == REFUSE:
                raise self.describe_conflict(name, snapshot.sha256) from error
            if self.on_conflict == KEEP_REMOTE:
                self._notify_kept(name)
                return
            copy(snapshot.target, target_at(destination.path, keep_earlier=True))
            self._report(name, REPLACED)
        else:
            self._report(name)

    def _report(self, name: str, verb: str | None = None) -> None:
        record_published(self.path_of(name))
        report_made(self, name, verb)

    def describe_conflict(self, name: str, sha256: str) -> ConflictError:
        """Return the error about other bytes in the remote.

        Args:
            name: The drop-in's name.
            sha256: The SHA-256 of the drop-in.
        """
        path = self.path_of(name)
        theirs = file_system_of(path).sha256(path)
        return ConflictError(
            f"conflict: the drop-in (SHA-256 {sha256}) differs from {path} (SHA-256 {theirs})",
            path=self.drop_ins.path_of(name),
            remedy=f"rename the drop-in, or run again with --on-conflict {KEEP_REMOTE} or "
            f"--on-conflict {REPLACE}",
        )

    def _notify_kept(self, name: str) -> None:
        notify(
            self, f"kept {self.path_of(name)}; the drop-in {self.drop_ins.path_of(name)} differs"
        )


class UploadImage(ImageFiles, UploadTask):
    """Publishes an image."""

    IMAGE_ROOT = context.FromSettings("remote_images")

    def requires(self) -> LocalImage:
        """Return the drop-in."""
        return self.clone(LocalImage)

    def path_of(self, name: str) -> str:
        """Return a drop-in's path or URL in the remote."""
        return f"{self.IMAGE_ROOT}/{name}"

    def check(self, path: str) -> None:
        """Decode it; of a large file check the structure alone, and leave the rest to painting."""
        from neural_style.pictures import checking

        if os.path.getsize(path) > checking.LARGE_BYTES:
            checking.check_structure(path)
        else:
            current_runner().check_image(path)


class UploadModel(ModelFile, UploadTask):
    """Publishes a style model."""

    MODEL_ROOT = context.FromSettings("remote_models")

    def requires(self) -> LocalModel:
        """Return the drop-in."""
        return self.clone(LocalModel)

    def path_of(self, name: str) -> str:
        """Return the drop-in's path or URL in the remote."""
        return f"{self.MODEL_ROOT}/{name}"

    def check(self, path: str) -> None:
        """Load it."""
        current_runner().inspect(path)
