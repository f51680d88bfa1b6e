"""The compiled engine; `module.cpp` defines it."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

class NotFiniteError(ArithmeticError):
    """The painted picture has NaN or infinite values."""

def exact_kernels() -> list[str]:
    """Return the fp32 kernels that this processor can run, the fastest first."""

def fast_kernels() -> list[str]:
    """Return the bf16 kernels that this processor can run, the fastest first."""

class Network:
    """A style's network, packed for one kernel. It is immutable and safe to share by threads."""

    def __init__(self, tensors: dict[str, NDArray[np.float32]], kernel: str) -> None:
        """Pack the tensors of a state dict; they are copied.

        Raises:
            KeyError: A tensor is missing.
            TypeError: A tensor is not fp32 in C order.
            ValueError: A tensor has the wrong size, or the processor cannot run the kernel.
        """

    def arena_bytes(self, height: int, width: int) -> int:
        """Return the size of the working memory that a picture needs."""

    def count_units(self, height: int, width: int) -> int:
        """Return how many threads can work on a picture at the same time."""

    def paint(
        self,
        picture: NDArray[np.uint8],
        painted: NDArray[np.uint8],
        arena: NDArray[np.uint8],
        threads: int,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Paint a picture, without the GIL.

        Args:
            picture: RGB, [height, width, 3], contiguous, at least 5 pixels on each side.
            painted: An array of the same shape, which receives the result.
            arena: `arena_bytes` bytes; their values do not matter.
            threads: The number of threads, at least 1.
            progress: Called in this thread with the passes done and their total. What it raises
                cancels the painting.

        Raises:
            NotFiniteError: The painted picture has NaN or infinite values.
            MemoryError: The threads' working memory cannot be allocated.
            ValueError: The arguments do not fit together.
            TypeError: An array has the wrong shape, type or order.
        """
