"""Models as MLflow models: packaged and published, and fetched for the runner that runs them."""

import shlex
from pathlib import Path
from tempfile import TemporaryDirectory

import luigi
from luigi.target import FileSystemTarget

from csci_utils.digest import file_digest

from .. import packaging
from ..errors import DamagedPackageError, MissingError
from ..names import DEFAULT_MODEL
from ..remote import target_at
from ..settings import PACKAGES, FromSettings
from .download import DownloadModel
from .parameters import ModelFileParameter

SHOWN_OF_VERSION = 16
"""Digits that tell one version of a package from another; of a digest, 64 bits."""


class PackageModel(luigi.Task):
    """Publishes a model as an MLflow model, in place of one of other bytes or of other code."""

    PACKAGE_ROOT = FromSettings(lambda settings: settings.remote_packages)

    model = ModelFileParameter(default=DEFAULT_MODEL)

    is_made = False
    """Whether `run` made a package; it does not where a model had only to be fetched to see that
    its package is current."""

    def requires(self) -> DownloadModel:
        return self.clone(DownloadModel)

    def output(self) -> FileSystemTarget:
        return target_at(f"{self.PACKAGE_ROOT}/{self.model}/{packaging.MANIFEST}")

    def complete(self) -> bool:
        """Whether the remote has a whole package of the model's bytes, with the code of today."""
        if not (self.requires().complete() and self.output().exists()):
            return False
        try:
            manifest = packaging.read_manifest(self.output().path)
        except DamagedPackageError:
            return False
        wanted = file_digest(self.input().path), packaging.digest_code()
        is_current = (manifest.model_digest, manifest.code_digest) == wanted
        return is_current and packaging.is_whole(f"{self.PACKAGE_ROOT}/{self.model}", manifest)

    def run(self) -> None:
        """Make the package, and publish it."""
        self.is_made = not self.complete()
        if not self.is_made:
            return
        with TemporaryDirectory(prefix="pset_4-") as scratch:
            package_path = packaging.build_package(Path(self.input().path), Path(scratch))
            packaging.publish_package(package_path, f"{self.PACKAGE_ROOT}/{self.model}")


class SavedPackage(luigi.Task):
    """The package of a model in the remote."""

    PACKAGE_ROOT = FromSettings(lambda settings: settings.remote_packages)

    model = ModelFileParameter(default=DEFAULT_MODEL)

    def output(self) -> FileSystemTarget:
        return target_at(f"{self.PACKAGE_ROOT}/{self.model}/{packaging.MANIFEST}")

    def run(self) -> None:
        """Nothing that could be done here would help.

        Raises:
            MissingError: the remote does not have it.
        """
        raise MissingError(
            f"{self.output().path} is not in the remote: run python -m pset_4 package "
            f"--model {shlex.quote(self.model)}"
        )


class DownloadPackage(luigi.Task):
    """Fetches a package, to a folder of its version: one in use is never replaced."""

    LOCAL_ROOT = FromSettings(lambda settings: settings.data)

    model = ModelFileParameter(default=DEFAULT_MODEL)

    def requires(self) -> SavedPackage:
        return self.clone(SavedPackage)

    def output(self) -> FileSystemTarget:
        version = str(self.input().fs.version(self.input().path))[:SHOWN_OF_VERSION]
        return target_at(
            f"{self.LOCAL_ROOT}/{PACKAGES}/{self.model}/{version}/{packaging.MANIFEST}"
        )

    def complete(self) -> bool:
        """Whether all files of the remote's package are here, with its bytes."""
        if not (self.requires().complete() and self.output().exists()):
            return False
        remote, path = self.input(), Path(self.output().path)
        if not remote.fs.same_bytes(remote.path, str(path)):
            return False
        files = packaging.read_manifest(str(path)).files
        return all(packaging.is_intact(path.parent / name, files[name]) for name in files)

    def run(self) -> None:
        packaging.fetch_package(
            self.input().path.removesuffix(f"/{packaging.MANIFEST}"), self.output()
        )
