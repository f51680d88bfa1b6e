"""The network that judges: VGG-16 without its end, with the weights that torchvision publishes.

Simonyan and Zisserman, https://arxiv.org/abs/1409.1556, configuration D. It is built here, so that
torchvision, whose version is bound to PyTorch's, is not needed but to say where its weights are.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeGuard
from urllib.error import URLError

import torch
from torch import Tensor, nn

from csci_utils.errors import at_path

from .errors import TrainingError, needing
from .training.saved import read_saved

# What the SHA-256 of the file begins with, in the names of torchvision's weights.
_DIGEST_IN_NAME = re.compile(r"-([0-9a-f]{8,})\.")
_CHANNELS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512))  # 2x2 pooling between them
_PREFIX = "features."  # of the keys in the state dict of the whole network


class VggFeatures(nn.Module):
    """The outputs of relu1_2, relu2_2, relu3_3 and relu4_3; never trained itself."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(*_layers())  # numbered as torchvision numbers them
        pools = [i for i, layer in enumerate(self.features) if isinstance(layer, nn.MaxPool2d)]
        self._bounds = list(zip([0, *pools], [*pools, len(self.features)], strict=True))
        self.requires_grad_(False)

    def forward(self, pictures: Tensor, depth: int = len(_CHANNELS)) -> list[Tensor]:
        """The first `depth` of the four outputs.

        Args:
            pictures: B x 3 x H x W, RGB, normalized: see `losses.normalize`.

        Returns:
            B x 64 x H x W, B x 128 x H/2 x W/2, B x 256 x H/4 x W/4, B x 512 x H/8 x W/8; sides
            are rounded down.
        """
        outputs = []
        for begin, end in self._bounds[:depth]:
            pictures = self.features[begin:end](pictures)
            outputs.append(pictures)
        return outputs

    def digest(self) -> str:
        """A SHA-256 over the weights."""
        digest = hashlib.sha256()
        for weights in self.features.state_dict().values():
            digest.update(weights.cpu().numpy().tobytes())
        return digest.hexdigest()


def _layers() -> Iterator[nn.Module]:
    inputs = 3
    for block, channels in enumerate(_CHANNELS):
        if block > 0:
            yield nn.MaxPool2d(kernel_size=2, stride=2)
        for outputs in channels:
            yield nn.Conv2d(inputs, outputs, kernel_size=3, padding=1)
            yield nn.ReLU(inplace=True)
            inputs = outputs


def load_vgg(path: Path | None = None) -> VggFeatures:
    """The network with the weights in the file at `path`, or torchvision's.

    Args:
        path: a state dict of torchvision's vgg16, the whole one or that of its `features`; None
            for the one that torchvision downloads, which is kept where torchvision keeps it.

    Raises:
        TrainingError: the file is not there or something else, or the download failed.
        MissingDependencyError: there is no `path`, and torchvision is not installed.
    """
    path = path or _download()
    with at_path(path):
        return build_vgg(read_saved(path))


def build_vgg(saved: object) -> VggFeatures:
    """The network with the weights in `saved`.

    Raises:
        TrainingError: that is no state dict of vgg16.
    """
    with torch.device("meta"):  # shapes without memory, and without drawing random weights
        vgg = VggFeatures()
    expected = vgg.features.state_dict()
    weights = _without_prefix(saved)
    chosen = {}
    for key, tensor in expected.items():
        got = weights.get(key)
        if not (_is_dense(got) and got.shape == tensor.shape):
            description = f"shape {tuple(got.shape)}" if _is_dense(got) else "none"
            raise TrainingError(
                f"expected a state dict of torchvision's vgg16, with {_PREFIX}{key} of shape "
                f"{tuple(tensor.shape)}, got {description}; it holds something else"
            )
        chosen[key] = got.to(torch.float32)
    broken = [key for key, tensor in chosen.items() if not tensor.isfinite().all()]
    if broken:
        raise TrainingError(f"expected finite weights, got NaN or infinity in {_PREFIX}{broken[0]}")
    vgg.features.load_state_dict(chosen, assign=True)
    return vgg.requires_grad_(False).eval()


def _is_dense(value: object) -> TypeGuard[Tensor]:
    return (
        isinstance(value, Tensor) and value.layout == torch.strided and value.device.type == "cpu"
    )


def _without_prefix(saved: object) -> Mapping[str, object]:
    if not isinstance(saved, Mapping):
        raise TrainingError(
            f"expected a state dict of torchvision's vgg16, got a {type(saved).__name__}; "
            "save the network's state_dict()"
        )
    return {str(key).removeprefix(_PREFIX): value for key, value in saved.items()}


def _download() -> Path:
    """The path of torchvision's weights, which are downloaded unless they are there."""
    url = find_source()
    name = url.rpartition("/")[2]
    digest = _DIGEST_IN_NAME.search(name)
    path = Path(torch.hub.get_dir(), "checkpoints", name)
    if path.exists():
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(path), hash_prefix=digest and digest[1])
    except (OSError, RuntimeError) as error:  # RuntimeError: another digest
        reason = error.reason if isinstance(error, URLError) else error
        raise TrainingError(
            f"expected to download {url}, which failed: {reason}; download it on another "
            f"machine and name the file with --vgg-weights, or put it at {path}"
        ) from error
    return path


def find_source() -> str:
    """Where torchvision has the weights of its vgg16.

    Raises:
        MissingDependencyError: torchvision is not installed.
    """
    with needing("torchvision (where no file is named with --vgg-weights)", "train"):
        from torchvision.models import VGG16_Weights
    return str(VGG16_Weights.IMAGENET1K_V1.url)
