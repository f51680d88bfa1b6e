"""`python -m neural_style train`: the reference implementation's flags, and some more."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import MISSING, fields
from pathlib import Path
from typing import TYPE_CHECKING

from csci_utils.console import ExitCode, say
from csci_utils.text import format_duration, one_line

from ..command_line.arguments import above_zero, add_accelerator, from_zero, whole
from ..errors import needing
from ..options import PRECISIONS
from .checks import check_inputs
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
from .options import ALL, MAX_SEED, MINIMUM_SIDE, NORMS, TrainingOptions
from .outputs import has_checkpoint

if TYPE_CHECKING:
    from ..command_line.reporting import Reporter

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]
    Group = argparse._ArgumentGroup

_SHORTEST_REST = 60  # seconds; less is not worth a word

_DESCRIPTION = "Train a network on the style of a picture."
_DATASET_HELP = "folder of pictures to train on, with its subfolders"
_STYLE_IMAGE_HELP = "picture whose style is learned"
_IMAGE_SIZE_HELP = "train on squares of N x N px (default: %(default)s)"
_STYLE_SIZE_HELP = "resize the style picture to N x N px (default: keep its size)"
_VGG_WEIGHTS_HELP = "state dict of torchvision's vgg16 (default: download torchvision's)"
_SAVE_MODEL_DIR_HELP = "folder for the model and the previews"
_MODEL_NAME_HELP = "write the model to NAME.pth (default: the name of the style picture)"
_LOG_INTERVAL_HELP = "batches between two lines with the losses (default: %(default)s)"
_PREVIEW_IMAGE_HELP = "picture to paint with the unfinished network (default: no previews)"
_PREVIEW_INTERVAL_HELP = "batches between two previews (default: %(default)s)"
_CHECKPOINT_DIR_HELP = "folder for checkpoints (default: no checkpoints)"
_CHECKPOINT_INTERVAL_HELP = "batches between two checkpoints (default: %(default)s)"
_RESUME_HELP = "checkpoint to resume from, with the same options as before"
_START_FROM_HELP = "model of one style to train further (default: a new network)"
_TRAIN_HELP = (
    f"{ALL} weights, or {NORMS}: only the scales and shifts of the normalizations, with "
    "--start-from (default: %(default)s)"
)
_PRECISION_HELP = (
    "exact, in fp32 as the reference does, or fast, in bf16 where the processor has it (default: "
    "%(default)s)"
)
_MINUTES_HELP = "end after this many minutes (default: when all epochs are done)"
_EPOCHS_HELP = "passes over all pictures (default: %(default)s)"
_BATCH_SIZE_HELP = "pictures in each training step (default: %(default)s)"
_LR_HELP = "learning rate of Adam (default: %(default)g)"
_CONTENT_WEIGHT_HELP = "weight of the content loss (default: %(default)g)"
_STYLE_WEIGHT_HELP = "weight of the style loss (default: %(default)g)"
_BASE_WIDTH_HELP = "channels after the first convolution (default: %(default)s)"
_SEED_HELP = "seed of the network's first weights (default: %(default)s)"
_ACCEL_HELP = "train on the accelerator that PyTorch finds; an error if there is none"


def add_train(commands: Commands) -> None:
    """Add the command `train` to the command line."""
    training = commands.add_parser("train", help="train a style", description=_DESCRIPTION)
    defaults = {f.name: f.default for f in fields(TrainingOptions) if f.default is not MISSING}
    training.set_defaults(run=_run_train, **defaults)
    _add_inputs(training.add_argument_group("inputs"))
    _add_outputs(training.add_argument_group("outputs"))
    _add_checkpoints(training.add_argument_group("checkpoints"))
    settings = training.add_argument_group("training")
    _add_training(settings)
    add_accelerator(settings.add_mutually_exclusive_group(), _ACCEL_HELP)


def _add_inputs(group: Group) -> None:
    _add_path(group, "--dataset", _DATASET_HELP, required=True)
    _add_path(group, "--style-image", _STYLE_IMAGE_HELP, required=True)
    _add_number(group, "--image-size", whole(MINIMUM_SIDE), _IMAGE_SIZE_HELP)
    _add_number(group, "--style-size", whole(MINIMUM_SIDE), _STYLE_SIZE_HELP)
    _add_path(group, "--vgg-weights", _VGG_WEIGHTS_HELP)


def _add_outputs(group: Group) -> None:
    _add_path(group, "--save-model-dir", _SAVE_MODEL_DIR_HELP, required=True)
    group.add_argument("--model-name", metavar="NAME", help=_MODEL_NAME_HELP)
    _add_number(group, "--log-interval", whole(1), _LOG_INTERVAL_HELP)
    _add_path(group, "--preview-image", _PREVIEW_IMAGE_HELP)
    _add_number(group, "--preview-interval", whole(1), _PREVIEW_INTERVAL_HELP)


def _add_checkpoints(group: Group) -> None:
    _add_path(group, "--checkpoint-model-dir", _CHECKPOINT_DIR_HELP)
    _add_number(group, "--checkpoint-interval", whole(1), _CHECKPOINT_INTERVAL_HELP)
    _add_path(group, "--resume", _RESUME_HELP)


def _add_training(group: Group) -> None:
    _add_number(group, "--epochs", whole(1), _EPOCHS_HELP)
    _add_number(group, "--minutes", above_zero, _MINUTES_HELP)
    _add_number(group, "--batch-size", whole(1), _BATCH_SIZE_HELP)
    _add_number(group, "--lr", from_zero, _LR_HELP)
    _add_number(group, "--content-weight", from_zero, _CONTENT_WEIGHT_HELP)
    _add_number(group, "--style-weight", from_zero, _STYLE_WEIGHT_HELP)
    network = group.add_mutually_exclusive_group()  # the width of a model is in its file
    _add_number(network, "--base-width", whole(1), _BASE_WIDTH_HELP)
    _add_path(network, "--start-from", _START_FROM_HELP)
    group.add_argument("--train", choices=(ALL, NORMS), help=_TRAIN_HELP)
    group.add_argument("--precision", choices=PRECISIONS, help=_PRECISION_HELP)
    _add_number(group, "--seed", whole(0, MAX_SEED), _SEED_HELP)


def _add_path(group: Group, flag: str, text: str, required: bool = False) -> None:
    group.add_argument(flag, type=Path, required=required, metavar="PATH", help=text)


def _add_number(group: Group, flag: str, parse: Callable[[str], float], text: str) -> None:
    group.add_argument(flag, type=parse, metavar="N", help=text)


def _run_train(args: argparse.Namespace, reporter: Reporter) -> None:
    """Train, and print each event as a line: a training reports more than other commands."""
    args.device = "accel" if args.accel or args.cuda else "cpu"
    options = TrainingOptions(**{f.name: getattr(args, f.name) for f in fields(TrainingOptions)})
    printer = _Printer(reporter)
    try:
        _train(options, reporter, printer.take)
    except KeyboardInterrupt:
        reporter.close()
        folder, remedy = options.checkpoint_model_dir, ""
        if has_checkpoint(options):
            remedy = f"; resume from the last checkpoint in {folder} with --resume"
        say(one_line(f"interrupted{remedy}"), sys.stderr)
        sys.exit(ExitCode.INTERRUPTED)
    finally:
        reporter.close()
        printer.print_best()


def _train(options: TrainingOptions, reporter: Reporter, notify: Callable[[Event], None]) -> None:
    check_inputs(options)
    reporter.begin(f"training {options.style_image.name}")
    with needing("PyTorch", "train"):
        from .trainer import train
    train(options, notify)


class _Printer:
    """Prints the events of a training."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._best: BestWritten | None = None

    def take(self, event: Event) -> None:
        """Move the bar, or print a line. Of the best models only the first gets one at once."""
        if isinstance(event, Advanced):
            self._reporter.progress(event.done, event.total)
            return
        is_shown = not isinstance(event, BestWritten) or self._best is None
        if isinstance(event, BestWritten):
            self._best = event
        if is_shown:
            with self._reporter.paused():
                stream = sys.stderr if isinstance(event, Skipped) else sys.stdout
                say(one_line(_describe(event)), stream)

    def print_best(self) -> None:
        """Print which of the models that were written is the best, if any was."""
        if self._best is not None:
            path, loss = self._best.path, self._best.loss
            say(one_line(f"best model: {path} (mean total {loss:#.7g})"), sys.stdout)


def _describe(event: Started | EpochProgress | TimeOver | Skipped | Written | BestWritten) -> str:
    match event:
        case Started():
            return f"training on {event.pictures} pictures, on {event.device}{_arithmetic(event)}"
        case TimeOver():
            return f"the time is over, in epoch {event.epoch}/{event.epochs}"
        case Skipped():
            return f"skipped {event.error}"
        case Written() | BestWritten():
            return f"wrote {event.path}"
        case EpochProgress():
            return f"{time.strftime('%Y-%m-%d %H:%M:%S')} {_describe_progress(event)}"


def _arithmetic(event: Started) -> str:
    if event.in_bf16 is None:
        return ""
    return ", in bf16" if event.in_bf16 else ", in fp32, because this processor has no bf16"


def _describe_progress(progress: EpochProgress) -> str:
    content, style, seconds = progress.content, progress.style, progress.seconds_left
    rest = f", {format_duration(seconds)} left" if seconds >= _SHORTEST_REST else ""
    return (
        f"epoch {progress.epoch}/{progress.epochs} pictures {progress.pictures}/{progress.total} "
        f"content {content:#.7g} style {style:#.7g} total {content + style:#.7g}{rest}"
    )
