"""The training loop."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor

from ..backends.pytorch import find_device, has_bf16
from ..errors import DeviceError, NeuralStyleError, PictureError, TrainingError
from ..options import FAST
from ..vgg import Vgg16
from .checks import check_inputs
from .clock import Clock
from .data import Batch, find_pictures, read_batches, read_style
from .events import (
    Advanced,
    BestWritten,
    EpochProgress,
    Event,
    Skipped,
    Started,
    TimeOver,
    Written,
)
from .losses import PerceptualLoss, bf16
from .models import build_network, save_model
from .options import TrainingOptions
from .outputs import best_path, checkpoint_path, find_free_path, model_path, preview_path
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
    save_model(training.network, path)
    notify(Written(path))
    return path


class _Training:
    """A network in training, with its optimizer, loss and position."""

    def __init__(self, options: TrainingOptions, notify: Callable[[Event], None]) -> None:
        self._options = options
        self._notify = notify
        self._skipped_paths: set[str | None] = set()
        self._paths = find_pictures(options.dataset)
        self._device = find_device(options.device)
        self._in_bf16 = options.precision == FAST and has_bf16()
        self.network = build_network(options).to(self._device)
        trained = [parameter for parameter in self.network.parameters() if parameter.requires_grad]
        self._optimizer = torch.optim.Adam(trained, options.lr)
        self._preview = options.preview_image and Preview(self.network, options.preview_image)
        self._set_up_loss()
        self._position = Position() if options.resume is None else self._resume(options.resume)
        self._best_path: Path | None = None
        self._clock = Clock(options.minutes, self._done)

    def _set_up_loss(self) -> None:
        options = self._options
        style = read_style(options.style_image, options.style_size)
        vgg = Vgg16(weights_path=options.vgg_weights)
        self._settings = collect_settings(options, self._paths, style, vgg.digest())
        if options.precision == FAST:
            # The network itself is not faster so: its normalizations would copy their inputs.
            vgg.to(memory_format=torch.channels_last)
        self._loss = PerceptualLoss(
            vgg.to(self._device),
            torch.from_numpy(style).to(self._device),
            options.content_weight,
            options.style_weight,
            self._in_bf16,
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
        """Train until all epochs are complete or the minutes have passed."""
        options = self._options
        in_bf16 = self._in_bf16 if options.precision == FAST else None
        self._notify(Started(len(self._paths), str(self._device), in_bf16))
        while self._position.epoch < options.epochs:
            self._run_epoch()
            if self._clock.is_over and self._done < self._total:
                self._notify(TimeOver(self._position.epoch + 1, options.epochs))
                return
            self._position = self._position.next_epoch()

    def _run_epoch(self) -> None:
        """Train from the current position to the end of the epoch, or of the minutes."""
        for batch in self._read_batches():
            with _described_failures(self._options.device):
                self._train_on(batch)
            self._notify(self._count())
            self._write_due(at_end=False)
            if self._clock.is_over:
                break
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
        painted = self._paint(pictures)
        content_loss, style_loss = self._loss(painted, pictures)
        content, style = content_loss.item(), style_loss.item()
        self._check_losses(content, style)
        (content_loss + style_loss).backward()
        self._optimizer.step()
        self._position.advance(batch, content, style)

    def _paint(self, pictures: Tensor) -> Tensor:
        """Return the network's output in fp32, cut to the size of its input."""
        height, width = pictures.shape[2:]
        with bf16(self._in_bf16):
            painted: Tensor = self.network(pictures)
        return painted[:, :, :height, :width].float()

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
        is_late = not at_end and self._clock.is_report_due()
        if self._is_due(options.log_interval, at_end) or is_late:
            self._notify(self._progress())
        is_last = at_end and (self._clock.is_over or self._position.epoch + 1 == options.epochs)
        if self._position.has_lowest_loss(at_end=is_last):
            self._write_best()
        if self._preview and self._is_due(options.preview_interval, at_end):
            self._write_preview(self._preview)
        if options.checkpoint_model_dir and self._is_due(options.checkpoint_interval, at_end):
            self._write_checkpoint(options.checkpoint_model_dir)

    def _is_due(self, interval: int, at_end: bool) -> bool:
        """Return True after each `interval` batches, and at the end unless it was just done."""
        is_at_interval = self._position.batches % interval == 0
        return is_at_interval is not at_end

    def _write_best(self) -> None:
        if self._best_path is None:
            path = best_path(self._options)
            self._best_path = path if self._options.resume else find_free_path(path)
        save_model(self.network, self._best_path)
        self._notify(BestWritten(self._best_path, self._position.lowest_loss))

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
        return Advanced(self._done, self._clock.estimate_total(self._done, self._total))

    @property
    def _done(self) -> int:
        """Pictures passed in all epochs, damaged ones, which are no work, included."""
        return self._position.epoch * len(self._paths) + self._position.next_index

    @property
    def _total(self) -> int:
        """Pictures in all epochs."""
        return self._options.epochs * len(self._paths)

    def _progress(self) -> EpochProgress:
        position = self._position
        return EpochProgress(
            epoch=position.epoch + 1,
            epochs=self._options.epochs,
            pictures=position.pictures,
            total=len(self._paths),
            content=position.content / position.batches,
            style=position.style / position.batches,
            seconds_left=self._clock.estimate_rest(self._done, self._total),
        )


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
