"""What the command line says, and what it ends with. That it cannot be written ends no work."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TextIO

from .errors import OutputError

EXIT_FAILURE = 1  # argparse itself ends with 2 when the command line is wrong
EXIT_NO_STYLE = 3  # of `inspect`: it could look at the file, which is no style
EXIT_INTERRUPTED = 130  # what shells make of SIGINT


def say(text: str, stream: TextIO | None, end: str = "\n") -> bool:
    """Write `text` and `end` to `stream`, and tell whether that was possible.

    Whoever stops reading, as `head` does, wanted no more: that counts as written.

    Args:
        stream: None where it was closed when this program began.
    """
    if stream is None:
        return False
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        # Names of files have characters that not every terminal's encoding has.
        shown = text.encode(encoding, "backslashreplace").decode(encoding)
        print(shown, end=end, file=stream, flush=True)
    except (BlockingIOError, ValueError):  # it takes no more now, or was closed by this program
        return False
    except OSError as error:  # nobody reads it any more, or the disk is full
        _forget(stream)
        return isinstance(error, BrokenPipeError)
    return True


def answer(text: str) -> None:
    """Write to stdout what a command was asked for.

    Raises:
        OutputError: that cannot be written.
    """
    if not say(text, sys.stdout):
        raise OutputError("standard output cannot be written", remedy="check where it leads")


def _forget(stream: TextIO) -> None:
    """Lead `stream` nowhere: what it holds could not be written at the end either."""
    with suppress(AttributeError, OSError), open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())
