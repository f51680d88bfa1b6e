"""The network in PyTorch with less memory, for pictures that otherwise do not fit.

Convolutions run strip by strip and normalizations channel by channel. All else is PyTorch's, and so
is the result. The peak is the memory of the largest layer, with its input.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from neural_style.transformer_net import TransformerNet

_ROWS_AT_ONCE = 128


def paint(network: TransformerNet, pixels: Tensor) -> Tensor:
    """Compute what ``network(pixels)`` does.

    Args:
        network: Any `TransformerNet`.
        pixels: 1 x 3 x H x W, 0..255.

    Returns:
        1 x 3 x 4*ceil(H/4) x 4*ceil(W/4), as from `TransformerNet.forward`.
    """
    n: Any = network
    y = _normalize(n.in1, _convolve(n.conv1, pixels)).relu_()
    y = _normalize(n.in2, _convolve(n.conv2, y)).relu_()
    y = _normalize(n.in3, _convolve(n.conv3, y)).relu_()
    for residual in (n.res1, n.res2, n.res3, n.res4, n.res5):
        z = _normalize(residual.in1, _convolve(residual.conv1, y)).relu_()
        y += _normalize(residual.in2, _convolve(residual.conv2, z))
    y = _normalize(n.in4, _convolve(n.deconv1, y, scale=2)).relu_()
    y = _normalize(n.in5, _convolve(n.deconv2, y, scale=2)).relu_()
    return _convolve(n.deconv3, y)


def _convolve(layer: Any, x: Tensor, scale: int = 1) -> Tensor:
    """Apply `layer` to `x`, enlarged `scale` times in both directions by repeating pixels."""
    conv = layer.conv2d
    kernel, stride = conv.kernel_size[0], conv.stride[0]
    height, width = scale * x.shape[2], scale * x.shape[3]
    rows = _reflect_rows(height, kernel // 2)
    y = x.new_empty((1, conv.out_channels, -(-height // stride), -(-width // stride)))
    for top in range(0, y.shape[2], _ROWS_AT_ONCE):
        bottom = min(top + _ROWS_AT_ONCE, y.shape[2])
        used = rows[top * stride : (bottom - 1) * stride + kernel]
        strip = x.index_select(2, used // scale).repeat_interleave(scale, dim=3)
        strip = functional.pad(strip, (kernel // 2, kernel // 2, 0, 0), mode="reflect")
        y[:, :, top:bottom] = functional.conv2d(strip, conv.weight, conv.bias, stride)
    return y


def _reflect_rows(height: int, margin: int) -> Tensor:
    """Return the indices of `height` rows, with `margin` reflected ones at both borders."""
    rows = torch.arange(-margin, height + margin).abs()
    return torch.minimum(rows, 2 * (height - 1) - rows)


def _normalize(layer: Any, x: Tensor) -> Tensor:
    """Normalize `x` in place, and return it."""
    for channel in range(x.shape[1]):
        one = slice(channel, channel + 1)
        x[:, one] = functional.instance_norm(
            x[:, one], weight=layer.weight[one], bias=layer.bias[one], eps=layer.eps
        )
    return x
