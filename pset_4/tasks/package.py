"""Models packaged for MLflow: published, and fetched for the runner that runs them."""

from __future__ import annotations

from pathlib import Path

import luigi
from luigi.target import FileSystemTarget

from csci_utils.atomic import scratch_folder
from csci_utils.digest import file_digest

from .. import context, packaging
from ..errors import DamagedPackageError, MissingError
from ..names import DEFAULT_MODEL
from ..places import PACKAGES
from ..storage.remote import target_at
from .download import DownloadModel
from .events import FETCHED, PUBLISHED, report_made
from .parameters import ModelFileParameter, on_conflict_parameter

SHOWN_OF_VERSION = 16
"""Digits that distinguish versions of a package; 64 bits of a digest."""


class RemotePackage:
    """The package of a model in the remote."""

    PACKAGE_ROOT = context.FromSettings("remote_packages")

    model = ModelFileParameter(default=DEFAULT_MODEL)

    @property
    def folder(self) -> str:
        """The path or URL of the package."""
        return f"{self.PACKAGE_ROOT}/{self.model}"

    def output(self) -> FileSystemTarget:
        """Return the place of the package's manifest."""
        return target_at(f"{self.folder}/{packaging.MANIFEST}")


class PackageModel(RemotePackage, luigi.Task):
    """Publishes a model as an MLflow model, in place of one with other bytes or other code."""

    VERB = PUBLISHED

    on_conflict = on_conflict_parameter()

    def requires(self) -> DownloadModel:
        """Return the task that fetches the model."""
        return self.clone(DownloadModel)

    def complete(self) -> bool:
        """Return whether the remote has a whole package of these bytes with the current code."""
        if not (self.requires().complete() and self.output().exists()):
            return False
        try:
            manifest = packaging.read_manifest(self.output().path)
        except DamagedPackageError:
            return False
        wanted = file_digest(self.input().path), packaging.digest_code()
        is_current = (manifest.model_digest, manifest.code_digest) == wanted
        return is_current and packaging.is_whole(self.folder, manifest)

    def run(self) -> None:
        """Build the package, and publish it."""
        if self.complete():  # the model had to be fetched to see that
            return
        with scratch_folder() as scratch:
            package_path = packaging.build_package(Path(self.input().path), Path(scratch))
            packaging.publish_package(package_path, self.folder)
        report_made(self, self.model)


class SavedPackage(RemotePackage, luigi.ExternalTask):
    """A package that was published before."""

    def explain_absence(self) -> MissingError:
        """Return why the remote does not have it, and what to do."""
        remedy = f"run {context.command('package --model', self.model)}"
        return MissingError("not in the remote", path=self.output().path, remedy=remedy)


class DownloadPackage(luigi.Task):
    """Fetches a package to a folder of its version, so that one in use is never replaced."""

    LOCAL_ROOT = context.FromSettings("data")
    VERB = FETCHED

    model = ModelFileParameter(default=DEFAULT_MODEL)

    def requires(self) -> SavedPackage:
        """Return the package in the remote."""
        return self.clone(SavedPackage)

    def output(self) -> FileSystemTarget:
        """Return the place of the manifest in the data folder."""
        version = str(self.input().fs.version(self.input().path))[:SHOWN_OF_VERSION]
        return target_at(
            f"{self.LOCAL_ROOT}/{PACKAGES}/{self.model}/{version}/{packaging.MANIFEST}"
        )

    def complete(self) -> bool:
        """Return whether all files of the remote's package are here with their bytes."""
        if not (self.requires().complete() and self.output().exists()):
            return False
        remote, path = self.input(), Path(self.output().path)
        if not remote.fs.same_bytes(remote.path, str(path)):
            return False
        files = packaging.read_manifest(str(path)).files
        return all(packaging.is_intact(path.parent / name, files[name]) for name in files)

    def run(self) -> None:
        """Fetch it."""
        packaging.fetch_package(self.requires().folder, self.output())
        report_made(self, self.model)
