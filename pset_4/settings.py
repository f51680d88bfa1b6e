"""Settings: the data folder of this machine, the remote, and what paints.

An option takes precedence over an environment variable, that over the file ``.env`` of the current
folder (see `env_file`), and that over the default.
"""

from __future__ import annotations

import logging
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from csci_utils.text import USE_UTF8, find_encoding_problem, has_invisible

from .env_file import load_env_file
from .errors import SettingsError
from .places import (
    DATA_VARIABLE,
    EMBEDDED_REMOTE,
    GALLERY,
    IMAGES,
    MODELS,
    PACKAGES,
    PROOFS,
    REMOTE_VARIABLE,
    RESULTS,
    UPLOADS,
    UPLOADS_VARIABLE,
    check_directory,
    is_s3,
    normalize_remote,
    normalize_uploads,
    to_absolute,
)
from .rendering_options import MACHINE_OPTIONS, read_machine_options

_logger = logging.getLogger(__name__)

DEFAULT_DATA = "data"
RUNNER_VARIABLE = "PSET_4_RUNNER"
PYTHON_VARIABLE = "PSET_4_PYTHON"

IN_PROCESS = "in-process"
PROGRAM = "program"
MLFLOW = "mlflow"
RUNNERS = (IN_PROCESS, PROGRAM, MLFLOW)
"""The ways to paint: see `runners`."""


@dataclass(frozen=True)
class Settings:
    """The data folder, the remote, and what paints. Paths are absolute."""

    data: str
    """The data folder of this machine."""
    remote: str
    """The source of truth: ``s3://bucket/prefix`` or a directory, without a trailing slash.

    Offline, this is the data folder, which stands for it.
    """
    is_embedded: bool
    """Whether the remote is the default directory inside the data folder."""
    runner: str = IN_PROCESS
    """One of `RUNNERS`."""
    python: str = sys.executable
    """The Python that a runner starts, if it starts one."""
    machine: Mapping[str, Any] = field(default_factory=dict)
    """Values of those `MACHINE_OPTIONS` that are set, by name."""
    in_place: str = ""
    """A folder that is used as the drop-ins and only read; empty for the data folder's own."""
    unasked_remote: str = ""
    """Offline, the true remote, only to name it in messages; else empty."""

    given: str = field(default="", compare=False)
    """The options of the command line that say where remote, data and drop-ins are."""
    dry_run: bool = False
    """Whether nothing is written: tasks are asked, and none is run."""
    force: bool = False
    """Whether results are painted again that are current, and replace larger ones in the remote."""
    workers: int = 1
    """How many tasks paint at once."""

    @property
    def is_offline(self) -> bool:
        """Whether the data folder stands for the remote."""
        return bool(self.unasked_remote)

    @property
    def uploads(self) -> str:
        """Where people drop images and models."""
        return self.in_place or f"{self.data}/{UPLOADS}"

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


def read_settings(
    remote: str | None = None,
    data: str | None = None,
    uploads: str | None = None,
    runner: str | None = None,
    python: str | None = None,
    *,
    offline: bool | None = False,
    paints: bool = True,
    reaches_remote: bool = True,
    notify: Callable[[str], None] = _logger.warning,
    **machine: str | None,
) -> Settings:
    """Read settings from options, the environment, ``.env`` and defaults, in this order.

    Those variables in ``.env`` that it may set, AWS's among them, are added to the environment.

    Args:
        remote: An S3 URL or a directory.
        data: The data folder.
        uploads: An existing folder to use as the drop-ins.
        runner: One of `RUNNERS`.
        python: An interpreter, by its path or as a shell would find it.
        offline: Whether the data folder stands for the remote, which is not even looked for.
        paints: Whether what paints is read, too. Otherwise nothing that is wrong with it matters.
        reaches_remote: Whether the folder that a directory remote lies in has to exist.
        notify: Called with a message if variables in ``.env`` are not used. By default it is logged
            as a warning.
        machine: Values of `MACHINE_OPTIONS` by name, as text.

    Raises:
        SettingsError: A value cannot be used; the message names its option and variable.
        TypeError: There is no such machine option.
    """
    if unknown := machine.keys() - {option.name for option in MACHINE_OPTIONS}:
        raise TypeError(f"read_settings() got an unexpected keyword argument {min(unknown)!r}")
    load_env_file(Path.cwd(), notify)
    _check_visible(remote, REMOTE_VARIABLE)
    _check_visible(data, DATA_VARIABLE)
    _check_visible(uploads, UPLOADS_VARIABLE)
    data_path = to_absolute(data or os.environ.get(DATA_VARIABLE) or DEFAULT_DATA)
    configured = (remote or os.environ.get(REMOTE_VARIABLE, "")).strip()
    embedded = str(data_path / EMBEDDED_REMOTE)
    chosen = normalize_remote(configured) if configured else embedded
    if configured and not offline and not is_s3(chosen):
        check_directory(Path(chosen), configured, data_path, reaches_remote)
    in_place = uploads or os.environ.get(UPLOADS_VARIABLE) or ""
    found = Settings(
        data=str(data_path),
        remote=chosen,
        is_embedded=not configured,
        in_place=normalize_uploads(in_place, data_path, chosen) if in_place else "",
        given=_write_options(remote=remote, data=data, uploads=uploads),
    )
    if not paints:
        return found
    runner = _check_runner(runner or os.environ.get(RUNNER_VARIABLE) or IN_PROCESS)
    if offline:
        _check_offline_runner(runner)
        found = replace(found, remote=found.data, unasked_remote=chosen)
    return replace(
        found,
        runner=runner,
        python=_choose_python(python, runner),
        machine=read_machine_options(machine),
    )


def _write_options(**values: str | None) -> str:
    """Return options as they are typed, each with a space before it."""
    return "".join(f" --{name} {shlex.quote(value)}" for name, value in values.items() if value)


def _check_visible(value: str | None, variable: str) -> None:
    """Refuse a path or URL that is not shown as it is, or would change the terminal."""
    value = value or os.environ.get(variable, "")
    option = "--" + variable.removeprefix("PSET_4_").lower()
    if problem := find_encoding_problem(value):
        raise SettingsError(f"{variable} or {option}: {problem}", remedy=USE_UTF8)
    if has_invisible(value):
        raise SettingsError(
            f"{variable} or {option}: the value has invisible or control characters",
            remedy="type it again",
        )


def _check_runner(runner: str) -> str:
    if runner not in RUNNERS:
        raise SettingsError(
            f"runner {runner!r}: expected one of {', '.join(RUNNERS)}",
            remedy=f"check --runner or {RUNNER_VARIABLE}",
        )
    return runner


def _check_offline_runner(runner: str) -> None:
    if runner == MLFLOW:
        raise SettingsError(
            f"--offline: the runner {MLFLOW} needs the remote's package",
            remedy=f"add --runner {IN_PROCESS} or --runner {PROGRAM}",
        )


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
