"""A cache of the weights in PyTorch's checkpoints, because reading those takes PyTorch.

An entry is a safetensors file. Its name consists of the SHA-256 digests of the checkpoint, by which
it is found, and of the entry itself, by which a damaged entry is noticed. The cache only saves
time: no failure to read or write it is an error. A folder that other users can write to is not
used, because they could give a checkpoint other weights.
"""

from __future__ import annotations

import hashlib
import logging
import os
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
from platformdirs import user_cache_path

from csci_utils.files import find_other_writer, read_file, write_atomically

from ..errors import MissingDependencyError, StyleError
from .model_file import MAX_STYLE_BYTES
from .safetensors_file import decode_weights
from .weights import Weights

CACHE_VARIABLE = "NEURAL_STYLE_CACHE"
"""The environment variable that names the cache folder in place of the platform's."""

_LOGGER = logging.getLogger(__name__)

_SUFFIX = ".v2.safetensors"  # version 1, which is not read, may have weights in a wrong order


def cache_folder() -> Path:
    """Return the folder of the entries; it may not exist yet.

    Raises:
        RuntimeError: The user has no home folder.
    """
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else user_cache_path("neural_style", appauthor=False)


def load_cached(checkpoint: bytes) -> Weights | None:
    """Return the weights that are cached for the content of a checkpoint file; None if none are.

    A damaged entry is removed.
    """
    try:
        if not _is_trusted(cache_folder()):
            return None
        for path in cache_folder().glob(f"{_digest(checkpoint)}-*{_SUFFIX}"):
            with suppress(OSError, StyleError):
                data = read_file(path, StyleError, MAX_STYLE_BYTES)
                if path.name == _name(checkpoint, data):
                    return decode_weights(data)
                path.unlink()
    except (MissingDependencyError, OSError, RuntimeError):
        pass  # the caller reads the checkpoint itself
    return None


def keep(checkpoint: bytes, weights: Weights) -> None:
    """Cache `weights` for the content of a checkpoint file, if the cache can be written.

    The entry is written atomically.
    """
    with suppress(ImportError, OSError, RuntimeError):
        from safetensors.numpy import save

        # Of strided arrays, `save` would write the memory as it lies.
        data = save({name: np.ascontiguousarray(value) for name, value in weights.items()})
        folder = cache_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _is_trusted(folder):
            write_atomically(folder / _name(checkpoint, data), data)


def measure_cache() -> tuple[int, int]:
    """Return the number of cached checkpoints and their total size in bytes."""
    sizes = []
    with suppress(OSError, RuntimeError):
        for path in cache_folder().glob(f"[!.]*{_SUFFIX}"):  # temporary files begin with a dot
            with suppress(OSError):
                sizes.append(path.stat().st_size)
    return len(sizes), sum(sizes)


@cache
def _is_trusted(folder: Path) -> bool:
    """Return True if nobody else can write to a folder; log, once, that it is not used otherwise.

    Raises:
        OSError: It does not exist.
    """
    reason = find_other_writer(folder)
    if reason:
        _LOGGER.warning(
            "%s: not used as the cache of weights: %s; run chmod go-w on a folder of your own, or "
            "name another with %s",
            folder,
            reason,
            CACHE_VARIABLE,
        )
    return reason is None


def _name(checkpoint: bytes, entry: bytes) -> str:
    return f"{_digest(checkpoint)}-{_digest(entry)}{_SUFFIX}"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
