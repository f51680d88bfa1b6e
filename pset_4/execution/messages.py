"""Describe errors so that a person can act on them."""

from __future__ import annotations

import os

from csci_utils.errors import DescribedError, find_remedy
from csci_utils.text import one_line

from ..errors import PipelineError


def describe_error(error: BaseException) -> DescribedError:
    """Return an error of ours as it is, one of the system with a remedy, and any other by its type.

    Nothing that a server or a file says reaches the terminal unescaped.
    """
    if isinstance(error, DescribedError):
        return error
    # The numbers of other modules' errors, such as ssl's, are numbers of their own.
    if isinstance(error, OSError) and type(error).__module__ == "builtins" and error.strerror:
        return _describe_refusal(error)
    text = one_line(str(error))
    if text and isinstance(error, OSError):
        return PipelineError(text)
    return PipelineError(
        f"{type(error).__name__}: {text}", remedy="run with --debug for the traceback"
    )


def _describe_refusal(error: OSError) -> PipelineError:
    path = error.filename2 or error.filename  # the second is where something was to be moved to
    return PipelineError(
        error.strerror or "",
        path=os.fsdecode(path) if isinstance(path, (str, bytes)) else None,
        remedy=find_remedy(error),
    )
