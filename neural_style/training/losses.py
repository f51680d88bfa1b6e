"""The perceptual loss between a painted picture, its content and the style.

Johnson, Alahi and Fei-Fei, https://arxiv.org/abs/1603.08155, section 3.2. Layers and scales are
those of the reference implementation.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ..utils import gram_matrix, normalize_batch
from ..vgg import Vgg16, VggOutputs


def bf16(is_on: bool) -> torch.autocast:
    """Return a context in which convolutions on the CPU compute in bf16, from weights in fp32."""
    return torch.autocast("cpu", torch.bfloat16, enabled=is_on)


class PerceptualLoss:
    """Content and style loss against one style picture, each times its weight."""

    def __init__(
        self,
        vgg: Vgg16,
        style: Tensor,
        content_weight: float,
        style_weight: float,
        in_bf16: bool = False,
    ) -> None:
        """Compute the style's Gram matrices once.

        Args:
            vgg: The loss network.
            style: 1 x 3 x H x W, RGB, 0..255, on the device of `vgg`.
            content_weight: Factor of the content loss.
            style_weight: Factor of the style loss.
            in_bf16: Compute the features in bf16, on the CPU. Everything else is in fp32: rounding
                a Gram matrix would hide small differences to the style's.
        """
        self._in_bf16 = in_bf16
        self._vgg = vgg
        self._content_weight = content_weight
        self._style_weight = style_weight
        with torch.no_grad():
            self._style_grams = [gram_matrix(y) for y in self._compute_features(style)]

    def __call__(self, painted: Tensor, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Return the content loss and the style loss, two scalars.

        Args:
            painted: B x 3 x H x W, RGB, about 0..255: the network's output for `pictures`.
            pictures: Of the same shape.
        """
        features = self._compute_features(painted)
        content_loss = self._compute_content_loss(features, pictures)
        style_loss = self._compute_style_loss(features)
        return self._content_weight * content_loss, self._style_weight * style_loss

    def _compute_features(self, pictures: Tensor) -> VggOutputs:
        with bf16(self._in_bf16):
            features = self._vgg(normalize_batch(pictures))
        return VggOutputs(*(y.float() for y in features))

    def _compute_content_loss(self, features: VggOutputs, pictures: Tensor) -> Tensor:
        with torch.no_grad(), bf16(self._in_bf16):
            content = self._vgg.compute_relu2_2(normalize_batch(pictures))
        return functional.mse_loss(features.relu2_2, content.float())

    def _compute_style_loss(self, features: VggOutputs) -> Tensor:
        pairs = zip(map(gram_matrix, features), self._style_grams, strict=True)
        return torch.stack(
            [functional.mse_loss(gram, style.expand_as(gram)) for gram, style in pairs]
        ).sum()
