"""Where things are, the data folder of this machine and the remote, and what paints, with what.

An option wins over an environment variable, that over the file ``.env`` of the current folder,
and that over the default.
"""

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from csci_utils.text import parse_size, parse_whole
from neural_style.options import MAX_THREADS

from .errors import SettingsError

REMOTE_VARIABLE = "PSET_4_REMOTE"
DATA_VARIABLE = "PSET_4_DATA"
DEFAULT_DATA = "data"
RUNNER_VARIABLE = "PSET_4_RUNNER"
PYTHON_VARIABLE = "PSET_4_PYTHON"
THREADS_VARIABLE = "PSET_4_THREADS"
MEMORY_VARIABLE = "PSET_4_MEMORY"
DEVICE_VARIABLE = "PSET_4_DEVICE"

IN_PROCESS = "in-process"
PROGRAM = "program"
MLFLOW = "mlflow"
RUNNERS = (IN_PROCESS, PROGRAM, MLFLOW)
"""The ways to paint: see `runners`."""

CPU = "cpu"
DEVICES = (CPU, "auto", "cuda", "mps", "xpu")
"""What paints in the end: the CPU, an accelerator of a kind, or one if there is one."""

S3_SCHEME = "s3://"
BUCKET = re.compile(r"[\w.-]{1,255}|arn:.*", re.ASCII)
"""What botocore takes for a bucket; new ones may have lower case only, and no underscore."""

DROP_INS = "uploads"
IMAGES = "images"
MODELS = "saved_models"
RESULTS = "stylized"
PACKAGES = "mlflow"
DOWNLOADS = "downloads"
EMBEDDED_REMOTE = "remote"
OWN_FOLDERS = (DROP_INS, IMAGES, MODELS, RESULTS, PACKAGES, DOWNLOADS)
"""What this machine keeps in its data folder."""


@dataclass(frozen=True)
class Settings:
    """The two roots, the folders below them, and what paints; paths are absolute."""

    data: str
    """The data folder of this machine."""
    remote: str
    """The source of truth: ``s3://bucket/prefix`` or a directory, without a closing slash."""
    is_embedded: bool
    """Whether the remote is the default directory inside the data folder."""
    runner: str = IN_PROCESS
    """One of `RUNNERS`."""
    python: str = sys.executable
    """The Python that a runner starts, where it starts one."""
    threads: int | None = None
    """How many paint on the CPU; None for one a core."""
    memory: int | None = None
    """How many bytes what paints may take; None for what there is."""
    device: str = CPU
    """One of `DEVICES`, or one of several of its kind, such as ``cuda:1``."""

    @property
    def uploads(self) -> str:
        """Where people drop pictures and models."""
        return f"{self.data}/{DROP_INS}"

    @property
    def results(self) -> str:
        """Where results are painted to."""
        return f"{self.data}/{RESULTS}"

    @property
    def remote_images(self) -> str:
        """Published pictures."""
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
        """Models that were packaged for MLflow."""
        return f"{self.remote}/{PACKAGES}"


def is_s3(path: str) -> bool:
    """Whether a path is an S3 URL."""
    return path.startswith(S3_SCHEME)


def shorten(path: str) -> str:
    """A path as people read it best: relative, where it lies in the current folder."""
    here = str(Path.cwd()) + os.sep
    return path.removeprefix(here)


def read_settings(
    remote: str | None = None,
    data: str | None = None,
    runner: str | None = None,
    python: str | None = None,
    threads: str | None = None,
    memory: str | None = None,
    device: str | None = None,
) -> Settings:
    """Settings from options, environment, ``.env`` and defaults, in this order.

    Variables of ``.env`` (also AWS's) enter the environment where they are not set yet.

    Raises:
        SettingsError: the remote is of a kind that is not known, or cannot be made; there is no
            such runner, or no such Python for it; or what it may use is no number or device.
    """
    _read_dotenv(Path.cwd() / ".env")
    data_path = _to_absolute(data or os.environ.get(DATA_VARIABLE) or DEFAULT_DATA)
    runner = _check_runner(runner or os.environ.get(RUNNER_VARIABLE) or IN_PROCESS)
    configured = (remote or os.environ.get(REMOTE_VARIABLE, "")).strip()
    is_embedded = not configured
    return Settings(
        str(data_path),
        str(data_path / EMBEDDED_REMOTE)
        if is_embedded
        else _normalize_remote(configured, data_path),
        is_embedded,
        runner,
        _choose_python(python, runner),
        _read_number(_parse_threads, threads, "--threads", THREADS_VARIABLE),
        _read_number(parse_size, memory, "--memory", MEMORY_VARIABLE),
        _check_device(device or os.environ.get(DEVICE_VARIABLE) or CPU),
    )


