"""The image transformation network of Johnson et al., with instance normalization.

Architecture: supplementary material of https://arxiv.org/abs/1603.08155, table 1, with nearest
upsampling and convolution instead of transposed convolution. Parameter names and shapes are those
of the published weights (`conv1.conv2d.weight`, `in1.weight`, `res1.conv1.conv2d.weight`,
`deconv1.conv2d.weight`, ...), so `load_state_dict` takes them with `strict=True`.
"""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn
from torch.nn import functional

from .formats.weights import OFFICIAL_BASE_WIDTH


class TransformerNet(nn.Module):
    """A network that paints pictures in the style on which its weights were trained."""

    def __init__(self, base_width: int = OFFICIAL_BASE_WIDTH) -> None:
        """Create the layers with random weights.

        Args:
            base_width: Channels after the first convolution; the next two convolutions double it.
        """
        super().__init__()
        self.base_width = base_width
        double_width, quadruple_width = 2 * base_width, 4 * base_width
        self.conv1 = _Conv(3, base_width, kernel_size=9)
        self.in1 = _norm(base_width)
        self.conv2 = _Conv(base_width, double_width, kernel_size=3, stride=2)
        self.in2 = _norm(double_width)
        self.conv3 = _Conv(double_width, quadruple_width, kernel_size=3, stride=2)
        self.in3 = _norm(quadruple_width)
        self.res1 = _Residual(quadruple_width)
        self.res2 = _Residual(quadruple_width)
        self.res3 = _Residual(quadruple_width)
        self.res4 = _Residual(quadruple_width)
        self.res5 = _Residual(quadruple_width)
        self.deconv1 = _UpsampleConv(quadruple_width, double_width)
        self.in4 = _norm(double_width)
        self.deconv2 = _UpsampleConv(double_width, base_width)
        self.in5 = _norm(base_width)
        self.deconv3 = _Conv(base_width, 3, kernel_size=9)

    def forward(self, pictures: Tensor) -> Tensor:
        """Paint a batch of pictures.

        Args:
            pictures: B x 3 x H x W, RGB, float, 0..255. Both sides are at least 5: reflection
                padding takes more pixels than a shorter side has.

        Returns:
            B x 3 x 4*ceil(H/4) x 4*ceil(W/4), RGB, about 0..255, neither clamped nor rounded.
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
    """Convolution with reflection padding: a side of n px becomes ceil(n / stride) px."""

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
    """Upsampling by 2, then convolution.

    Transposed convolution leaves checkerboards: https://distill.pub/2016/deconv-checkerboard/.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, kernel_size=3)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(functional.interpolate(x, scale_factor=2.0, mode="nearest"))


class _Residual(nn.Module):
    """Two convolutions whose result is added to their input, without a ReLU after the sum."""

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
