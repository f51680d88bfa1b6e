"""The image transformation network of Johnson et al., with instance normalization.

Architecture: supplementary material of https://arxiv.org/abs/1603.08155, table 1, with nearest
upsampling and convolution in place of transposed convolution. Parameter names and shapes are
those of the published weights (`conv1.conv2d.weight`, `in1.weight`, `res1.conv1.conv2d.weight`,
`deconv1.conv2d.weight`, ...), so that a state dict of theirs loads strictly.
"""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn
from torch.nn import functional

from .formats.weights import OFFICIAL_BASE_WIDTH


class TransformerNet(nn.Module):
    """Paints a picture in the one style that its weights were trained for.

    `base_width` is the number of channels after the first convolution; the next two double it.
    """

    def __init__(self, base_width: int = OFFICIAL_BASE_WIDTH) -> None:
        super().__init__()
        self.base_width = base_width
        narrow, middle, wide = base_width, 2 * base_width, 4 * base_width
        self.conv1 = _Conv(3, narrow, kernel_size=9)
        self.in1 = _norm(narrow)
        self.conv2 = _Conv(narrow, middle, kernel_size=3, stride=2)
        self.in2 = _norm(middle)
        self.conv3 = _Conv(middle, wide, kernel_size=3, stride=2)
        self.in3 = _norm(wide)
        self.res1 = _Residual(wide)
        self.res2 = _Residual(wide)
        self.res3 = _Residual(wide)
        self.res4 = _Residual(wide)
        self.res5 = _Residual(wide)
        self.deconv1 = _UpsampleConv(wide, middle)
        self.in4 = _norm(middle)
        self.deconv2 = _UpsampleConv(middle, narrow)
        self.in5 = _norm(narrow)
        self.deconv3 = _Conv(narrow, 3, kernel_size=9)

    def forward(self, pictures: Tensor) -> Tensor:
        """Paint a batch of pictures.

        Args:
            pictures: B x 3 x H x W, RGB, float, 0..255. Both sides are at least 5: below that the
                reflection at the borders reaches beyond the picture.

        Returns:
            B x 3 x 4*ceil(H/4) x 4*ceil(W/4), RGB, about 0..255: neither clamped nor rounded.
        """
        y = functional.relu(self.in1(self.conv1(pictures)))
        y = functional.relu(self.in2(self.conv2(y)))
        y = functional.relu(self.in3(self.conv3(y)))
        for residual in (self.res1, self.res2, self.res3, self.res4, self.res5):
            y = residual(y)
        y = functional.relu(self.in4(self.deconv1(y)))
        y = functional.relu(self.in5(self.deconv2(y)))
        return cast(Tensor, self.deconv3(y))


class _Conv(nn.Module):
    """Convolution over a picture continued by reflection: n px become ceil(n / stride)."""

    def __init__(self, inputs: int, outputs: int, kernel_size: int, stride: int = 1) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(
            inputs,
            outputs,
            kernel_size,
            stride,
            padding=kernel_size // 2,
            padding_mode="reflect",
        )

    def forward(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.conv2d(x))


class _UpsampleConv(_Conv):
    """Doubles both sides, then convolves; avoids the checkerboards of transposed convolution.

    See https://distill.pub/2016/deconv-checkerboard/.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, kernel_size=3)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(functional.interpolate(x, scale_factor=2.0, mode="nearest"))


class _Residual(nn.Module):
    """Two convolutions whose result is added to their input; nothing rectifies the sum."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = _Conv(channels, channels, kernel_size=3)
        self.in1 = _norm(channels)
        self.conv2 = _Conv(channels, channels, kernel_size=3)
        self.in2 = _norm(channels)

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.in1(self.conv1(x)))
        return x + cast(Tensor, self.in2(self.conv2(y)))


def _norm(channels: int) -> nn.InstanceNorm2d:
    return nn.InstanceNorm2d(channels, affine=True)
