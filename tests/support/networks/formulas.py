"""The formulas of the training, written from the papers with PyTorch's functions alone.

Network and losses: https://arxiv.org/abs/1603.08155 and its supplement. Instance normalization:
https://arxiv.org/abs/1607.08022. VGG-16: https://arxiv.org/abs/1409.1556. Adam:
https://arxiv.org/abs/1412.6980.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from tests.support.networks.styles import State

_VGG_BLOCKS = ((0, 2), (5, 7), (10, 12, 14), (17, 19, 21))  # convolutions between poolings


def normalize(pictures: Tensor) -> Tensor:
    """Return pictures of 0..255 as torchvision's weights expect them."""
    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
    deviation = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    return (pictures / 255 - mean) / deviation


def vgg_outputs(normalized: Tensor, vgg_state: State) -> list[Tensor]:
    """Return relu1_2, relu2_2, relu3_3 and relu4_3 of VGG-16."""
    x = normalized
    outputs = []
    for block in _VGG_BLOCKS:
        for number in block:
            weight, bias = (vgg_state[f"features.{number}.{part}"] for part in ("weight", "bias"))
            x = functional.conv2d(x, weight, bias, padding=1).relu()
        outputs.append(x)
        x = functional.max_pool2d(x, 2)
    return outputs


def gram(features: Tensor) -> Tensor:
    """Return the Gram matrix of each of B x C x H x W, divided by C * H * W."""
    _, channels, height, width = features.shape
    products = torch.einsum("bihw,bjhw->bij", features, features)
    return products / (channels * height * width)


def instance_norm(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Standardize each channel of each picture, then scale and shift it."""
    mean = x.mean(dim=(2, 3), keepdim=True)
    variance = ((x - mean) ** 2).mean(dim=(2, 3), keepdim=True)
    return (x - mean) / (variance + 1e-5).sqrt() * scale[:, None, None] + shift[:, None, None]


def reflect_conv(x: Tensor, weight: Tensor, bias: Tensor, stride: int = 1) -> Tensor:
    """Convolve a picture that is continued by reflection."""
    border = weight.shape[-1] // 2
    padded = functional.pad(x, (border,) * 4, mode="reflect")
    return functional.conv2d(padded, weight, bias, stride=stride)


def paint(pictures: Tensor, weights: State) -> Tensor:
    """Run the transformation network.

    Args:
        pictures: B x 3 x H x W, 0..255.
        weights: `weight` and `bias` of each convolution, and `scale` and `shift` of the
            normalization after it, such as `conv1.weight`.
    """

    def convolve(x: Tensor, name: str, stride: int = 1) -> Tensor:
        return reflect_conv(x, weights[f"{name}.weight"], weights[f"{name}.bias"], stride)

    def norm(x: Tensor, name: str) -> Tensor:
        return instance_norm(x, weights[f"{name}.scale"], weights[f"{name}.shift"])

    x = pictures
    for name, stride in (("conv1", 1), ("conv2", 2), ("conv3", 2)):
        x = norm(convolve(x, name, stride), name).relu()
    for number in range(1, 6):
        first, second = f"res{number}.conv1", f"res{number}.conv2"
        y = norm(convolve(x, first), first).relu()
        x = x + norm(convolve(y, second), second)
    for name in ("deconv1", "deconv2"):
        doubled = x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
        x = norm(convolve(doubled, name), name).relu()
    return convolve(x, "deconv3")


class Adam:
    """The optimizer, with the paper's constants."""

    def __init__(self, weights: State, learning_rate: float) -> None:
        self.weights = weights
        self._learning_rate = learning_rate
        self._means = {key: torch.zeros_like(value) for key, value in weights.items()}
        self._squares = {key: torch.zeros_like(value) for key, value in weights.items()}
        self._steps = 0

    def step(self, loss: Tensor) -> None:
        """Change all weights by one step along the gradient of `loss`."""
        self._steps += 1
        gradients = torch.autograd.grad(loss, list(self.weights.values()))
        for key, gradient in zip(list(self.weights), gradients, strict=True):
            self._means[key] = 0.9 * self._means[key] + 0.1 * gradient
            self._squares[key] = 0.999 * self._squares[key] + 0.001 * gradient**2
            mean = self._means[key] / (1 - 0.9**self._steps)
            deviation = (self._squares[key] / (1 - 0.999**self._steps)).sqrt()
            change = self._learning_rate * mean / (deviation + 1e-8)
            self.weights[key] = (self.weights[key].detach() - change).requires_grad_()
