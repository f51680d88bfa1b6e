"""The first steps of a training, compared with the formulas of the papers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch")

import torch
from torch import Tensor

from tests.support.networks import formulas
from tests.support.networks.styles import State
from tests.support.networks.training import Train, read_losses

WIDTH, SIDE, BATCH = 3, 24, 2
CONTENT_WEIGHT, STYLE_WEIGHT, SEED = 1e5, 1e10, 42  # the defaults
LEARNING_RATE = 0.02
"""Twenty times the default, so that a wrong step shows in the losses after it."""

LAYERS = [
    ("conv1", 3, WIDTH, 9),
    ("conv2", WIDTH, 2 * WIDTH, 3),
    ("conv3", 2 * WIDTH, 4 * WIDTH, 3),
    *((f"res{i}.conv{j}", 4 * WIDTH, 4 * WIDTH, 3) for i in range(1, 6) for j in (1, 2)),
    ("deconv1", 4 * WIDTH, 2 * WIDTH, 3),
    ("deconv2", 2 * WIDTH, WIDTH, 3),
    ("deconv3", WIDTH, 3, 9),
]
"""Names, input and output channels and kernel sides, in the order in which the reference
implementation draws their weights."""


@pytest.mark.usefixtures("one_thread")
def test_the_losses_of_the_first_steps_are_those_of_the_formulas(
    train: Train, vgg_state: State, style_path: Path, dataset: Path
) -> None:
    make_square(dataset)

    outcome = train(
        base_width=WIDTH,
        image_size=SIDE,
        batch_size=BATCH,
        log_interval=1,
        epochs=1,
        lr=LEARNING_RATE,
    )

    pictures = [read_tensor(path) for path in sorted(dataset.iterdir())]
    batches = [torch.cat(pictures[i : i + BATCH]) for i in range(0, len(pictures), BATCH)]
    expected = list(compute_mean_losses(batches, read_tensor(style_path), vgg_state))
    printed = read_losses(outcome)
    assert len(printed) == len(expected) == 3
    for losses, (content, style) in zip(printed, expected, strict=True):
        assert tuple(losses) == pytest.approx((content, style, content + style), rel=1e-4)


def make_square(dataset: Path) -> None:
    """Give all pictures the size that is trained on: scaling and cutting have their own tests."""
    for path in dataset.iterdir():
        Image.open(path).resize((SIDE, SIDE)).save(path)


def read_tensor(path: Path) -> Tensor:
    """Return a picture as 1 x 3 x H x W, 0..255."""
    rgb = np.asarray(Image.open(path).convert("RGB"), dtype=np.float32)
    return torch.from_numpy(rgb).permute(2, 0, 1)[None]


def compute_mean_losses(
    batches: list[Tensor], style: Tensor, vgg_state: State
) -> Iterator[tuple[float, float]]:
    """Yield the content and style losses of each step, as means over the steps so far."""
    optimizer = formulas.Adam(draw_weights(), LEARNING_RATE)
    style_grams = [formulas.gram(y)[0] for y in extract_features(style, vgg_state)]
    sums = np.zeros(2)
    for step, batch in enumerate(batches, start=1):
        painted = extract_features(formulas.paint(batch, optimizer.weights), vgg_state)
        content = extract_features(batch, vgg_state)
        content_loss = CONTENT_WEIGHT * ((painted[1] - content[1]) ** 2).mean()
        style_loss = STYLE_WEIGHT * compute_style_loss(painted, style_grams)
        sums += content_loss.item(), style_loss.item()
        yield sums[0] / step, sums[1] / step
        optimizer.step(content_loss + style_loss)


def compute_style_loss(features: list[Tensor], style_grams: list[Tensor]) -> Tensor:
    pairs = zip(features, style_grams, strict=True)
    return torch.stack([((formulas.gram(y) - gram) ** 2).mean() for y, gram in pairs]).sum()


def extract_features(pictures: Tensor, vgg_state: State) -> list[Tensor]:
    return formulas.vgg_outputs(formulas.normalize(pictures), vgg_state)


def draw_weights() -> State:
    """Return the weights that PyTorch draws for each convolution after the seed; scales are 1."""
    torch.manual_seed(SEED)
    weights: State = {}
    for name, inputs, outputs, kernel in LAYERS:
        convolution = torch.nn.Conv2d(inputs, outputs, kernel)
        weights[f"{name}.weight"], weights[f"{name}.bias"] = convolution.parameters()
        if name != "deconv3":
            weights[f"{name}.scale"] = torch.ones(outputs, requires_grad=True)
            weights[f"{name}.shift"] = torch.zeros(outputs, requires_grad=True)
    return weights
