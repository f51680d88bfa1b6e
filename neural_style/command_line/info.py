"""The backend that paints on this machine, and the resources that it has."""

from __future__ import annotations

from importlib import metadata
from importlib.util import find_spec

from csci_utils.text import format_size

from ..engine import KERNEL_VARIABLE, choose_kernel, find_obstacle, list_kernels
from ..errors import install_remedy
from ..options import EXACT, FAST
from ..system.resources import available_memory, count_threads

_ABSENT = "not installed"


def describe(device: str | None = None) -> list[tuple[str, str]]:
    """Return lines to display, each a name and its description.

    Nothing heavy is imported, except PyTorch if a `device` is asked for.

    Args:
        device: The device to ask PyTorch for, as `load` takes it.

    Raises:
        DeviceError: The device does not exist, or the kernel that the environment names cannot run
            here.
        MissingDependencyError: A device is asked for, and PyTorch is not installed.
    """
    lines = [*_describe_engine(), ("threads", str(count_threads()))]
    free = available_memory()
    lines.append(("memory", "unknown" if free is None else f"{format_size(free)} available"))
    lines.append(("OpenVINO", _version("openvino")))
    lines.append(("PyTorch", _version("torch")))
    if device is not None:
        lines.append(("device", _find_device(device)))
    return lines


def _describe_engine() -> list[tuple[str, str]]:
    obstacle = find_obstacle()
    if obstacle is not None:
        return [("engine", f"{_name_replacement()}: {obstacle}")]
    fast = list_kernels(FAST)
    lines = [
        ("engine", "C++"),
        ("exact", _describe_kernel(EXACT)),
        ("fast", _describe_kernel(FAST) if fast else "the same: this processor has no bf16 tiles"),
        ("kernels", f"{', '.join(list_kernels(EXACT) + fast)} ({KERNEL_VARIABLE} names one)"),
    ]
    return lines


def _describe_kernel(precision: str) -> str:
    chosen, best = choose_kernel(precision), list_kernels(precision)[0]
    return f"kernel {chosen}" + ("" if chosen == best else f", as {KERNEL_VARIABLE} says")


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return _ABSENT


def _name_replacement() -> str:
    """Return what paints checkpoints where the engine is not installed."""
    for package, name in (("openvino", "OpenVINO"), ("torch", "PyTorch")):
        if find_spec(package) is not None:
            return name
    return f"none ({install_remedy('style')})"


def _find_device(name: str) -> str:
    from ..backends.loading import find_accelerator

    return str(find_accelerator(name) or "cpu")
