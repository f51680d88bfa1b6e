"""The loss network: VGG-16 up to its tenth convolution, with torchvision's ImageNet weights.

Simonyan and Zisserman, https://arxiv.org/abs/1409.1556, configuration D. The layers are built here,
because each version of torchvision works with one version of PyTorch only. torchvision is needed
for the address of its weights, and not at all if you have a file of them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import NamedTuple, TypeGuard, cast
from urllib.error import URLError

import torch
from torch import Tensor, nn

from csci_utils.errors import at_path

from .errors import TrainingError, needing
from .training.saved import read_saved

_DIGEST_IN_NAME = re.compile(r"-([0-9a-f]{8,})\.")  # the start of the file's SHA-256
_BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512))  # output channels
_SLICE_BOUNDS = (0, 4, 9, 16, 23)  # in torchvision's numbering; each slice ends with a ReLU
_PREFIX = "features."  # of the keys in a state dict of the whole network


class VggOutputs(NamedTuple):
    """The feature maps of one batch of B x 3 x H x W; sides are rounded down."""

    relu1_2: Tensor
    """B x 64 x H x W."""
    relu2_2: Tensor
    """B x 128 x H/2 x W/2."""
    relu3_3: Tensor
    """B x 256 x H/4 x W/4."""
    relu4_3: Tensor
    """B x 512 x H/8 x W/8."""


class Vgg16(nn.Module):
    """VGG-16 as a feature extractor.

    Parameters have the reference implementation's names, such as `slice1.0.weight`.
    """

    def __init__(
        self, requires_grad: bool = False, weights_path: str | PathLike[str] | None = None
    ) -> None:
        """Build the network and load its weights.

        Args:
            requires_grad: Whether the weights themselves are trained.
            weights_path: A state dict of torchvision's vgg16, whole or of its `features` alone.
                By default torchvision's own file is used; it is downloaded once (528 MB) to
                where torchvision keeps it.

        Raises:
            TrainingError: The file is missing or not such a state dict, or the download failed.
            MissingDependencyError: torchvision is needed for the download and not installed.
        """
        super().__init__()
        with torch.device("meta"):  # shapes without memory: the weights bring theirs
            self.slice1, self.slice2, self.slice3, self.slice4 = _build_slices()
        path = _download_weights() if weights_path is None else Path(weights_path)
        with at_path(path):
            self._load_weights(read_saved(path))
        self.requires_grad_(requires_grad)

    def forward(self, batch: Tensor) -> VggOutputs:
        """Return the outputs of four ReLU layers.

        Args:
            batch: B x 3 x H x W, both sides at least 8, as `utils.normalize_batch` returns it.
        """
        relu1_2 = self.slice1(batch)
        relu2_2 = self.slice2(relu1_2)
        relu3_3 = self.slice3(relu2_2)
        return VggOutputs(relu1_2, relu2_2, relu3_3, self.slice4(relu3_3))

    def compute_relu2_2(self, batch: Tensor) -> Tensor:
        """Return `forward(batch).relu2_2` without computing the deeper layers."""
        return cast(Tensor, self.slice2(self.slice1(batch)))

    def digest(self) -> str:
        """Return the SHA-256 of all weights as hex digits."""
        digest = hashlib.sha256()
        for weights in self.state_dict().values():
            digest.update(weights.cpu().numpy().tobytes())
        return digest.hexdigest()

    def _load_weights(self, saved: object) -> None:
        available = _remove_prefix(saved)
        for part in self.children():
            expected = part.state_dict()
            weights = {key: _select(key, available, expected[key].shape) for key in expected}
            part.load_state_dict(weights, assign=True)


def _build_slices() -> Iterator[nn.Sequential]:
    """Yield the layers in four parts, numbered as in torchvision's `features`."""
    layers = list(_build_layers())
    for start, end in pairwise(_SLICE_BOUNDS):
        part = nn.Sequential()
        for index in range(start, end):
            part.add_module(str(index), layers[index])
        yield part


def _build_layers() -> Iterator[nn.Module]:
    inputs = 3
    for block in _BLOCKS:
        for outputs in block:
            yield nn.Conv2d(inputs, outputs, kernel_size=3, padding=1)
            yield nn.ReLU(inplace=True)
            inputs = outputs
        yield nn.MaxPool2d(kernel_size=2, stride=2)


def _remove_prefix(saved: object) -> dict[str, object]:
    """Return a state dict with the keys of `features`; other parts keep their keys."""
    if not isinstance(saved, Mapping):
        raise TrainingError(
            f"expected a state dict of torchvision's vgg16, got a {type(saved).__name__}",
            remedy="save the network's state_dict()",
        )
    return {str(key).removeprefix(_PREFIX): value for key, value in saved.items()}


def _select(key: str, available: Mapping[str, object], shape: torch.Size) -> Tensor:
    """Return one parameter's weights as fp32.

    Raises:
        TrainingError: They are missing, have another shape, or are not finite.
    """
    weights = available.get(key)
    if not (_is_dense(weights) and weights.shape == shape):
        found = f"a tensor of shape {tuple(weights.shape)}" if _is_dense(weights) else "none"
        raise TrainingError(
            "expected a state dict of torchvision's vgg16, with a tensor "
            f"{_PREFIX}{key} of shape {tuple(shape)}, got {found}",
            remedy="use the weights of vgg16",
        )
    in_single_precision = weights.to(torch.float32)
    if not in_single_precision.isfinite().all():
        raise TrainingError(
            f"{_PREFIX}{key} contains NaN or infinity", remedy="use other weights of vgg16"
        )
    return in_single_precision


def _is_dense(value: object) -> TypeGuard[Tensor]:
    return (
        isinstance(value, Tensor) and value.layout == torch.strided and value.device.type == "cpu"
    )


def _download_weights() -> Path:
    """Return the path of torchvision's weights; download them if they are not there yet."""
    url = find_weights_url()
    name = url.rpartition("/")[2]
    path = Path(torch.hub.get_dir(), "checkpoints", name)
    if not path.exists():
        _download(url, path, _DIGEST_IN_NAME.search(name))
    return path


def _download(url: str, path: Path, digest: re.Match[str] | None) -> None:
    """Download to `path`, which appears only when its content is complete and verified."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(path), hash_prefix=digest and digest[1])
    except (OSError, RuntimeError) as error:  # RuntimeError: the digest differs
        reason = error.reason if isinstance(error, URLError) else error
        raise TrainingError(
            f"cannot be downloaded: {getattr(reason, 'strerror', None) or reason}",
            path=url,
            remedy="download it on another machine and name the file with --vgg-weights, or put "
            f"it at {path}",
        ) from error


def find_weights_url() -> str:
    """Return the URL of torchvision's weights for vgg16.

    Raises:
        MissingDependencyError: torchvision is not installed.
    """
    with needing("torchvision (or a file for --vgg-weights)", "train"):
        from torchvision.models import VGG16_Weights
    return str(VGG16_Weights.IMAGENET1K_V1.url)
