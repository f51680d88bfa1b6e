"""How far a painted picture is from its content and from the style.

Johnson, Alahi and Fei-Fei, https://arxiv.org/abs/1603.08155, section 3.2; the layers and the scales
are those of the reference implementation.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ..vgg import VggFeatures

_MEAN = (0.485, 0.456, 0.406)  # of ImageNet, as torchvision's weights expect it
_DEVIATION = (0.229, 0.224, 0.225)
_CONTENT_DEPTH = 2  # relu2_2


class PerceptualLoss:
    """The two losses against one style picture, each times its weight."""

    def __init__(
        self, vgg: VggFeatures, style: Tensor, content_weight: float, style_weight: float
    ) -> None:
        """`style` is 1 x 3 x H x W, RGB, 0..255, on the device of `vgg`."""
        self._vgg = vgg
        self._content_weight = content_weight
        self._style_weight = style_weight
        with torch.no_grad():
            self._style_grams = [gram_matrix(features) for features in vgg(normalize(style))]

    def __call__(self, painted: Tensor, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """The content loss and the style loss, two numbers.

        Args:
            painted: B x 3 x H x W, RGB, about 0..255: what became of `pictures`.
            pictures: of the same shape.
        """
        painted_features = self._vgg(normalize(painted))
        with torch.no_grad():
            content = self._vgg(normalize(pictures), _CONTENT_DEPTH)[-1]
        content_loss = functional.mse_loss(painted_features[_CONTENT_DEPTH - 1], content)
        style_losses = [
            functional.mse_loss(gram, style_gram.expand_as(gram))
            for gram, style_gram in zip(
                map(gram_matrix, painted_features), self._style_grams, strict=True
            )
        ]
        style_loss = torch.stack(style_losses).sum()
        return self._content_weight * content_loss, self._style_weight * style_loss


def normalize(pictures: Tensor) -> Tensor:
    """From RGB in 0..255 to what VGG-16 was trained on."""
    mean = pictures.new_tensor(_MEAN).view(3, 1, 1)
    deviation = pictures.new_tensor(_DEVIATION).view(3, 1, 1)
    return (pictures / 255 - mean) / deviation


def gram_matrix(features: Tensor) -> Tensor:
    """B x C x C: the products of all pairs of channels, summed up, over C * H * W."""
    _, channels, height, width = features.shape
    flat = features.flatten(start_dim=2)
    return flat @ flat.transpose(1, 2) / (channels * height * width)
