"""The training loop."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import torch
from torch import Tensor

from ..backends.pytorch import find_device
from ..errors import DeviceError, NeuralStyleError, PictureError, StyleError, TrainingError
from ..formats.saving import save_network
from ..transformer_net import TransformerNet
from ..vgg import Vgg16
from .checks import check_inputs, check_width
from .data import Batch, find_pictures, read_batches, read_style
from .events import Advanced, EpochProgress, Event, Skipped, Started, Written
from .losses import PerceptualLoss
from .options import TrainingOptions
from .outputs import checkpoint_path, find_free_path, model_path, preview_path
from .preview import Preview
from .resuming.checkpoints import Position, load_checkpoint, save_checkpoint
from .resuming.settings import collect_settings


def train(options: TrainingOptions, notify: Callable[[Event], None]) -> Path:
    """Train a network, from the start or from a checkpoint, and write it to a file.

    On the CPU, the same options, files, machine and number of threads give the same weights bit
    for bit, whether or not the training was interrupted and resumed.

    Args:
        options: What to train on, and how.
        notify: Called with each event, in this thread. What it raises ends the training.

    Returns:
        The path of the model.

    Raises:
        NeuralStyleError: The training cannot start or go on. Files written before that stay.
    """
    check_inputs(options)
    with _described_failures(options.device):
        training = _Training(options, notify)
    training.run()
    path = find_free_path(model_path(options))
    _save_model(training.network, path)
    notify(Written(path))
    return path


def _save_model(network: TransformerNet, path: Path) -> None:
    """Write `network` to `path`, or to a temporary folder if that fails: it may be days of work.

    Raises:
        TrainingError: The model is in the temporary folder that the error names.
        StyleError: The model could not be written at all.
    """
    try:
        save_network(network, path)
    except StyleError as error:
        rescued_path = _rescue_model(network, path.name)
        if rescued_path is None:
            raise
        raise TrainingError(
            error.reason,
            path=error.path,
            remedy=f"the model was saved as {rescued_path}; move it to where you want it",
        ) from error


def _rescue_model(network: TransformerNet, name: str) -> Path | None:
    """Write `network` to a new temporary folder; return None if that fails, too."""
    try:
        path = Path(mkdtemp(prefix="neural_style-"), name)
        save_network(network, path)
    except (OSError, StyleError):
        return None
    return path


class _Training:
    """A network in training, with its optimizer, loss and position."""

    def __init__(self, options: TrainingOptions, notify: Callable[[Event], None]) -> None:
        self._options = options
        self._notify = notify
        self._skipped_paths: set[str | None] = set()
        self._paths = find_pictures(options.dataset)
        self._device = find_device(options.device)
        self.network = _build_network(options).to(self._device)
        self._optimizer = torch.optim.Adam(self.network.parameters(), options.lr)
        self._preview = options.preview_image and Preview(self.network, options.preview_image)
        self._set_up_loss()
        self._position = Position() if options.resume is None else self._resume(options.resume)

    def _set_up_loss(self) -> None:
        options = self._options
        style = read_style(options.style_image, options.style_size)
        vgg = Vgg16(weights_path=options.vgg_weights)
        self._settings = collect_settings(options, self._paths, style, vgg.digest())
        self._loss = PerceptualLoss(
            vgg.to(self._device),
            torch.from_numpy(style).to(self._device),
            options.content_weight,
            options.style_weight,
        )

    def _resume(self, path: Path) -> Position:
        position = load_checkpoint(path, self.network, self._optimizer, self._settings)
        if position.epoch >= self._options.epochs:
            raise TrainingError(
                f"the checkpoint is in epoch {position.epoch + 1}, after the last one "
                f"(--epochs {self._options.epochs})",
                path=path,
                remedy="increase --epochs",
            )
        return position

    def run(self) -> None:
        """Train until all epochs are complete."""
        self._notify(Started(len(self._paths), str(self._device)))
        while self._position.epoch < self._options.epochs:
            self._run_epoch()
            self._position = Position(self._position.epoch + 1)

    def _run_epoch(self) -> None:
        """Train from the current position to the end of the epoch."""
        for batch in self._read_batches():
            with _described_failures(self._options.device):
                self._train_on(batch)
            self._notify(self._count())
            self._write_due(at_end=False)
        if self._position.batches == 0:
            raise TrainingError(
                f"none of the {len(self._paths)} pictures can be read",
                path=self._options.dataset,
                remedy="replace them, or name another --dataset",
            )
        self._write_due(at_end=True)

    def _read_batches(self) -> Iterator[Batch]:
        options, start = self._options, self._position.next_index
        sizes = options.batch_size, options.image_size
        return read_batches(self._paths, start, *sizes, self._skip)

    def _skip(self, error: PictureError) -> None:
        """Report a damaged picture in the first epoch only."""
        if error.path not in self._skipped_paths:
            self._skipped_paths.add(error.path)
            self._notify(Skipped(error))

    def _train_on(self, batch: Batch) -> None:
        """Take one optimizer step, and advance the position."""
        pictures = torch.from_numpy(batch.pixels).to(self._device)
        self._optimizer.zero_grad()
        content_loss, style_loss = self._loss(self._paint(pictures), pictures)
        content, style = content_loss.item(), style_loss.item()
        self._check_losses(content, style)
        (content_loss + style_loss).backward()
        self._optimizer.step()
        self._position.advance(batch, content, style)

    def _paint(self, pictures: Tensor) -> Tensor:
        """Return the network's output, cut to the size of its input."""
        height, width = pictures.shape[2:]
        painted: Tensor = self.network(pictures)
        return painted[:, :, :height, :width]

    def _check_losses(self, content: float, style: float) -> None:
        if not math.isfinite(content + style):
            raise TrainingError(
                f"the losses are not finite (content {content:g}, style {style:g}) in batch "
                f"{self._position.batches + 1} of epoch {self._position.epoch + 1}",
                remedy="lower --lr, --content-weight or --style-weight",
            )

    def _write_due(self, at_end: bool) -> None:
        """Report the losses and write files at their intervals, and at the end of each epoch."""
        options = self._options
        if self._is_due(options.log_interval, at_end):
            self._notify(self._progress())
        if self._preview and self._is_due(options.preview_interval, at_end):
            self._write_preview(self._preview)
        if options.checkpoint_model_dir and self._is_due(options.checkpoint_interval, at_end):
            self._write_checkpoint(options.checkpoint_model_dir)

    def _is_due(self, interval: int, at_end: bool) -> bool:
        """Return True after each `interval` batches, and at the end unless it was just done."""
        is_at_interval = self._position.batches % interval == 0
        return is_at_interval is not at_end

    def _write_preview(self, preview: Preview) -> None:
        position = self._position
        path = preview_path(self._options, position.epoch + 1, position.batches)
        preview.save(path)
        self._notify(Written(path))

    def _write_checkpoint(self, folder: Path) -> None:
        position = self._position
        path = checkpoint_path(self._options, folder, position.epoch + 1, position.batches)
        save_checkpoint(path, self.network, self._optimizer, position, self._settings)
        self._notify(Written(path))

    def _count(self) -> Advanced:
        position, total = self._position, len(self._paths)
        # Damaged pictures are no work, but they are passed.
        return Advanced(position.epoch * total + position.next_index, self._options.epochs * total)

    def _progress(self) -> EpochProgress:
        position = self._position
        return EpochProgress(
            epoch=position.epoch + 1,
            epochs=self._options.epochs,
            pictures=position.pictures,
            total=len(self._paths),
            content=position.content / position.batches,
            style=position.style / position.batches,
        )


def _build_network(options: TrainingOptions) -> TransformerNet:
    """Return the untrained network: for the same seed the one that the reference builds."""
    check_width(options.base_width)
    with torch.random.fork_rng(devices=[]):  # leaves the caller's random numbers alone
        torch.manual_seed(options.seed)
        return TransformerNet(options.base_width)


@contextmanager
def _described_failures(device: str) -> Iterator[None]:
    """Turn what PyTorch raises on a device that cannot do the work into a `DeviceError`.

    Too little memory is a plain RuntimeError on the CPU, so its type does not tell it apart.
    """
    try:
        yield
    except NeuralStyleError:  # some are RuntimeErrors, too
        raise
    except (MemoryError, RuntimeError) as error:
        raise DeviceError(
            f"PyTorch cannot train on this device, {device} ({str(error) or 'out of memory'})",
            remedy="if it has too little memory, lower --batch-size, --image-size or --style-size",
        ) from error
