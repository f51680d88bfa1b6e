"""ONNX graphs as styles, painted by OpenVINO on the CPU in a process of their own.

So are graphs painted that no network is recognized in: see `formats.onnx_network`. Two kinds of
graphs are styles:

- One style: one input and one output, both 1 x 3 x H x W in 0..255.
- Many styles: the inputs `image`, 1 x 3 x H x W in 0..1, and `style_weights`, one weight per style;
  one output, 1 x 3 x H' x W' in 0..1.

OpenVINO sees a graph only after `formats.onnx_gate` has checked it, and a picture only after the
graph was checked for its size.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from os import PathLike

import numpy as np

from csci_utils.errors import at_path

from ..errors import DeviceError
from ..formats.onnx_gate.gate import CheckedGraph
from ..options import RenderingOptions
from ..pictures.arrays import Colors
from .base import Progress, Style
from .graph_process import GraphProcess

_SIZES_KEPT = 16

if find_spec("openvino") is None:  # the process needs it, this module does not
    raise ImportError("No module named 'openvino'")


class OnnxStyle(Style):
    """An ONNX style.

    The numbered styles of a file share one process, which paints one picture at a time.
    """

    def __init__(
        self, path: str | PathLike[str], graph: CheckedGraph, options: RenderingOptions
    ) -> None:
        """Start the process of a graph that was checked.

        Raises:
            StyleError: OpenVINO cannot prepare it.
            DeviceError: Another device than the CPU is asked for.
        """
        with at_path(path):
            if options.device not in ("cpu", "auto"):
                raise DeviceError(
                    "an ONNX graph of an unknown network runs on the CPU, not on "
                    f"{options.device!r}",
                    remedy="use the device cpu or auto",
                )
        super().__init__(path, graph.styles)
        self.engine = "OpenVINO"
        # The photographs of a folder often share a size.
        self._check_size = lru_cache(_SIZES_KEPT)(graph.check_size)
        self._process = GraphProcess(self.path, graph, options)

    def paint_colors(self, colors: Colors, progress: Progress | None) -> Colors:
        """Check the graph for this size, and let its process paint."""
        height, width, _ = colors.shape
        cost = self._check_size(height, width)
        painted = self._process.paint(colors, self.mix, cost)
        return np.ascontiguousarray(painted)

    def release(self) -> None:
        """Forget the graph that was compiled for the last size."""
        self._process.release()
