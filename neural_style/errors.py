"""What can go wrong, each as one line: what was expected, what came, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike

INSTALL_COMMAND = "pip install '.[{extra}]' in the project's folder"

_LONGEST_MESSAGE = 1000  # characters; a hostile file chooses some of them


class NeuralStyleError(Exception):
    """Base of all errors that this package raises on purpose; the message is one printable line."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


class PictureError(NeuralStyleError, ValueError):
    """A picture that cannot be read, converted, resized or written."""


class StyleError(NeuralStyleError, ValueError):
    """A style file that is no style, or a style number that it does not have."""


class DeviceError(NeuralStyleError, RuntimeError):
    """A device that is not there, or one whose memory does not hold the picture."""


class TrainingError(NeuralStyleError, RuntimeError):
    """A training that cannot begin, go on or be resumed."""


class MissingDependencyError(NeuralStyleError, ImportError):
    """An optional package that this kind of style needs is not installed."""


@contextmanager
def naming(path: str | PathLike[str]) -> Iterator[None]:
    """Put the name of the file in front of any `NeuralStyleError` raised inside.

    The steps that read bytes know no file names; whoever knows the name wraps them in this.
    """
    try:
        yield
    except NeuralStyleError as error:
        raise type(error)(f"{path}: {error}") from error.__cause__


@contextmanager
def needing(package: str, extra: str = "style") -> Iterator[None]:
    """Turn a failed import of `package` into a `MissingDependencyError` with its remedy.

    Args:
        package: as people call it.
        extra: the extra of this project that brings it.
    """
    try:
        yield
    except ImportError as error:
        raise MissingDependencyError(
            f"expected {package} to be installed, but its import failed ({error}); "
            f"run: {INSTALL_COMMAND.format(extra=extra)}"
        ) from error


def one_line(text: str) -> str:
    """`text` on a single printable line of bounded length, whatever a file put into it."""
    line = " ".join(text.split())
    printable = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)
    if len(printable) <= _LONGEST_MESSAGE:
        return printable
    return printable[: _LONGEST_MESSAGE - 3] + "..."
