"""Console output and exit codes. A failed write never stops the work."""

from __future__ import annotations

import enum
import os
import shutil
import sys
from contextlib import suppress
from typing import TextIO

from .errors import OutputError
from .text import escape_controls

_COLORS = {"error: ": 31, "failed: ": 31, "note: ": 33}
"""The colors of the words that begin a line, as parameters of ECMA-48, 8.3.117 (SGR)."""


class ExitCode(enum.IntEnum):
    """The exit codes of a command."""

    DONE = 0
    """Everything succeeded."""
    FAILED = 1
    """Something failed; a line on standard error says what and why."""
    USAGE = 2
    """The command line or a setting is wrong. argparse and click use the same code."""
    INTERRUPTED = 130
    """Ctrl-C: 128 plus the number of SIGINT, as shells report it."""


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a stream is a terminal whose lines can be erased and drawn again."""
    if stream is None or os.environ.get("TERM", "").lower() in ("dumb", "unknown"):
        return False
    try:
        return stream.isatty()
    except ValueError:  # closed by this program
        return False


def is_colored(stream: TextIO | None) -> bool:
    """Return whether a stream is a terminal, and NO_COLOR is not set (https://no-color.org)."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR")


def say(text: str, stream: TextIO | None, end: str = "\n", is_drawn: bool = False) -> bool:
    """Write text to a stream and flush it.

    Controls, changes of text direction, and characters that the stream's encoding lacks are written
    as escapes. On a terminal, the word that begins an error or a note has a color.

    Args:
        text: The text.
        stream: The stream; None if it was closed before the program started.
        end: What follows the text.
        is_drawn: Whether the text has controls that this program chose, and no others.

    Returns:
        True if the text was written. A closed pipe (``| head``) counts as success.
    """
    if stream is None:
        return False
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        safe = text if is_drawn else escape_controls(text)
        shown = _color(safe, stream).encode(encoding, "backslashreplace").decode(encoding)
        print(shown, end=end, file=stream, flush=True)
    except (BlockingIOError, ValueError):  # full at the moment, or closed by this program
        return False
    except OSError as error:  # a closed pipe, or a full disk
        _redirect_to_null(stream)
        return isinstance(error, BrokenPipeError)
    return True


def answer(text: str, is_drawn: bool = False) -> None:
    """Write a command's result to standard output.

    Args:
        text: The result.
        is_drawn: As for `say`.

    Raises:
        OutputError: Standard output cannot be written.
    """
    if not say(text, sys.stdout, is_drawn=is_drawn):
        raise OutputError(
            "standard output cannot be written", remedy="check where it is redirected to"
        )


def answer_bytes(path: str | os.PathLike[str]) -> None:
    """Write the content of a file to standard output, as a command's whole result.

    A closed pipe (``| head``) counts as success.

    Raises:
        OutputError: Standard output cannot be written.
    """
    stream = sys.stdout
    try:
        if stream is None:
            raise ValueError("closed before the program started")
        with open(path, "rb") as file:
            shutil.copyfileobj(file, stream.buffer)
        stream.buffer.flush()
    except BrokenPipeError:
        _redirect_to_null(stream)
    except (OSError, ValueError) as error:
        if stream is not None:
            _redirect_to_null(stream)
        raise OutputError(
            "standard output cannot be written", remedy="check where it is redirected to"
        ) from error


def _color(text: str, stream: TextIO) -> str:
    for word, color in _COLORS.items():
        if text.startswith(word) and is_colored(stream):
            length = len(word.rstrip())
            return f"\x1b[{color}m{text[:length]}\x1b[0m{text[length:]}"
    return text


def _redirect_to_null(stream: TextIO) -> None:
    """Drop the stream's output from now on, so that the flush at exit does not fail, too."""
    with suppress(AttributeError, OSError), open(os.devnull, "wb") as null:
        os.dup2(null.fileno(), stream.fileno())
