"""The compiled engine, a module beside this package: so a copy of the package finds it, too.

A packaged style carries such a copy, of Python files alone.
"""

from _neural_style_engine import (
    Network,
    NotFiniteError,
    count_units,
    exact_kernels,
    fast_kernels,
)

__all__ = [
    "Network",
    "NotFiniteError",
    "count_units",
    "exact_kernels",
    "fast_kernels",
]
