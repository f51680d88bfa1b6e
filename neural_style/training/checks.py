"""Check the inputs of a training before PyTorch is imported, which takes seconds."""

from __future__ import annotations

from pathlib import Path

from csci_utils.errors import at_path
from csci_utils.files import check_file

from ..backends.loading import load_network
from ..errors import StyleError, TrainingError
from ..networks.weights import MAX_BASE_WIDTH
from ..options import FAST
from ..pictures.io import load_picture
from .data import check_dataset, read_style
from .options import ALL, MAX_SAVED_BYTES, NORMS, TrainingOptions
from .outputs import prepare_folders


def check_inputs(options: TrainingOptions) -> None:
    """Prepare the output folders, and look at all inputs but the pictures to train on.

    Raises:
        NeuralStyleError: Something is missing, or not what it should be.
    """
    _check_combinations(options)
    prepare_folders(options)
    check_dataset(options.dataset)
    check_width(options.base_width)
    read_style(options.style_image, options.style_size)
    if options.preview_image is not None:
        load_picture(options.preview_image)
    for path in (options.vgg_weights, options.resume):
        if path is not None:
            check_file(path, TrainingError, MAX_SAVED_BYTES)
    if options.start_from is not None:
        _check_start(options.start_from, options.train)


def _check_combinations(options: TrainingOptions) -> None:
    if options.train == NORMS and options.start_from is None:
        raise TrainingError(
            "the normalizations alone can only be trained in a network that paints already",
            remedy=f"name a model with --start-from, or leave out --train {NORMS}",
        )
    if options.precision == FAST and options.device != "cpu":
        raise TrainingError(
            f"--precision {FAST} is for trainings on the CPU",
            remedy="leave it out, or the accelerator",
        )


def _check_start(path: Path, part: str) -> None:
    """Check that a network can be read that PyTorch can train.

    Raises:
        StyleError: There is none.
        MissingDependencyError: It is a .safetensors file, and safetensors is not installed.
    """
    with at_path(path):
        description = load_network(path).description
        if description.styles > 1:
            raise StyleError(
                f"expected a model of one style to train, got one of {description.styles}",
                remedy="name another model",
            )
        if part == NORMS and not description.norms:
            raise StyleError(
                "the network has no normalizations to train", remedy=f"use --train {ALL}"
            )


def check_width(base_width: int) -> None:
    """Refuse to train a network that `neural_style.load` would refuse.

    Raises:
        TrainingError: It is too wide.
    """
    if base_width > MAX_BASE_WIDTH:
        raise TrainingError(
            f"expected a base width of at most {MAX_BASE_WIDTH}, got {base_width}",
            remedy="lower --base-width",
        )
