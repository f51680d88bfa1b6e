"""Where a training writes: names, and what can be found wrong with them before the work."""

from __future__ import annotations

import os
from itertools import chain, count
from pathlib import Path

from csci_utils.files import probe_folder

from ..errors import TrainingError
from .options import TrainingOptions

MAX_NAME_BYTES = 200  # file systems end at 255, and more is added to it


def model_path(options: TrainingOptions) -> Path:
    """The trained network's file."""
    return options.save_model_dir / f"{_name(options)}.pth"


def preview_path(options: TrainingOptions, epoch: int, batches: int) -> Path:
    """A preview's file; `epoch` counts from 1."""
    return options.save_model_dir / f"{_name(options)}_epoch_{epoch}_batch_{batches}.png"


def checkpoint_path(options: TrainingOptions, folder: Path, epoch: int, batches: int) -> Path:
    """A checkpoint's file in `folder`; `epoch` counts from 1."""
    return folder / f"{_name(options)}_epoch_{epoch}_batch_{batches}.ckpt"


def prepare_folders(options: TrainingOptions) -> None:
    """Make the folders to write to.

    Raises:
        TrainingError: one cannot be made or written to, the model's name is no name of a file, or
            there is such a model already. Better before hours of work than after them.
    """
    name = _name(options)
    if not name or Path(name).name != name or len(os.fsencode(name)) > MAX_NAME_BYTES:
        raise TrainingError(
            f"expected the name of a file, of up to {MAX_NAME_BYTES} bytes, for the model, "
            f"got {name!r}; give another --model-name"
        )
    for folder in (options.save_model_dir, options.checkpoint_model_dir):
        if folder is not None:
            _prepare_folder(folder)
    path = model_path(options)
    if path.exists():
        raise TrainingError(
            f"{path}: expected no model of this name yet; give another --model-name, or take "
            "this one away"
        )


def free_path(path: Path) -> Path:
    """`path`, or one with a number if another training wrote `path` meanwhile: both are kept."""
    numbered = (path.with_stem(f"{path.stem}-{number}") for number in count(2))
    return next(free for free in chain([path], numbered) if not free.exists())


def _name(options: TrainingOptions) -> str:
    """What all names begin with, so that trainings with the same folders do not meet."""
    return options.style_image.stem if options.model_name is None else options.model_name


def _prepare_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe_folder(folder)
    except OSError as error:
        raise TrainingError(
            f"{folder}: expected a folder to write to, got: {error.strerror}; choose another"
        ) from error
