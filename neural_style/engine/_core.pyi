"""The compiled engine; `module.cpp` defines it."""

from collections.abc import Callable, Sequence, Set

import numpy as np
from numpy.typing import NDArray

class NotFiniteError(ArithmeticError):
    """The painted picture has NaN or infinite values."""

def exact_kernels() -> list[str]:
    """Return the fp32 kernels that this processor can run, the fastest first."""

def fast_kernels() -> list[str]:
    """Return the bf16 kernels that this processor can run, the fastest first."""

class Network:
    """The filters of a style file, packed for one kernel. It is immutable: threads may share it."""

    def __init__(
        self,
        tensors: dict[str, NDArray[np.float32]],
        kernel: str,
        channels: Sequence[int],
        blocks: int,
        unnormalized: Set[str],
        has_sigmoid: bool,
    ) -> None:
        """Pack the filters of a state dict; they are copied.

        Args:
            tensors: Parameters by name, such as ``conv1.conv2d.weight``. Only these are read.
            kernel: The kernel that paints.
            channels: After conv1, conv2, conv3 (and all residual layers), deconv1 and deconv2.
            blocks: The number of residual blocks.
            unnormalized: The norms, such as ``in6``, in whose place is a bias.
            has_sigmoid: Whether the picture is 255 times the sigmoid of the last layer's values, or
                these values.

        Raises:
            KeyError: A tensor is missing.
            TypeError: A tensor is not fp32 in C order.
            ValueError: A tensor has the wrong size, there are no such networks, or the processor
                cannot run the kernel.
        """

    def arena_bytes(self, height: int, width: int) -> int:
        """Return the size of the working memory that a picture needs."""

    def count_units(self, height: int, width: int) -> int:
        """Return how many threads can work on a picture at the same time."""

class Style:
    """A network with what follows its filters in one style. It is small, and immutable, too."""

    def __init__(self, network: Network, tensors: dict[str, NDArray[np.float32]]) -> None:
        """Read the norms of a style; they are copied.

        Args:
            network: The network.
            tensors: Parameters by name. Read are scale and shift of each norm, such as
                ``in1.weight`` and ``in1.bias``, of one number per channel. Where there is no norm,
                the filter's bias is read, such as ``conv1.conv2d.bias``; a missing one is zero.

        Raises:
            KeyError: A tensor is missing.
            TypeError: A tensor is not fp32 in C order.
            ValueError: A tensor has the wrong size.
        """

    @property
    def network(self) -> Network:
        """The network, which lives as long as its styles."""

    def paint(
        self,
        picture: NDArray[np.uint8],
        painted: NDArray[np.uint8],
        arena: NDArray[np.uint8],
        threads: int,
        progress: Callable[[int, int], None] | None = None,
        check: Callable[[], None] | None = None,
    ) -> None:
        """Paint a picture, without the GIL.

        Args:
            picture: RGB, [height, width, 3], contiguous, at least 5 pixels on each side.
            painted: An array of the same shape, which receives the result.
            arena: `Network.arena_bytes` bytes; their values do not matter.
            threads: The number of threads, at least 1.
            progress: Called in this thread with the passes done and their total. What it raises
                cancels the painting.
            check: Called in this thread several times a second. What it raises cancels the
                painting.

        Raises:
            NotFiniteError: The painted picture has NaN or infinite values.
            MemoryError: The threads' working memory cannot be allocated.
            ValueError: The arguments do not fit together.
            TypeError: An array has the wrong shape, type or order.
        """
