"""The files that a training writes: their names, and early checks of their folders."""

from __future__ import annotations

import os
from glob import escape
from itertools import chain, count
from pathlib import Path

from csci_utils.files import probe_folder

from ..errors import TrainingError
from ..formats.model_file import CHECKPOINT_SUFFIXES, ONNX_SUFFIXES
from .options import TrainingOptions

_MAX_NAME_BYTES = 200  # file systems allow 255, and previews and checkpoints add to the name


def model_path(options: TrainingOptions) -> Path:
    """Return the path of the trained model."""
    return options.save_model_dir / f"{_model_name(options)}{_model_suffix(options)}"


def best_path(options: TrainingOptions) -> Path:
    """Return the path of the best model so far."""
    return options.save_model_dir / f"{_model_name(options)}_best{_model_suffix(options)}"


def preview_path(options: TrainingOptions, epoch: int, batches: int) -> Path:
    """Return the path of a preview; `epoch` counts from 1."""
    return options.save_model_dir / f"{_model_name(options)}_epoch_{epoch}_batch_{batches}.png"


def checkpoint_path(options: TrainingOptions, folder: Path, epoch: int, batches: int) -> Path:
    """Return the path of a checkpoint in `folder`; `epoch` counts from 1."""
    return folder / f"{_model_name(options)}_epoch_{epoch}_batch_{batches}.ckpt"


def has_checkpoint(options: TrainingOptions) -> bool:
    """Return True if a checkpoint of this training, or of another of its name, exists."""
    folder, name = options.checkpoint_model_dir, escape(_model_name(options))
    return folder is not None and any(folder.glob(f"{name}_epoch_*.ckpt"))


def prepare_folders(options: TrainingOptions) -> None:
    """Create the output folders, and find out before hours of work that writing would fail.

    Raises:
        TrainingError: A folder cannot be created or written to, the model's name is not a file
            name, or there is a model that the training has not written.
    """
    _check_model_name(_model_name(options))
    for folder in (options.save_model_dir, options.checkpoint_model_dir):
        if folder is not None:
            _prepare_folder(folder)
    if options.resume is not None:
        return  # its models may be there: the best is replaced, and the last one gets a number
    for path in (model_path(options), best_path(options)):
        if path.exists():
            raise TrainingError(
                "a model of this name exists already",
                path=path,
                remedy="choose another --model-name, or move the model away",
            )


def find_free_path(path: Path) -> Path:
    """Return `path`, or one with a number if there is such a model, perhaps since a moment ago."""
    numbered = (path.with_stem(f"{path.stem}-{number}") for number in count(2))
    return next(free for free in chain([path], numbered) if not free.exists())


def _model_name(options: TrainingOptions) -> str:
    """Return the start of all file names, so that trainings can share folders."""
    return options.style_image.stem if options.model_name is None else options.model_name


def _model_suffix(options: TrainingOptions) -> str:
    """Return that of the model to start from: only its format may have a place for its network."""
    suffix = options.start_from.suffix.lower() if options.start_from else ".pth"
    if suffix in ONNX_SUFFIXES:
        return ".safetensors"
    return suffix if suffix in CHECKPOINT_SUFFIXES else ".pth"


def _check_model_name(name: str) -> None:
    if not name or Path(name).name != name or len(os.fsencode(name)) > _MAX_NAME_BYTES:
        raise TrainingError(
            f"expected a file name of at most {_MAX_NAME_BYTES} bytes for the model, got {name!r}",
            remedy="choose another --model-name",
        )


def _prepare_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe_folder(folder)
    except OSError as error:
        raise TrainingError(
            f"not a folder that can be written to ({error.strerror})",
            path=folder,
            remedy="choose another folder",
        ) from error
