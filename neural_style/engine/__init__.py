"""The C++ engine for CPUs: whether it is installed, and which kernel it uses.

The installation compiles the engine where it finds a C++ compiler. `docs/engine.md` describes how
it works.
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
"""The environment variable that names the kernel to use instead of the fastest one."""


def find_obstacle() -> str | None:
    """Return the reason why the engine cannot paint, or None if it can."""
    if _import_error is None:
        return None
    return f"the C++ engine is not installed ({one_line(str(_import_error))})"


def list_kernels(precision: str) -> list[str]:
    """Return the kernels for `precision` that this processor can run, the fastest first.

    The list for `FAST` is empty on most processors.
    """
    return fast_kernels() if precision == FAST else exact_kernels()


def choose_kernel(precision: str) -> str:
    """Return the kernel that `KERNEL_VARIABLE` names, or the fastest one for `precision`.

    Without a kernel for `FAST`, the fastest exact one is returned.

    Raises:
        DeviceError: The variable names a kernel that this processor cannot run.
    """
    exact, fast = list_kernels(EXACT), list_kernels(FAST)
    forced = os.environ.get(KERNEL_VARIABLE)
    if not forced:
        return (fast + exact if precision == FAST else exact)[0]
    if forced not in exact + fast:
        raise DeviceError(
            f"expected {KERNEL_VARIABLE} to name a kernel that this processor can run "
            f"({', '.join(exact + fast)}), got {forced!r}",
            remedy="name one of these, or unset the variable to use the fastest one",
        )
    return forced
