"""The errors of this package; each is a `NeuralStyleError`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from csci_utils.errors import DescribedError


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
    """Return the remedy for a missing package: the command that installs these extras."""
    return f"run pip install '.[{','.join(extras)}]' in the project's folder"
