"""What is found out before a training begins, without PyTorch: bad input costs no second."""

from __future__ import annotations

from csci_utils.files import check_file

from ..errors import TrainingError
from ..networks.weights import MAX_BASE_WIDTH
from ..pictures.io import load_picture
from .data import check_dataset, read_style
from .options import MAX_SAVED_BYTES, TrainingOptions
from .outputs import prepare_folders


def check_inputs(options: TrainingOptions) -> None:
    """Prepare the output folders, and look at all inputs but the pictures to train on.

    Raises:
        NeuralStyleError: Something is missing, or not what it should be.
    """
    prepare_folders(options)
    check_dataset(options.dataset)
    check_width(options.base_width)
    read_style(options.style_image, options.style_size)
    if options.preview_image is not None:
        load_picture(options.preview_image)
    for path in (options.vgg_weights, options.resume):
        if path is not None:
            check_file(path, TrainingError, MAX_SAVED_BYTES)


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
