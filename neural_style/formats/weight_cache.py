"""Weights of PyTorch's checkpoints, kept as safetensors: reading those takes no PyTorch.

An entry is found by the SHA-256 of the checkpoint's bytes, and its name has that of its own bytes,
too: one that was damaged is not taken for weights.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np

from csci_utils.files import read_file

from ..errors import MissingDependencyError, StyleError
from .model_file import MAX_STYLE_BYTES
from .safetensors_file import decode_weights
from .weights import Weights

CACHE_VARIABLE = "NEURAL_STYLE_CACHE"
"""Names the cache folder, in place of the platform's."""

_SUFFIX = ".v2.safetensors"
"""Ends the names of entries. Older ones, which are not read, may have weights in a wrong order."""


def cache_folder() -> Path:
    """Where entries are kept; it need not exist.

    Raises:
        RuntimeError: this user has no home folder.
    """
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library/Caches"
    else:
        # Only an absolute path counts: https://specifications.freedesktop.org/basedir-spec.
        named = os.environ.get("XDG_CACHE_HOME", "")
        base = named if os.path.isabs(named) else Path.home() / ".cache"
    return Path(base, "neural_style")


def load_cached(checkpoint: bytes) -> Weights | None:
    """The weights that were kept for these bytes of a file; None if there are none.

    An entry that is damaged is removed.
    """
    try:
        for path in cache_folder().glob(f"{_digest(checkpoint)}-*{_SUFFIX}"):
            with suppress(OSError, StyleError):
                data = read_file(path, StyleError, MAX_STYLE_BYTES)
                if path.name == _name(checkpoint, data):
                    return decode_weights(data)
                path.unlink()
    except (MissingDependencyError, OSError, RuntimeError):
        pass  # the checkpoint itself is there
    return None


def keep(checkpoint: bytes, weights: Weights) -> None:
    """Keep `weights` for these bytes of a file, if the cache can be written."""
    temporary_path = None
    try:
        from safetensors.numpy import save

        # Of strided arrays it would write the memory as it lies.
        data = save({name: np.ascontiguousarray(value) for name, value in weights.items()})
        folder = cache_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary_path = folder / f".{secrets.token_hex(8)}"
        temporary_path.write_bytes(data)
        os.replace(temporary_path, folder / _name(checkpoint, data))
    except (ImportError, OSError, RuntimeError):
        pass  # the next start takes as long as this one
    finally:
        if temporary_path is not None:
            with suppress(OSError):
                temporary_path.unlink(missing_ok=True)


def measure_cache() -> tuple[int, int]:
    """How many checkpoints are kept, and in how many bytes."""
    sizes = []
    with suppress(OSError, RuntimeError):
        for path in cache_folder().glob(f"*{_SUFFIX}"):
            with suppress(OSError):
                sizes.append(path.stat().st_size)
    return len(sizes), sum(sizes)


def _name(checkpoint: bytes, entry: bytes) -> str:
    return f"{_digest(checkpoint)}-{_digest(entry)}{_SUFFIX}"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
