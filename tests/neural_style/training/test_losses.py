"""The first steps of a training, computed here once more from the formulas, layer by layer.

Network, losses and optimizer are written from their papers with PyTorch's functions alone:
https://arxiv.org/abs/1603.08155 and its supplement, https://arxiv.org/abs/1607.08022 (instance
normalization), https://arxiv.org/abs/1409.1556 (VGG-16) and https://arxiv.org/abs/1412.6980 (Adam).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")
from torch.nn import functional  # noqa: E402

Training = Callable[..., Any]
State = dict[str, Any]

WIDTH, SIDE, BATCH = 3, 24, 2
CONTENT_WEIGHT, STYLE_WEIGHT, SEED = 1e5, 1e10, 42  # the defaults
LEARNING_RATE = 0.02  # twenty times the default: a wrong step shows in the losses after it
LAYERS = [  # in the order in which the reference implementation makes them: name, in, out, kernel
    ("conv1", 3, WIDTH, 9),
    ("conv2", WIDTH, 2 * WIDTH, 3),
    ("conv3", 2 * WIDTH, 4 * WIDTH, 3),
    *((f"res{i}.conv{j}", 4 * WIDTH, 4 * WIDTH, 3) for i in range(1, 6) for j in (1, 2)),
    ("deconv1", 4 * WIDTH, 2 * WIDTH, 3),
    ("deconv2", 2 * WIDTH, WIDTH, 3),
    ("deconv3", WIDTH, 3, 9),
]
BLOCKS = [(0, 2), (5, 7), (10, 12, 14), (17, 19, 21)]  # VGG-16's convolutions between poolings


def test_the_losses_of_the_first_steps_are_those_of_the_formulas(
    train: Training, vgg_state: State, style_path: Path, dataset: Path, one_thread: None
) -> None:
    for path in dataset.iterdir():  # no scaling and no cutting: that is tested elsewhere
        Image.open(path).resize((SIDE, SIDE)).save(path)
    outcome = train(
        base_width=WIDTH,
        image_size=SIDE,
        batch_size=BATCH,
        log_interval=1,
        epochs=1,
        lr=LEARNING_RATE,
    )
    printed = re.findall(r"content (\S+) style (\S+) total (\S+)", outcome.out)
    pictures = [to_tensor(path) for path in sorted(dataset.iterdir())]
    batches = [torch.cat(pictures[i : i + BATCH]) for i in range(0, len(pictures), BATCH)]
    computed = list(mean_losses(batches, to_tensor(style_path), vgg_state))
    assert len(printed) == len(computed) == 3
    for texts, (content, style) in zip(printed, computed, strict=True):
        expected = (content, style, content + style)
        assert [float(text) for text in texts] == pytest.approx(expected, rel=1e-4)


def to_tensor(path: Path) -> Any:
    rgb = np.asarray(Image.open(path).convert("RGB"), dtype=np.float32)
    return torch.from_numpy(rgb).permute(2, 0, 1)[None]


def mean_losses(batches: list[Any], style: Any, vgg_state: State) -> Iterator[tuple[float, float]]:
    """The content and style losses of each step, each the mean of all steps so far."""
    weights = first_weights()
    first_moments = {key: torch.zeros_like(value) for key, value in weights.items()}
    second_moments = {key: torch.zeros_like(value) for key, value in weights.items()}
    style_grams = [gram(features)[0] for features in judge(style, vgg_state)]
    sums = np.zeros(2)
    for step, batch in enumerate(batches, start=1):
        painted = judge(paint(batch, weights), vgg_state)
        content_loss = CONTENT_WEIGHT * ((painted[1] - judge(batch, vgg_state)[1]) ** 2).mean()
        style_loss = STYLE_WEIGHT * sum(
            ((gram(features) - style_gram) ** 2).mean()
            for features, style_gram in zip(painted, style_grams, strict=True)
        )
        sums += content_loss.item(), style_loss.item()
        yield sums[0] / step, sums[1] / step
        gradients = torch.autograd.grad(content_loss + style_loss, list(weights.values()))
        with torch.no_grad():
            for key, gradient in zip(list(weights), gradients, strict=True):
                first_moments[key] = 0.9 * first_moments[key] + 0.1 * gradient
                second_moments[key] = 0.999 * second_moments[key] + 0.001 * gradient**2
                mean = first_moments[key] / (1 - 0.9**step)
                deviation = (second_moments[key] / (1 - 0.999**step)).sqrt()
                change = LEARNING_RATE * mean / (deviation + 1e-8)
                weights[key] = (weights[key] - change).requires_grad_()


def first_weights() -> State:
    """As PyTorch draws them for each convolution after the seed; the norms' scales are 1."""
    torch.manual_seed(SEED)
    weights = {}
    for name, inputs, outputs, kernel in LAYERS:
        convolution = torch.nn.Conv2d(inputs, outputs, kernel)
        weights[f"{name}.weight"], weights[f"{name}.bias"] = convolution.parameters()
        if name != "deconv3":
            weights[f"{name}.scale"] = torch.ones(outputs, requires_grad=True)
            weights[f"{name}.shift"] = torch.zeros(outputs, requires_grad=True)
    return weights


def paint(pictures: Any, weights: State) -> Any:
    def convolve(x: Any, name: str, stride: int = 1) -> Any:
        weight, border = weights[f"{name}.weight"], weights[f"{name}.weight"].shape[-1] // 2
        padded = functional.pad(x, (border,) * 4, mode="reflect")
        return functional.conv2d(padded, weight, weights[f"{name}.bias"], stride=stride)

    def normalize(x: Any, name: str) -> Any:
        mean = x.mean(dim=(2, 3), keepdim=True)
        variance = ((x - mean) ** 2).mean(dim=(2, 3), keepdim=True)
        scale, shift = (weights[f"{name}.{part}"][:, None, None] for part in ("scale", "shift"))
        return (x - mean) / (variance + 1e-5).sqrt() * scale + shift

    def double(x: Any) -> Any:
        return x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)

    x = pictures
    for name, stride in (("conv1", 1), ("conv2", 2), ("conv3", 2)):
        x = normalize(convolve(x, name, stride), name).relu()
    for number in range(1, 6):
        first, second = f"res{number}.conv1", f"res{number}.conv2"
        y = normalize(convolve(x, first), first).relu()
        x = x + normalize(convolve(y, second), second)
    for name in ("deconv1", "deconv2"):
        x = normalize(convolve(double(x), name), name).relu()
    return convolve(x, "deconv3")


def judge(pictures: Any, vgg_state: State) -> list[Any]:
    """relu1_2, relu2_2, relu3_3 and relu4_3 of VGG-16."""
    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
    deviation = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    x = (pictures / 255 - mean) / deviation
    outputs = []
    for block in BLOCKS:
        for number in block:
            weight, bias = (vgg_state[f"features.{number}.{part}"] for part in ("weight", "bias"))
            x = functional.conv2d(x, weight, bias, padding=1).relu()
        outputs.append(x)
        x = functional.max_pool2d(x, 2)
    return outputs


def gram(features: Any) -> Any:
    _, channels, height, width = features.shape
    products = torch.einsum("bihw,bjhw->bij", features, features)
    return products / (channels * height * width)
