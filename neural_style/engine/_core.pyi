"""The compiled engine: see module.cpp."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

PASSES: int
SMALLEST_SIDE: int

class NotFiniteError(ArithmeticError): ...

def exact_kernels() -> list[str]: ...
def fast_kernels() -> list[str]: ...
def emulated_kernels() -> list[str]: ...

class Network:
    def __init__(self, tensors: Mapping[str, NDArray[np.float32]], kernel: str) -> None: ...
    @property
    def kernel(self) -> str: ...
    def arena_bytes(self, height: int, width: int) -> int: ...
    def paint(
        self,
        picture: NDArray[np.uint8],
        painted: NDArray[np.uint8],
        arena: NDArray[np.uint8],
        threads: int,
        progress: Callable[[int, int], None] | None = None,
    ) -> None: ...
