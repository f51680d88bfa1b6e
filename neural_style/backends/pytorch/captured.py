"""Replaying what a network launches on a GPU, for pictures of a size that comes again and again."""

from __future__ import annotations

import torch
from torch import Tensor

from ...networks.weights import Weights
from .networks import DeviceNetwork

_CALLS_BEFORE = 2
"""How often a shape is painted before it is captured: a few pictures are not worth it, and what is
launched for the first time compiles kernels and chooses algorithms, which no graph can hold."""


class CapturedNetwork:
    """A network on CUDA whose launches become one.

    Python takes 2 ms to launch some eighty kernels, as long as a GPU takes to paint four pictures
    of 512x512. Between any two of them it may have to wait for the threads that decode and encode.
    See https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs. It is for one thread at a
    time, and its results are valid until the next call.
    """

    def __init__(self, network: DeviceNetwork) -> None:
        """Capture nothing yet."""
        self._network = network
        self._can_capture = True
        self._shape: torch.Size | None = None
        self._calls = 0
        self._graph: torch.cuda.CUDAGraph | None = None
        self._pictures: Tensor | None = None
        self._results: tuple[Tensor, Tensor] | None = None

    def __call__(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Paint pictures: see `DeviceNetwork`."""
        count = len(pictures)
        if not self._has_room_for(pictures.shape):
            self._shape, self._calls = pictures.shape, 0
            self._graph = self._pictures = self._results = None  # its memory is needed for others
        self._calls += 1
        is_due = self._calls > _CALLS_BEFORE and pictures.shape == self._shape
        if self._graph is None and self._can_capture and is_due:
            try:
                self._capture(pictures)
            except RuntimeError:  # for lack of memory, too: a graph's memory is its own
                self._can_capture, self._graph = False, None
        if self._graph is None or self._pictures is None or self._results is None:
            return self._network(pictures)
        self._pictures[:count].copy_(pictures)
        self._graph.replay()
        painted, is_broken = self._results
        return painted[:count], is_broken[:count]

    def set_norms(self, norms: Weights) -> None:
        """Replace scales and shifts, where what was captured reads them: see `DeviceNetwork`."""
        self._network.set_norms(norms)

    def _has_room_for(self, shape: torch.Size) -> bool:
        """Return whether pictures are painted as the last ones: as many of them, or some fewer."""
        if self._shape is None or shape[1:] != self._shape[1:]:
            return False
        count, most = shape[0], self._shape[0]
        return most / 2 < count <= most

    def _capture(self, pictures: Tensor) -> None:
        self._pictures = pictures.clone()
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            self._network(self._pictures)
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._results = self._network(self._pictures)
        self._graph = graph
