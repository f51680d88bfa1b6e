"""The manifest of a package, and comparing a package with it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from csci_utils.digest import file_digest, stream_digest
from csci_utils.errors import at_path
from csci_utils.transfers import retry

from ..errors import DamagedPackageError, InvalidNameError
from ..names import check_name
from ..storage.remote import target_at

MANIFEST = "manifest.json"
"""The file name of a package's manifest."""

# The most bytes of a manifest that are read; it has some kilobytes.
_MAX_BYTES = 1 << 20

_REMEDY = "package the model again"


@dataclass(frozen=True)
class Manifest:
    """The contents of a package, and what it was made from."""

    model_digest: str
    """The SHA-256 of the model's file."""
    code_digest: str
    """The digest of the packaged code, from `contents.digest_code`."""
    files: dict[str, str]
    """The SHA-256 of each file but the manifest, by its path in the package."""

    def to_json(self) -> str:
        """Return the content of the manifest's file."""
        return json.dumps(asdict(self), indent=1)


def read_manifest(path: str) -> Manifest:
    """Read the manifest at a path or S3 URL.

    Raises:
        DamagedPackageError: The file is not a manifest, or lists files outside the package.
        FileNotFoundError: The file does not exist.
        CsciUtilsError: S3 cannot be read.
        OSError: The file cannot be read.
    """
    return parse_manifest(path, read_content(path))


def read_content(path: str) -> bytes:
    """Return the bytes of the manifest at a path or S3 URL.

    Raises:
        FileNotFoundError: The file does not exist.
        CsciUtilsError: S3 cannot be read.
        OSError: The file cannot be read.
    """
    return retry(lambda: _read_once(path))


def _read_once(path: str) -> bytes:
    with target_at(path).open("r") as file:
        content: bytes = file.read(_MAX_BYTES)
        file.read(1)  # at the end, S3's bytes are compared with their digest
    return content


def parse_manifest(path: str, content: bytes) -> Manifest:
    """Return the manifest in the bytes from `path`.

    Raises:
        DamagedPackageError: They are not a manifest, or list files outside the package.
    """
    with at_path(path):
        try:
            manifest = Manifest(**json.loads(content))
            names = list(manifest.files.keys())
        except (AttributeError, RecursionError, TypeError, ValueError) as error:
            raise DamagedPackageError("not the manifest of a package", remedy=_REMEDY) from error
        for name in names:
            _check_inside(name)
        return manifest


def _check_inside(name: str) -> None:
    try:
        for part in name.split("/"):
            check_name(part)
    except InvalidNameError as error:
        raise DamagedPackageError(f"lists the unsafe path {name!r}", remedy=_REMEDY) from error


def is_whole(folder: str, manifest: Manifest) -> bool:
    """Return True if a folder or S3 prefix has all files of a manifest, with their digests."""
    return {name: _digest(f"{folder}/{name}") for name in manifest.files} == manifest.files


def is_intact(path: Path, digest: str) -> bool:
    """Return True if the file exists and has this digest."""
    return path.is_file() and file_digest(path) == digest


def _digest(path: str) -> str | None:
    """Return the SHA-256 of the bytes at a path or S3 URL; None if nothing is there."""
    try:
        return retry(lambda: _digest_once(path))
    except FileNotFoundError:
        return None


def _digest_once(path: str) -> str:
    with target_at(path).open("r") as file:
        return stream_digest(file)
