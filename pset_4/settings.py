"""Settings: the data folder of this machine, the remote, and what paints.

An option takes precedence over an environment variable, that over the file ``.env`` of the current
folder (see `env_file`), and that over the default.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .env_file import load_env_file
from .errors import SettingsError
from .rendering_options import MACHINE_OPTIONS, variable_of

_logger = logging.getLogger(__name__)

REMOTE_VARIABLE = "PSET_4_REMOTE"
DATA_VARIABLE = "PSET_4_DATA"
DEFAULT_DATA = "data"
RUNNER_VARIABLE = "PSET_4_RUNNER"
PYTHON_VARIABLE = "PSET_4_PYTHON"

IN_PROCESS = "in-process"
PROGRAM = "program"
MLFLOW = "mlflow"
RUNNERS = (IN_PROCESS, PROGRAM, MLFLOW)
"""The ways to paint: see `runners`."""

S3_SCHEME = "s3://"
_LOGIN = re.compile(r"(^|//)[^/\\]*:[^/\\]*@|//[^/]*@")
"""A user, or a user and a password, in an address."""

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


@dataclass(frozen=True)
class Settings:
    """The data folder, the remote, and what paints. Paths are absolute."""

    data: str
    """The data folder of this machine."""
    remote: str
    """The source of truth: ``s3://bucket/prefix`` or a directory, without a trailing slash."""
    is_embedded: bool
    """Whether the remote is the default directory inside the data folder."""
    runner: str = IN_PROCESS
    """One of `RUNNERS`."""
    python: str = sys.executable
    """The Python that a runner starts, if it starts one."""
    machine: Mapping[str, Any] = field(default_factory=dict)
    """Values of those `MACHINE_OPTIONS` that are set, by name."""

    @property
    def uploads(self) -> str:
        """Where people drop images and models."""
        return f"{self.data}/{UPLOADS}"

    @property
    def results(self) -> str:
        """Where results are painted to."""
        return f"{self.data}/{RESULTS}"

    @property
    def proofs(self) -> str:
        """Where proofs are painted to: small results, which are never published."""
        return f"{self.data}/{PROOFS}"

    @property
    def gallery(self) -> str:
        """Where the gallery is written to."""
        return f"{self.data}/{GALLERY}"

    @property
    def remote_images(self) -> str:
        """Published images."""
        return f"{self.remote}/{IMAGES}"

    @property
    def remote_models(self) -> str:
        """Published models."""
        return f"{self.remote}/{MODELS}"

    @property
    def remote_results(self) -> str:
        """Published results."""
        return f"{self.remote}/{RESULTS}"

    @property
    def remote_packages(self) -> str:
        """Models packaged for MLflow."""
        return f"{self.remote}/{PACKAGES}"

    @property
    def remote_gallery(self) -> str:
        """The published gallery."""
        return f"{self.remote}/{GALLERY}"


def is_s3(path: str) -> bool:
    """Return whether a path is an S3 URL."""
    return path.startswith(S3_SCHEME)


def shorten(path: str) -> str:
    """Return a path as people read it best: relative if it lies in the current folder."""
    here = str(Path.cwd()) + os.sep
    return path.removeprefix(here)


def read_settings(
    remote: str | None = None,
    data: str | None = None,
    runner: str | None = None,
    python: str | None = None,
    notify: Callable[[str], None] = _logger.warning,
    **machine: str | None,
) -> Settings:
    """Read settings from options, the environment, ``.env`` and defaults, in this order.

    Those variables in ``.env`` that it may set, AWS's among them, are added to the environment.

    Args:
        remote: An S3 URL or a directory.
        data: The data folder.
        runner: One of `RUNNERS`.
        python: An interpreter, by its path or as a shell would find it.
        notify: Called with a message if variables in ``.env`` are not used. By default it is logged
            as a warning.
        machine: Values of `MACHINE_OPTIONS` by name, as text.

    Raises:
        SettingsError: A value cannot be used; the message names its option and variable.
    """
    load_env_file(Path.cwd(), notify)
    data_path = _to_absolute(data or os.environ.get(DATA_VARIABLE) or DEFAULT_DATA)
    runner = _check_runner(runner or os.environ.get(RUNNER_VARIABLE) or IN_PROCESS)
    configured = (remote or os.environ.get(REMOTE_VARIABLE, "")).strip()
    embedded = str(data_path / EMBEDDED_REMOTE)
    return Settings(
        str(data_path),
        _normalize_remote(configured, data_path) if configured else embedded,
        not configured,
        runner,
        _choose_python(python, runner),
        _read_machine_options(machine),
    )


