"""The family of networks that are painted, as one description.

All are networks of Johnson et al., https://arxiv.org/abs/1603.08155, with nearest upsampling. The
layers, in order, with reflection padding before each convolution:

- `conv1` (9x9), `conv2` and `conv3` (3x3, stride 2), each followed by a norm (`in1` to `in3`) and
  a ReLU;
- residual blocks, `res1` and so on: `conv1`, `in1`, ReLU, `conv2`, `in2`, plus their input;
- `deconv1` and `deconv2` (doubling, 3x3), each followed by a norm (`in4`, `in5`) and a ReLU;
- `deconv3` (9x9), followed by `in6` where there is one.

A norm is an instance normalization over a picture, with epsilon 1e-5, scale and shift. A layer
without its norm applies its bias and ReLU alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

Shape = tuple[int, ...]
Channels = tuple[int, int, int, int, int]

EPSILON = 1e-5
"""What each norm adds to the variance."""

OFFICIAL_CHANNELS: Channels = (32, 64, 128, 64, 32)
"""Those of the models that the PyTorch examples publish."""

OFFICIAL_BASE_WIDTH = OFFICIAL_CHANNELS[0]
"""The base width of these models."""

OFFICIAL_BLOCKS = 5
"""The number of their residual blocks."""

LAST_NORM = "in6"
"""The norm after `deconv3`; official models have none there."""

COLORS = 3

_FIRST_SIDE, _SIDE = 9, 3  # of the kernels of the first and the last convolution, and of the others


class Layer(NamedTuple):
    """A convolution with a bias, and the norm that may follow it."""

    convolution: str
    outputs: int
    inputs: int
    kernel_side: int
    norm: str


@dataclass(frozen=True)
class NetworkDescription:
    """Everything about a network but the values of its parameters."""

    channels: Channels = OFFICIAL_CHANNELS
    """Outputs of `conv1`, `conv2`, `conv3` (and of all residual blocks), `deconv1`, `deconv2`."""
    blocks: int = OFFICIAL_BLOCKS
    """The number of residual blocks, at least 1."""
    unnormalized: frozenset[str] = frozenset({LAST_NORM})
    """The norms that are missing."""
    styles: int = 1
    """With more than one, each norm has a scale and a shift for each style: [styles, channels]."""
    output: Literal["levels", "sigmoid"] = "levels"
    """How levels come from the last layer's y: y itself, clamped to 0..255, fractions cut off; or
    255 * sigmoid(y), rounded to the nearest level."""
    input_levels: Literal[255, 1] = 255
    """The value that stands for white in what `conv1` sees: a level, or a level / 255."""

    @property
    def base_width(self) -> int:
        """The number of channels after the first convolution."""
        return self.channels[0]

    @property
    def full_width(self) -> int:
        """The base width of an official network whose layers are at least as large as these."""
        first, second, third, fourth, fifth = self.channels
        return max(first, -(-second // 2), -(-third // 4), -(-fourth // 2), fifth)

    @property
    def has_official_ends(self) -> bool:
        """Whether names and shapes of the parameters say all: norms, input and output are official.

        Only such a network can be stored in a file that has no metadata.
        """
        official = NetworkDescription()
        return (self.unnormalized, self.output, self.input_levels) == (
            official.unnormalized,
            official.output,
            official.input_levels,
        )

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The convolutions in the order in which the network applies them."""
        return tuple(self._walk())

    @property
    def norms(self) -> tuple[str, ...]:
        """The names of the norms that are there, in order."""
        names = (layer.norm for layer in self.layers)
        return tuple(name for name in names if name not in self.unnormalized)

    def _walk(self) -> Iterator[Layer]:
        first, second, third, fourth, fifth = self.channels
        yield Layer("conv1", first, COLORS, _FIRST_SIDE, "in1")
        yield Layer("conv2", second, first, _SIDE, "in2")
        yield Layer("conv3", third, second, _SIDE, "in3")
        for block in range(1, self.blocks + 1):
            for part in (1, 2):
                yield Layer(f"res{block}.conv{part}", third, third, _SIDE, f"res{block}.in{part}")
        yield Layer("deconv1", fourth, third, _SIDE, "in4")
        yield Layer("deconv2", fifth, fourth, _SIDE, "in5")
        yield Layer("deconv3", COLORS, fifth, _FIRST_SIDE, LAST_NORM)


def official_description(base_width: int) -> NetworkDescription:
    """Return the description of a network like the official ones, of another base width."""
    double, quadruple = 2 * base_width, 4 * base_width
    return NetworkDescription((base_width, double, quadruple, double, base_width))


def parameter_shapes(description: NetworkDescription) -> dict[str, Shape]:
    """Return the shapes of all parameters of a network by name, in order."""
    shapes: dict[str, Shape] = {}
    for convolution, outputs, inputs, side, norm in description.layers:
        shapes[f"{convolution}.conv2d.weight"] = (outputs, inputs, side, side)
        shapes[f"{convolution}.conv2d.bias"] = (outputs,)
        if norm not in description.unnormalized:
            styles = (description.styles,) if description.styles > 1 else ()
            shapes[f"{norm}.weight"] = shapes[f"{norm}.bias"] = (*styles, outputs)
    return shapes
