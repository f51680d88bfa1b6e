"""The errors of this package; each is a `NeuralStyleError`."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from csci_utils.errors import DescribedError

_VENV = Path(__file__).parents[1] / ".venv"  # where `make demo` and `make test` install
_ACTIVATE = _VENV / ("Scripts" if os.name == "nt" else "bin") / "activate"


class NeuralStyleError(DescribedError):
    """Base of all errors that this package raises on purpose."""


class PictureError(NeuralStyleError, ValueError):
    """A picture cannot be read, converted, resized or written."""


class StyleError(NeuralStyleError, ValueError):
    """The file is not a style model, or has no style of this number."""


class DeviceError(NeuralStyleError, RuntimeError):
    """The device does not exist, or its memory cannot hold the picture."""


class TrainingError(NeuralStyleError, RuntimeError):
    """A training cannot start, continue or be resumed."""


class MissingDependencyError(NeuralStyleError, ImportError):
    """An optional package that this operation needs is not installed."""


@contextmanager
def needing(package: str, extra: str = "style") -> Iterator[None]:
    """Turn a failed import of `package` into a `MissingDependencyError` with its remedy.

    Args:
        package: The package's name as people know it.
        extra: The extra of this project that installs it.
    """
    try:
        yield
    except ImportError as error:
        raise MissingDependencyError(
            f"expected {package} to be installed, but its import failed ({error})",
            remedy=install_remedy(extra),
        ) from error


def install_remedy(*extras: str) -> str:
    """Return the remedy for a missing package: the command that installs these extras.

    Without an active environment, the project's own is to be activated first, if it was made.
    """
    remedy = f"run {_name_python()} -m pip install '.[{','.join(extras)}]' in the project's folder"
    if sys.prefix == sys.base_prefix and _ACTIVATE.is_file():
        how = str(_ACTIVATE) if os.name == "nt" else f". {shlex.quote(str(_ACTIVATE))}"
        remedy = f"activate the environment ({how}), or {remedy}"
    return remedy


def _name_python() -> str:
    """Return how a shell starts the Python that runs this: by its name only if that finds it."""
    running = os.path.abspath(sys.executable)
    found = shutil.which("python")
    return "python" if found and os.path.abspath(found) == running else shlex.quote(running)
