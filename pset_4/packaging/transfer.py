"""Publishing packages to the remote, and fetching them."""

from __future__ import annotations

import random
import time
from pathlib import Path

from luigi.target import FileSystemTarget

from csci_utils.errors import ChangedError, S3AccessError
from csci_utils.luigi import copy

from ..errors import DamagedPackageError
from ..storage.remote import list_paths, target_at
from .manifest import MANIFEST, is_intact, is_whole, parse_manifest, read_content, read_manifest

# How often a package is sent while others publish another one. Needing that many takes more than
# chance.
_MAX_ATTEMPTS = 10

# The longest pause between two attempts, in seconds. It is random, so that two publishers that
# overwrite each other fall out of step.
_LONGEST_PAUSE = 0.2


def publish_package(package_path: Path, folder: str) -> None:
    """Copy a package to a folder or S3 prefix, and replace the package that is there.

    If several processes publish at once, all succeed with the same bytes. With different bytes, the
    last one to write its manifest succeeds, after sending again what the others replaced.

    Args:
        package_path: The local folder of the package.
        folder: The path or S3 URL of the published package.

    Raises:
        ChangedError: Another process published another package at the same time.
        S3AccessError: S3 refused a request, such as one to remove an older file.
    """
    manifest = read_manifest(str(package_path / MANIFEST))
    names = [*manifest.files, MANIFEST]
    for _ in range(_MAX_ATTEMPTS):
        _remove_others(folder, names)
        for name in names:
            copy(target_at(str(package_path / name)), target_at(f"{folder}/{name}"))
        is_sent = is_whole(folder, manifest)
        if read_manifest(f"{folder}/{MANIFEST}") != manifest:
            break
        if is_sent:
            return
        time.sleep(random.uniform(0, _LONGEST_PAUSE))
    reason = "another package was published here at the same time"
    raise ChangedError(reason, path=folder, remedy="run again")


def fetch_package(folder: str, destination: FileSystemTarget) -> None:
    """Copy a published package to the folder of a local manifest.

    Args:
        folder: The path or S3 URL of the published package.
        destination: The local manifest, which is written last.

    Raises:
        DamagedPackageError: A file is missing or differs from the manifest.
    """
    manifest_path = f"{folder}/{MANIFEST}"
    content = read_content(manifest_path)
    local_folder = Path(destination.path).parent
    for name, digest in parse_manifest(manifest_path, content).files.items():
        if not is_intact(local_folder / name, digest):
            _fetch_file(f"{folder}/{name}", local_folder / name, digest)
    with destination.open("w") as file:
        file.write(content)


def _fetch_file(path: str, local_path: Path, digest: str) -> None:
    try:
        copied = copy(target_at(path), target_at(str(local_path)))
    except FileNotFoundError:
        copied = ""
    if copied != digest:
        raise DamagedPackageError(
            "missing or different from the package's manifest",
            path=path,
            remedy="run again if another process is packaging the model now, or else package it "
            "again",
        )


def _remove_others(folder: str, names: list[str]) -> None:
    """Remove the files that an older package has besides these."""
    for name in list_paths(folder):
        if name not in names:
            _remove(folder, name)


def _remove(folder: str, name: str) -> None:
    try:
        target_at(folder).fs.remove(f"{folder}/{name}")
    except FileNotFoundError:
        pass  # another process removed it
    except S3AccessError as error:
        error.remedy = "allow s3:DeleteObject, which replacing a package with other files needs"
        raise
