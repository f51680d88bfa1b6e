"""File permissions that bind root too, as CI runs the tests as root."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

# CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, which let root ignore file permissions.
_OVERRIDING = 1 << 1 | 1 << 2

# _LINUX_CAPABILITY_VERSION_3, for which capget(2) takes two sets of three words.
_CAPABILITY_VERSION = 0x20080522


@contextmanager
def enforce_permissions() -> Iterator[None]:
    """Make file permissions bind the calling thread inside a `with` statement.

    The test is skipped where that is impossible.
    """
    if not hasattr(os, "geteuid"):
        pytest.skip("this system has no POSIX permissions")
    if os.geteuid() != 0:
        yield
        return
    if not sys.platform.startswith("linux"):
        pytest.skip("root ignores permissions here; run the tests as another user")
    before = _exchange_capabilities(None)
    effective, *others = before
    _exchange_capabilities([effective & ~_OVERRIDING, *others])
    try:
        yield
    finally:
        _exchange_capabilities(before)


def _exchange_capabilities(sets: list[int] | None) -> list[int]:
    """Read the calling thread's capabilities, or set them.

    Args:
        sets: Effective, permitted and inheritable capabilities; then the same for those numbered 32
            and above (capget(2)). None reads them.
    """
    library = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    data = (ctypes.c_uint32 * 6)(*(sets or []))
    if (library.capset if sets else library.capget)(header, data) != 0:
        raise OSError(ctypes.get_errno(), "the capabilities cannot be read or set")
    return list(data)
