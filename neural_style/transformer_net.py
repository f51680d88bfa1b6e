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

from .networks.description import (
    EPSILON,
    OFFICIAL_BASE_WIDTH,
    NetworkDescription,
    official_description,
)


class TransformerNet(nn.Module):
    """A network that paints pictures in the style on which its weights were trained."""

    def __init__(
        self,
        base_width: int = OFFICIAL_BASE_WIDTH,
        description: NetworkDescription | None = None,
    ) -> None:
        """Create the layers with random weights.

        Args:
            base_width: Channels after the first convolution; the next two convolutions double it.
            description: A network of one style that takes levels, in place of one of `base_width`.
        """
        super().__init__()
        self.description = description or official_description(base_width)
        self.base_width = self.description.base_width
        first, second, third, fourth, fifth = self.description.channels
        self.conv1 = _Conv(3, first, kernel_size=9)
        self.in1 = self._norm("in1", first)
        self.conv2 = _Conv(first, second, kernel_size=3, stride=2)
        self.in2 = self._norm("in2", second)
        self.conv3 = _Conv(second, third, kernel_size=3, stride=2)
        self.in3 = self._norm("in3", third)
        for block in range(1, self.description.blocks + 1):
            norms = [self._norm(f"res{block}.in{part}", third) for part in (1, 2)]
            self.add_module(f"res{block}", _Residual(third, *norms))
        self.deconv1 = _UpsampleConv(third, fourth)
        self.in4 = self._norm("in4", fourth)
        self.deconv2 = _UpsampleConv(fourth, fifth)
        self.in5 = self._norm("in5", fifth)
        self.deconv3 = _Conv(fifth, 3, kernel_size=9)
        self.in6 = self._norm("in6", 3)

    def forward(self, pictures: Tensor) -> Tensor:
        """Paint a batch of pictures.

        Args:
            pictures: B x 3 x H x W, RGB, float, 0..255. Both sides are at least 5: reflection
                padding takes more pixels than a shorter side has.

        Returns:
            B x 3 x 4*ceil(H/4) x 4*ceil(W/4), RGB, about 0..255, not clamped. Levels are these
            numbers without their fractions.
        """
        y = functional.relu(self.in1(self.conv1(pictures)))
        y = functional.relu(self.in2(self.conv2(y)))
        y = functional.relu(self.in3(self.conv3(y)))
        for block in range(1, self.description.blocks + 1):
            y = self.get_submodule(f"res{block}")(y)
        y = functional.relu(self.in4(self.deconv1(y)))
        y = functional.relu(self.in5(self.deconv2(y)))
        y = self.in6(self.deconv3(y))
        if self.description.output == "sigmoid":
            y = 255 * y.sigmoid() + 0.5  # which rounds to the nearest level
        return cast(Tensor, y)

    def _norm(self, name: str, channels: int) -> nn.Module:
        if name in self.description.unnormalized:
            return nn.Identity()
        return nn.InstanceNorm2d(channels, eps=EPSILON, affine=True)


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

    def __init__(self, channels: int, in1: nn.Module, in2: nn.Module) -> None:
        super().__init__()
        self.conv1 = _Conv(channels, channels, kernel_size=3)
        self.in1 = in1
        self.conv2 = _Conv(channels, channels, kernel_size=3)
        self.in2 = in2

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.in1(self.conv1(x)))
        return x + cast(Tensor, self.in2(self.conv2(y)))
