"""The training itself."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import torch

from ..backends.pytorch import find_device
from ..errors import DeviceError, NeuralStyleError, PictureError, StyleError, TrainingError
from ..formats.saving import save_network
from ..formats.weights import MAX_BASE_WIDTH
from ..pictures.arrays import Pixels
from ..transformer_net import TransformerNet
from ..vgg import VggFeatures, load_vgg
from .checkpoints import Position, Setting, load_checkpoint, save_checkpoint
from .data import Batch, digest_names, find_pictures, read_batches, read_style
from .events import Event, Progress, Skipped, Started, Written
from .losses import PerceptualLoss
from .options import TrainingOptions
from .outputs import checkpoint_path, free_path, model_path, prepare_folders, preview_path
from .preview import Preview


def train(options: TrainingOptions, report: Callable[[Event], None]) -> Path:
    """Train a network from the beginning or from a checkpoint.

    With the same options, files, machine and number of threads, the CPU gives the same weights bit
    for bit, interrupted and resumed or not.

    Args:
        report: is told what happens, when it happens.

    Returns:
        The path of the network's file.

    Raises:
        NeuralStyleError: anything that keeps it from being done. What is written already stays.
    """
    prepare_folders(options)
    with _explaining_memory():
        training = _Training(options, report)
        training.run()
    path = free_path(model_path(options))
    _save(training.network, path)
    report(Written(path))
    return path


def _save(network: TransformerNet, path: Path) -> None:
    """Write `network`; where that fails, to a temporary folder, as it may be the work of days.

    Raises:
        TrainingError: it is in the folder that the message names.
        StyleError: it is nowhere.
    """
    try:
        save_network(network, path)
    except StyleError as error:
        try:
            kept_path = Path(mkdtemp(prefix="neural_style-"), path.name)
            save_network(network, kept_path)
        except (OSError, StyleError):
            raise error from None
        raise TrainingError(
            f"{error}; the trained network was kept in {kept_path}: move it to where it belongs"
        ) from error


class _Training:
    """A network, what it is trained with, and where it is."""

    def __init__(self, options: TrainingOptions, report: Callable[[Event], None]) -> None:
        self._options = options
        self._report = report
        self._told: set[str] = set()
        self._paths = find_pictures(options.dataset)
        self._device = find_device(options.device)
        self.network = _new_network(options).to(self._device)
        self._optimizer = torch.optim.Adam(self.network.parameters(), options.lr)
        self._preview = options.preview_image and Preview(self.network, options.preview_image)
        style = read_style(options.style_image, options.style_size)
        vgg = load_vgg(options.vgg_weights)
        self._settings = _settings(options, self._paths, style, vgg)
        self._loss = PerceptualLoss(
            vgg.to(self._device),
            torch.from_numpy(style).to(self._device),
            options.content_weight,
            options.style_weight,
        )
        self._position = Position()
        if options.resume is not None:
            self._position = load_checkpoint(
                options.resume, self.network, self._optimizer, self._settings
            )
            if self._position.epoch >= options.epochs:
                raise TrainingError(
                    f"{options.resume}: expected a checkpoint from before the end of --epochs "
                    f"{options.epochs}, got one from epoch {self._position.epoch + 1}; "
                    "ask for more epochs"
                )

    def run(self) -> None:
        """Train until all epochs are done."""
        self._report(Started(len(self._paths), str(self._device)))
        while self._position.epoch < self._options.epochs:
            self._run_epoch()
            self._position = Position(self._position.epoch + 1)

    def _run_epoch(self) -> None:
        """From where the training is to the end of the epoch."""
        options = self._options
        start = self._position.next_index
        sizes = options.batch_size, options.image_size
        for batch in read_batches(self._paths, start, *sizes, self._skip):
            self._train_on(batch)
            self._do_what_is_due(at_end=False)
        if self._position.batches == 0:
            raise TrainingError(
                f"{options.dataset}: expected pictures to train on, but none of its "
                f"{len(self._paths)} can be read"
            )
        self._do_what_is_due(at_end=True)

    def _train_on(self, batch: Batch) -> None:
        """One step; what it adds to the position."""
        position = self._position
        pictures = torch.from_numpy(batch.pixels).to(self._device)
        height, width = pictures.shape[2:]
        self._optimizer.zero_grad()
        painted = self.network(pictures)[:, :, :height, :width]
        content_loss, style_loss = self._loss(painted, pictures)
        content, style = content_loss.item(), style_loss.item()
        if not math.isfinite(content + style):
            raise TrainingError(
                f"expected finite losses, got {content:g} and {style:g} in batch "
                f"{position.batches + 1} of epoch {position.epoch + 1}; lower --lr or the weights"
            )
        (content_loss + style_loss).backward()
        self._optimizer.step()
        position.next_index = batch.next_index
        position.batches += 1
        position.pictures += len(pictures)
        position.content += content
        position.style += style

    def _do_what_is_due(self, at_end: bool) -> None:
        """Report, preview and save, as often as asked for and at the end of each epoch."""
        options, position = self._options, self._position
        place = position.epoch + 1, position.batches

        def is_due(interval: int) -> bool:
            return (position.batches % interval == 0) is not at_end  # at the end: if not just done

        if is_due(options.log_interval):
            self._report(self._progress())
        if self._preview and is_due(options.preview_interval):
            path = preview_path(options, *place)
            self._preview.save(path)
            self._report(Written(path))
        folder = options.checkpoint_model_dir
        if folder and is_due(options.checkpoint_interval):
            path = checkpoint_path(options, folder, *place)
            save_checkpoint(path, self.network, self._optimizer, position, self._settings)
            self._report(Written(path))

    def _progress(self) -> Progress:
        position = self._position
        return Progress(
            epoch=position.epoch + 1,
            epochs=self._options.epochs,
            pictures=position.pictures,
            total=len(self._paths),
            content=position.content / position.batches,
            style=position.style / position.batches,
        )

    def _skip(self, error: PictureError) -> None:
        """Report a damaged picture, but not in each epoch again."""
        if str(error) not in self._told:
            self._told.add(str(error))
            self._report(Skipped(error))


def _new_network(options: TrainingOptions) -> TransformerNet:
    """The network before training: for a seed the one that the reference implementation makes.

    Raises:
        TrainingError: it would be wider than what `neural_style.load` takes.
    """
    if options.base_width > MAX_BASE_WIDTH:
        raise TrainingError(
            f"expected a base width of at most {MAX_BASE_WIDTH}, got {options.base_width}"
        )
    with torch.random.fork_rng(devices=[]):  # the caller's random numbers are not touched
        torch.manual_seed(options.seed)
        return TransformerNet(options.base_width)


def _settings(
    options: TrainingOptions, paths: list[Path], style: Pixels, vgg: VggFeatures
) -> dict[str, Setting]:
    """What decides on the weights, by its option. Not the epochs: a training may go on longer."""
    return {
        "--batch-size": options.batch_size,
        "--image-size": options.image_size,
        "--base-width": options.base_width,
        "--seed": options.seed,
        "--content-weight": options.content_weight,
        "--style-weight": options.style_weight,
        "--lr": options.lr,
        "--style-image and --style-size": _shorten(hashlib.sha256(style.tobytes()).hexdigest()),
        "--dataset": f"{len(paths)} pictures, {_shorten(digest_names(paths, options.dataset))}",
        "--vgg-weights": _shorten(vgg.digest()),
    }


def _shorten(digest: str) -> str:
    return f"SHA-256 {digest[:16]}"


@contextmanager
def _explaining_memory() -> Iterator[None]:
    try:
        yield
    except NeuralStyleError:  # some are RuntimeErrors too
        raise
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and "memory" not in str(error).lower():
            raise
        raise DeviceError(
            f"expected enough memory to train on this device, got: {error}; make --batch-size, "
            "--image-size or --style-size smaller"
        ) from error