def _read_machine_options(given: Mapping[str, str | None]) -> dict[str, Any]:
    values = {}
    for option in MACHINE_OPTIONS:
        variable = variable_of(option)
        text = given.get(option.name) or os.environ.get(variable)
        try:
            if text:
                values[option.name] = option.kind.parse(text)
        except ValueError as error:
            remedy = f"check --{option.flag} or {variable}"
            raise SettingsError(f"{option.name}: {error}", remedy=remedy) from error
    return values


def _check_runner(runner: str) -> str:
    if runner not in RUNNERS:
        raise SettingsError(
            f"runner {runner!r}: expected one of {', '.join(RUNNERS)}",
            remedy=f"check --runner or {RUNNER_VARIABLE}",
        )
    return runner


def _choose_python(python: str | None, runner: str) -> str:
    if runner != IN_PROCESS:
        return _find_python(python or os.environ.get(PYTHON_VARIABLE) or sys.executable)
    if python:
        raise SettingsError(
            f"--python {python}: the runner {IN_PROCESS} starts no Python",
            remedy=f"add --runner {PROGRAM} or --runner {MLFLOW}",
        )
    return sys.executable  # whatever the variable says: nothing starts it


def _find_python(python: str) -> str:
    """Return the absolute path of an interpreter, given by path or as a shell would find it."""
    # As a string: a Path would lose "./", and another program of that name would be found.
    path = os.path.expanduser(python)
    found = shutil.which(path)
    if found is None:
        is_folder = os.path.isdir(path)
        hint = "name the interpreter itself, such as .venv/bin/python" if is_folder else "check it"
        raise SettingsError(
            f"python {python!r}: not an interpreter",
            remedy=f"{hint} (--python, {PYTHON_VARIABLE})",
        )
    # Not resolved: an interpreter knows its environment by the link through which it is started.
    return os.path.abspath(found)


def _to_absolute(path: str) -> Path:
    # Path.absolute() would keep "..", and one folder could pass for another.
    return Path(os.path.abspath(Path(path).expanduser()))


def _normalize_remote(remote: str, data_path: Path) -> str:
    if _LOGIN.search(remote):
        raise _refuse_login()
    if is_s3(remote):
        return _normalize_url(remote)
    path = _to_absolute(remote)
    if "://" in remote:
        shown = remote.partition("?")[0]  # a query may hold a signature
        raise _refuse_remote(shown, "neither S3 nor a directory")
    if path.exists() and not path.is_dir():
        raise _refuse_remote(remote, "a file, not a directory")
    if not path.parent.is_dir():
        # A drive that is not mounted must not be replaced by a new folder of its name.
        raise _refuse_remote(remote, f"its parent folder {path.parent} does not exist")
    if _is_own(path, data_path):
        raise _refuse_remote(
            remote, f"a folder in which this machine keeps its own files ({data_path})"
        )
    return str(path)


def _normalize_url(remote: str) -> str:
    bucket_and_prefix = remote.removeprefix(S3_SCHEME).rstrip("/")
    parts = bucket_and_prefix.split("/")
    if "" in parts:
        raise _refuse_remote(remote, "a part of the address is empty")
    if not BUCKET.fullmatch(parts[0]):
        if ":" in parts[0]:  # a password with a slash in it, perhaps
            raise _refuse_login()
        raise _refuse_remote(
            remote,
            f"{parts[0]!r} is not a bucket's name: only letters, digits, dots and hyphens",
        )
    return S3_SCHEME + bucket_and_prefix


def _is_own(path: Path, data_path: Path) -> bool:
    """Return whether a path leads, also through links, to a folder of this machine's own."""
    real_path = Path(os.path.realpath(path))
    own_paths = (os.path.realpath(data_path / own) for own in OWN_FOLDERS)
    is_data = real_path == Path(os.path.realpath(data_path))
    return is_data or any(map(real_path.is_relative_to, own_paths))


def _refuse_login() -> SettingsError:
    """Return the error for an address with a user or a password in it, which it does not show."""
    return SettingsError(
        "the remote's address contains a user or a password",
        remedy="leave them out, and set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
        f"AWS_SECRET_ACCESS_KEY (--remote, {REMOTE_VARIABLE})",
    )


def _refuse_remote(remote: str, reason: str) -> SettingsError:
    return SettingsError(
        f"remote {remote!r}: {reason}",
        remedy=f"name s3://bucket/prefix or a directory (--remote, {REMOTE_VARIABLE})",
    )
