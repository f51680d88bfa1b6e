"""The compiled engine.

The extension module is installed beside the package, not inside it. Copies of the package that
contain only Python files, as in packaged styles, find it there.
"""

from __future__ import annotations

from _neural_style_engine import (
    Network,
    NotFiniteError,
    Style,
    exact_kernels,
    fast_kernels,
)

__all__ = [
    "Network",
    "NotFiniteError",
    "Style",
    "exact_kernels",
    "fast_kernels",
]
