"""The engine in C++, which paints on the CPU: whether it is here, and with which kernel.

The installation compiles `_core`, and goes on without it where there is no compiler. How it works
is told in docs/engine.md.
"""

from __future__ import annotations

import os

from csci_utils.text import one_line

from ..errors import DeviceError
from ..options import EXACT, FAST

try:
    from ._core import exact_kernels, fast_kernels
except ImportError as error:
    _import_error: ImportError | None = error
else:
    _import_error = None

KERNEL_VARIABLE = "NEURAL_STYLE_KERNEL"
"""Names the kernel to use, in place of the best one."""


def find_obstacle() -> str | None:
    """Why the engine cannot paint; None if it can."""
    if _import_error is None:
        return None
    return f"the C++ engine is not installed ({one_line(str(_import_error))})"


def list_kernels(precision: str) -> list[str]:
    """The kernels for `precision` that this processor can run, the best one first.

    Not every processor has one for `FAST`.
    """
    return fast_kernels() if precision == FAST else exact_kernels()


def choose_kernel(precision: str) -> str:
    """The kernel that `KERNEL_VARIABLE` names, or else the best one for `precision`.

    Raises:
        DeviceError: the variable names one that this processor cannot run.
    """
    exact, fast = list_kernels(EXACT), list_kernels(FAST)
    forced = os.environ.get(KERNEL_VARIABLE)
    if not forced:
        return (fast + exact if precision == FAST else exact)[0]
    if forced not in exact + fast:
        raise DeviceError(
            f"expected in {KERNEL_VARIABLE} one of {', '.join(exact + fast)}, which this processor "
            f"can run, got {forced!r}; change it, or leave it out for the best one"
        )
    return forced
