"""The messages of libtiff, which Pillow decodes compressed TIFF files with."""

from __future__ import annotations

import ctypes
from functools import cache

from PIL import _imaging


@cache
def silence_libtiff() -> None:
    """Keep libtiff from printing about damaged files on standard error, from now on.

    Pillow has no function for this. The handlers belong to the process and not to a thread; that
    decoding failed is still told by return values. Where Pillow's libtiff is not a library of its
    own, as on Windows, nothing changes.
    """
    try:
        pillow = ctypes.CDLL(_imaging.__file__)
        set_handlers = pillow.TIFFSetErrorHandler, pillow.TIFFSetWarningHandler
    except (AttributeError, OSError):
        return
    for set_handler in set_handlers:
        set_handler.argtypes, set_handler.restype = [ctypes.c_void_p], ctypes.c_void_p
        set_handler(None)
