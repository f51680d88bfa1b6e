"""Where things are: the remote's address, the data folder, and the folder of drop-ins."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from csci_utils.text import redact

from .errors import MissingRemoteError, SettingsError

REMOTE_VARIABLE = "PSET_4_REMOTE"
DATA_VARIABLE = "PSET_4_DATA"
UPLOADS_VARIABLE = "PSET_4_UPLOADS"

S3_SCHEME = "s3://"
_LOGIN = re.compile(r"(^|//)[^/\\]*:[^/\\]*@|//[^/]*@")
"""A user, or a user and a password, in an address."""
_MISTYPED_SCHEME = re.compile(r"^s3(:/*|//)(?=.)", re.IGNORECASE)
"""The beginning of a remote that may have been meant as `S3_SCHEME`."""

BUCKET = re.compile(r"[\w.-]{1,255}|arn:.*", re.ASCII)
"""What botocore accepts as a bucket; new buckets allow lower case only, and no underscore."""

UPLOADS = "uploads"
IMAGES = "images"
MODELS = "saved_models"
RESULTS = "stylized"
PACKAGES = "mlflow"
DOWNLOADS = "downloads"
PROOFS = "proofs"
GALLERY = "gallery"
SHEETS = "contact_sheets"
EMBEDDED_REMOTE = "remote"
TEMPORARY_OBJECTS = ".temporary_objects"
OWN_FOLDERS = (
    UPLOADS,
    IMAGES,
    MODELS,
    RESULTS,
    PACKAGES,
    DOWNLOADS,
    PROOFS,
    GALLERY,
    SHEETS,
)
"""The folders that this machine keeps in its data folder."""


SHARED_FOLDERS = (IMAGES, MODELS, RESULTS, PACKAGES, GALLERY)
"""The folders of the remote."""


def is_s3(path: str) -> bool:
    """Return whether a path is an S3 URL."""
    return path.startswith(S3_SCHEME)


def shorten(path: str) -> str:
    """Return a path as people read it best: relative if it lies in the current folder."""
    here = str(Path.cwd()) + os.sep
    return path.removeprefix(here)


def to_absolute(path: str) -> Path:
    """Return an absolute path, of which ``~`` may be the beginning.

    Raises:
        SettingsError: It begins with ``~`` and a name that no user has.
    """
    try:
        expanded = Path(path).expanduser()
    except RuntimeError as error:
        remedy = "write the whole path, or ./ before the name of a folder"
        raise SettingsError(f"{path!r}: no such user", remedy=remedy) from error
    # Path.absolute() would keep "..", and one folder could pass for another.
    return Path(os.path.abspath(expanded))


def normalize_remote(remote: str) -> str:
    """Return a remote in its usual form; a directory is not looked for."""
    if _LOGIN.search(remote):
        raise _refuse_login()
    if is_s3(remote):
        return _normalize_url(remote)
    if "://" in remote:
        # A query may hold a signature.
        raise _refuse_remote(redact(remote), "neither S3 nor a directory")
    return str(to_absolute(remote))


def check_directory(path: Path, remote: str, data_path: Path, must_be_mounted: bool) -> None:
    """Check that a path, spelled `remote` in the settings, can be that of the remote."""
    if path.exists() and not path.is_dir():
        raise _refuse_remote(remote, "a file, not a directory")
    if must_be_mounted and not path.parent.is_dir():
        # A drive that is not mounted must not be replaced by a new folder of its name.
        reason = f"its parent folder {path.parent} does not exist"
        raise _refuse_remote(remote, reason, MissingRemoteError)
    if _is_inside(path, data_path, OWN_FOLDERS):
        raise _refuse_remote(
            remote, f"a folder in which this machine keeps its own files ({data_path})"
        )
    if _is_inside(data_path, path, SHARED_FOLDERS):
        raise _refuse_remote(
            remote, f"what this machine keeps in {data_path} would be published there"
        )
    if must_be_mounted and guess_url(remote):
        raise _refuse_remote(remote, f"there is no such directory (a new one would be ./{remote})")


def _normalize_url(remote: str) -> str:
    if "?" in remote:
        raise _refuse_remote(redact(remote), "an address of S3 has no query")
    bucket_and_prefix = remote.removeprefix(S3_SCHEME).rstrip("/")
    parts = bucket_and_prefix.split("/")
    if "" in parts:
        raise _refuse_remote(remote, "a part of the address is empty")
    if not {".", ".."}.isdisjoint(parts):  # HTTP takes them away, and another bucket could be meant
        raise _refuse_remote(remote, "a part of the address is . or ..")
    if not BUCKET.fullmatch(parts[0]):
        if ":" in parts[0]:  # a password with a slash in it, perhaps
            raise _refuse_login()
        raise _refuse_remote(
            remote,
            f"{parts[0]!r} is not a bucket's name: only letters, digits, dots and hyphens",
        )
    return S3_SCHEME + bucket_and_prefix


def guess_url(remote: str) -> str:
    """Ask whether a directory that does not exist was meant as a bucket; empty if it was not.

    The question is to be followed by another remedy.
    """
    begin = remote.split("/")[0]
    is_path = begin in ("", ".", "..", "~") or "\\" in remote or os.path.exists(begin)
    remote = _MISTYPED_SCHEME.sub("", remote)
    is_bucket = not is_path and "://" not in remote and BUCKET.fullmatch(remote.split("/")[0])
    return f"did you mean {S3_SCHEME}{remote}? Otherwise " if is_bucket else ""


def normalize_uploads(uploads: str, data_path: Path, remote: str) -> str:
    """Return the absolute path of a folder that can be used as the drop-ins; empty for our own.

    Raises:
        SettingsError: It does not exist, or what is made from drop-ins would become one.
    """
    path = to_absolute(uploads)
    if not path.is_dir():
        raise _refuse_uploads(uploads, "there is no such folder", "check the path")
    real_path = Path(os.path.realpath(path))
    if real_path == Path(os.path.realpath(data_path / UPLOADS)):
        return ""
    written = [str(data_path / own) for own in OWN_FOLDERS if own != UPLOADS]
    written += [] if is_s3(remote) else [remote]
    for folder in map(Path, map(os.path.realpath, written)):
        if real_path.is_relative_to(folder) or folder.is_relative_to(real_path):
            reason = f"what is fetched and painted is kept in {folder}, and would be dropped in"
            remedy = f"name another folder, or another data folder with --data or {DATA_VARIABLE}"
            raise _refuse_uploads(uploads, reason, remedy)
    return str(path)


def _refuse_uploads(uploads: str, reason: str, remedy: str) -> SettingsError:
    return SettingsError(f"{UPLOADS_VARIABLE} or --uploads {uploads!r}: {reason}", remedy=remedy)


def _is_inside(path: Path, root: Path, folders: Iterable[str]) -> bool:
    """Return whether a path leads, also through links, to `root` or into one of its folders."""
    real_path = Path(os.path.realpath(path))
    found = (os.path.realpath(root / folder) for folder in folders)
    return real_path == Path(os.path.realpath(root)) or any(map(real_path.is_relative_to, found))


def _refuse_login() -> SettingsError:
    """Return the error for an address with a user or a password in it, which it does not show."""
    return SettingsError(
        "the remote's address contains a user or a password",
        remedy="leave them out, and set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
        f"AWS_SECRET_ACCESS_KEY (--remote, {REMOTE_VARIABLE})",
    )


def _refuse_remote(
    remote: str, reason: str, kind: type[SettingsError] = SettingsError
) -> SettingsError:
    return kind(
        f"remote {remote!r}: {reason}",
        remedy=f"{guess_url(remote)}name s3://bucket/prefix or a directory (--remote, "
        f"{REMOTE_VARIABLE})",
    )
