"""Calls into libraries without their warnings, from any number of threads."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from .shared import shared


@shared
@contextmanager
def suppress_warnings() -> Iterator[None]:
    """Ignore the warnings of all threads until the last active block ends. Thread-safe."""
    with warnings.catch_warnings(record=True):  # also those that a library always shows
        warnings.simplefilter("ignore")
        yield