def _check_runner(runner: str) -> str:
    if runner not in RUNNERS:
        raise SettingsError(
            f"runner {runner!r}: expected one of {', '.join(RUNNERS)} (--runner, {RUNNER_VARIABLE})"
        )
    return runner


def _choose_python(python: str | None, runner: str) -> str:
    if runner != IN_PROCESS:
        return _find_python(python or os.environ.get(PYTHON_VARIABLE) or sys.executable)
    if python:
        raise SettingsError(
            f"--python {python}: expected --runner {PROGRAM} or {MLFLOW} with it: "
            f"the runner {IN_PROCESS} starts no Python"
        )
    return sys.executable  # whatever the variable names, which nothing here starts


def _find_python(python: str) -> str:
    """The absolute path of an interpreter, given by its path or as a shell would find it."""
    # As a string: a Path would lose "./", and another program of the name would be found.
    path = os.path.expanduser(python)
    found = shutil.which(path)
    if found is None:
        remedy = (
            "name the interpreter itself, such as .venv/bin/python"
            if os.path.isdir(path)
            else "check the path"
        )
        raise SettingsError(
            f"python {python!r}: expected an interpreter (--python, {PYTHON_VARIABLE}): {remedy}"
        )
    # Not resolved: through its link in an environment an interpreter knows where it belongs.
    return os.path.abspath(found)


_parse_threads = partial(parse_whole, minimum=1, maximum=MAX_THREADS)


def _read_number(
    parse: Callable[[str], int], given: str | None, option: str, variable: str
) -> int | None:
    """The number that an option, else a variable gives; None where neither does."""
    text = given or os.environ.get(variable)
    try:
        return parse(text) if text else None
    except ValueError as error:
        raise SettingsError(f"{error} ({option}, {variable})") from error


def _check_device(device: str) -> str:
    kind, _, number = device.partition(":")
    if kind not in DEVICES or (number and not number.isdigit()):
        raise SettingsError(
            f"device {device!r}: expected one of {', '.join(DEVICES)} (--device, {DEVICE_VARIABLE})"
        )
    return device


def _to_absolute(path: str) -> Path:
    # Not Path.absolute(), which keeps "..", so that one folder could pass for another.
    return Path(os.path.abspath(Path(path).expanduser()))


@cache
def _read_dotenv(path: Path) -> None:
    from dotenv import load_dotenv

    try:
        load_dotenv(path)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error


def _normalize_remote(remote: str, data_path: Path) -> str:
    expected = f"expected s3://bucket/prefix or a directory (--remote, {REMOTE_VARIABLE})"
    if is_s3(remote):
        bucket_and_prefix = remote.removeprefix(S3_SCHEME).rstrip("/")
        parts = bucket_and_prefix.split("/")
        if "" in parts:
            raise SettingsError(f"remote {remote!r}: {expected}")
        if not BUCKET.fullmatch(parts[0]):
            raise SettingsError(
                f"remote {remote!r}: {parts[0]!r} is not the name of a bucket, which has letters, "
                f"digits, dots and hyphens only: {expected}"
            )
        return S3_SCHEME + bucket_and_prefix
    if "://" in remote:
        raise SettingsError(f"remote {remote!r}: {expected}")
    path = _to_absolute(remote)
    if path.exists() and not path.is_dir():
        raise SettingsError(f"remote {remote!r} is a file: {expected}")
    if not path.parent.is_dir():
        # A drive that is not mounted must not be replaced by a new folder of its name.
        raise SettingsError(
            f"remote {remote!r}: there is no folder {path.parent}: create it, or {expected}"
        )
    # Where links lead to: a link to the data folder is the data folder.
    own_paths = [os.path.realpath(data_path / own) for own in OWN_FOLDERS]
    real_path = Path(os.path.realpath(path))
    if real_path == Path(os.path.realpath(data_path)) or any(
        map(real_path.is_relative_to, own_paths)
    ):
        raise SettingsError(
            f"remote {remote!r} is where this machine keeps its own files ({data_path}): "
            "name another directory"
        )
    return str(path)


_in_force: list[Settings] = []


def current() -> Settings:
    """The settings that `use` put in force, else those of the environment."""
    return _in_force[-1] if _in_force else read_settings()


@contextmanager
def use(settings: Settings) -> Iterator[Settings]:
    """Put settings in force for all tasks of this process."""
    _in_force.append(settings)
    try:
        yield settings
    finally:
        _in_force.remove(settings)


class FromSettings:
    """A class attribute that is read from the settings in force; a subclass may fix its own."""

    def __init__(self, read: Callable[[Settings], str]) -> None:
        self._read = read

    def __get__(self, task: object, owner: type | None = None) -> str:
        return self._read(current())
