"""A `TransformerNet` for accelerators that Triton compiles for, several times as fast.

cuDNN convolves; all that lies between two convolutions is fused into three kernels. A layer is
written by its convolution, read to measure it, and read once more to be normalized, rectified,
upsampled and padded for the next one. PyTorch's own layers pass over it about ten times.
"""

from __future__ import annotations

import torch
import triton
from torch import Tensor
from torch.nn import functional

from ...networks.network import StyleNetwork
from ...networks.weights import Weights
from . import fused_kernels

_EPSILON = 1e-5  # that of `nn.InstanceNorm2d`
_COLORS = 3
_REACH = 4  # px, of the first and last filter, beyond a pixel
_COLUMNS = 2 * _REACH + 1
_COLUMN_CHANNELS = 32  # the colors of all columns, padded: tensor cores take channels by eights
_TILE = 4096  # values of a tile
_PARTS = 128  # of a picture that is measured, at most
_TILES_OF_PART = 4  # at least


class FusedNetwork:
    """The network in one precision on one device."""

    def __init__(self, network: StyleNetwork, device: torch.device, dtype: torch.dtype) -> None:
        """Move the weights to the device: see `make_network`."""
        self._device = device
        self._dtype = dtype
        self._blocks = network.description.blocks
        self._weights: dict[str, Tensor] = {}
        for name, array in network.weights.items():
            tensor = torch.tensor(array, device=device)  # a copy: norms are replaced in place
            if tensor.ndim == 4:
                tensor = _merge_colors(tensor).to(dtype, memory_format=torch.channels_last)
            self._weights[name] = tensor

    def __call__(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Paint pictures: see `DeviceNetwork`."""
        y = self._convolve("conv1", self._load(pictures))
        y = self._convolve("conv2", self._normalize("in1", y), stride=2)
        y = self._convolve("conv3", self._normalize("in2", y), stride=2)
        y = self._normalize("in3", y)
        for block in range(1, self._blocks + 1):
            skip = y
            y = self._convolve(f"res{block}.conv1", y)
            y = self._convolve(f"res{block}.conv2", self._normalize(f"res{block}.in1", y))
            scaling = 2 if block == self._blocks else 1
            y = self._normalize(f"res{block}.in2", y, scaling=scaling, rectifies=False, skip=skip)
        y = self._convolve("deconv1", y)
        y = self._convolve("deconv2", self._normalize("in4", y, scaling=2))
        y = self._convolve("deconv3", self._normalize("in5", y, margin=_REACH))
        return self._store(y)

    def set_norms(self, norms: Weights) -> None:
        """Replace scales and shifts in place: see `DeviceNetwork`."""
        for name, array in norms.items():
            self._weights[name].copy_(torch.from_numpy(array))

    def _convolve(self, name: str, layer: Tensor, stride: int = 1) -> Tensor:
        """Convolve a layer with its margin, without the bias, which comes later or cancels out."""
        weight = self._weights[f"{name}.conv2d.weight"]
        result = functional.conv2d(layer.permute(0, 3, 1, 2), weight, stride=stride)
        return result.permute(0, 2, 3, 1).contiguous()

    def _load(self, pictures: Tensor) -> Tensor:
        count, height, width, _ = pictures.shape
        rows = height + 2 * _REACH
        layer = self._new(count, rows, width, _COLUMN_CHANNELS)
        tile = _tile_of(width, _COLUMN_CHANNELS)
        fused_kernels.load_pictures[_cdiv(width, tile), rows, count](
            pictures,
            layer,
            height,
            width,
            columns=_COLUMNS,
            values=_COLUMNS * _COLORS,
            margin=_REACH,
            channels=_COLUMN_CHANNELS,
            tile_width=tile,
        )
        return layer

    def _normalize(
        self,
        name: str,
        layer: Tensor,
        *,
        margin: int = 1,
        scaling: int = 1,
        rectifies: bool = True,
        skip: Tensor | None = None,
    ) -> Tensor:
        count, height, width, channels = layer.shape
        affine = self._measure(name, layer)
        rows, columns = scaling * height + 2 * margin, scaling * width + 2 * margin
        result = self._new(count, rows, columns, channels)
        tile = _tile_of(columns, channels)
        fused_kernels.normalize[_cdiv(columns, tile), rows, count](
            layer,
            affine,
            layer if skip is None else skip,
            result,
            height,
            width,
            channels,
            margin=margin,
            scaling=scaling,
            rectifies=rectifies,
            has_skip=skip is not None,
            tile_width=tile,
            tile_channels=triton.next_power_of_2(channels),
        )
        return result

    def _measure(self, name: str, layer: Tensor) -> Tensor:
        """Return the scale and shift of a layer's normalization, N x 2 x channels, fp32."""
        count, height, width, channels = layer.shape
        pixels, tile_channels = height * width, triton.next_power_of_2(channels)
        tile = max(1, _TILE // tile_channels)
        part_tiles = max(_TILES_OF_PART, _cdiv(_cdiv(pixels, tile), _PARTS))
        parts = _cdiv(pixels, part_tiles * tile)
        sums = self._new(count, parts, 2, channels, dtype=torch.float32)
        fused_kernels.measure[parts, count](
            layer,
            sums,
            pixels,
            channels,
            part_tiles * tile,
            tile_pixels=tile,
            tile_channels=tile_channels,
        )
        affine = self._new(count, 2, channels, dtype=torch.float32)
        fused_kernels.fix[(count,)](
            layer,
            sums,
            self._weights[f"{name}.weight"],
            self._weights[f"{name}.bias"],
            affine,
            pixels,
            channels,
            parts,
            _EPSILON,
            tile_parts=triton.next_power_of_2(parts),
            tile_channels=tile_channels,
        )
        return affine

    def _store(self, layer: Tensor) -> tuple[Tensor, Tensor]:
        count, height, layer_width, channels = layer.shape
        width = layer_width - _COLUMNS + 1
        painted = self._new(count, height, width, _COLORS, dtype=torch.uint8)
        is_broken = torch.zeros(count, dtype=torch.int32, device=self._device)
        bias = self._weights["deconv3.conv2d.bias"]
        tile = _tile_of(width, channels)
        fused_kernels.store_pictures[_cdiv(width, tile), height, count](
            layer,
            bias,
            painted,
            is_broken,
            height,
            width,
            columns=_COLUMNS,
            channels=channels,
            tile_width=tile,
        )
        return painted, is_broken.bool()

    def _new(self, *shape: int, dtype: torch.dtype | None = None) -> Tensor:
        return torch.empty(shape, dtype=dtype or self._dtype, device=self._device)


def _merge_colors(weight: Tensor) -> Tensor:
    """Make the columns of a filter channels of their own, if its inputs or outputs are colors.

    With three channels, most of a tensor core would have nothing to do. So the first filter, 9 x 9
    for 3 inputs, becomes one of 9 x 1 for 27 inputs, and the last one 9 x 1 with 27 outputs.
    """
    outputs, inputs, height, width = weight.shape
    if inputs == _COLORS:  # [outputs][column][color][row]
        merged = weight.permute(0, 3, 1, 2).reshape(outputs, width * inputs, height)
        return functional.pad(merged, (0, 0, 0, _COLUMN_CHANNELS - width * inputs))[..., None]
    if outputs == _COLORS:  # [column][color][input][row]
        merged = weight.permute(3, 0, 1, 2).reshape(width * outputs, inputs, height)
        padding = (0, 0, 0, 0, 0, _COLUMN_CHANNELS - width * outputs)
        return functional.pad(merged, padding)[..., None]
    return weight


def _tile_of(columns: int, channels: int) -> int:
    """Return how many columns a tile covers: a power of two, no more than needed."""
    most = max(1, _TILE // triton.next_power_of_2(channels))
    return min(most, triton.next_power_of_2(columns))


def _cdiv(number: int, divisor: int) -> int:
    return -(-number // divisor)
