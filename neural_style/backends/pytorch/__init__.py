"""PyTorch as a backend: accelerators, and the CPU where nothing else paints."""

from .devices import find_device, has_bf16, list_alike, total_memory
from .style import TorchStyle

__all__ = ["TorchStyle", "find_device", "has_bf16", "list_alike", "total_memory"]
