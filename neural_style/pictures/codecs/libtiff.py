"""The messages that Pillow and libtiff print about damaged TIFF files."""

from __future__ import annotations

import ctypes
import logging
from functools import cache

from PIL import _imaging


@cache
def silence_tiff_decoders() -> None:
    """Keep Pillow and libtiff from printing on standard error, from now on.

    Pillow logs some errors before it raises them; a program that configures logging still gets
    them. libtiff prints through handlers, for which Pillow has no function. They belong to the
    process and not to a thread; that decoding failed is still told by return values. Where Pillow's
    libtiff is not a library of its own, as on Windows, it goes on printing.
    """
    logging.getLogger("PIL").addHandler(logging.NullHandler())
    try:
        pillow = ctypes.CDLL(_imaging.__file__)
        set_handlers = pillow.TIFFSetErrorHandler, pillow.TIFFSetWarningHandler
    except (AttributeError, OSError):
        return
    for set_handler in set_handlers:
        set_handler.argtypes, set_handler.restype = [ctypes.c_void_p], ctypes.c_void_p
        set_handler(None)
