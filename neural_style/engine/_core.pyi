"""The compiled engine: see module.cpp."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

class NotFiniteError(ArithmeticError): ...

def exact_kernels() -> list[str]: ...
def fast_kernels() -> list[str]: ...
def count_units(height: int, width: int) -> int: ...

class Network:
    def __init__(self, tensors: dict[str, NDArray[np.float32]], kernel: str) -> None: ...
    def arena_bytes(self, height: int, width: int) -> int: ...
    def paint(
        self,
        picture: NDArray[np.uint8],
        painted: NDArray[np.uint8],
        arena: NDArray[np.uint8],
        threads: int,
        progress: Callable[[int, int], None] | None = None,
    ) -> None: ...
