"""`python -m neural_style train`: the reference implementation's flags, and some more."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import MISSING, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from csci_utils.console import EXIT_INTERRUPTED, say
from csci_utils.text import one_line

from ..arguments import add_accelerator, from_zero, whole
from ..errors import needing
from .events import Event, Skipped, Started, Written
from .options import MAX_SEED, MINIMUM_SIDE, TrainingOptions

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

DESCRIPTION = "Train a network to paint in the style of a picture."
ACCEL_HELP = "train on the accelerator that PyTorch finds; an error if there is none"


def add_train(commands: Commands) -> None:
    """Add the command to the command line."""
    training = commands.add_parser("train", help="train a style", description=DESCRIPTION)
    training.set_defaults(run=_run_train)
    defaults = {field.name: field.default for field in fields(TrainingOptions)}
    for flag, read, metavar, text in _OPTIONS:
        default = defaults[flag[2:].replace("-", "_")]
        is_required = default is MISSING
        training.add_argument(
            flag,
            type=read,
            required=is_required,
            default=None if is_required else default,
            metavar=metavar,
            help=text if is_required or default is None else f"{text} ({default:g})",
        )
    add_accelerator(training.add_mutually_exclusive_group(), ACCEL_HELP)


def _run_train(args: Any, reporter: object) -> None:
    args.device = "accel" if args.accel or args.cuda else "cpu"
    options = TrainingOptions(**{f.name: getattr(args, f.name) for f in fields(TrainingOptions)})
    try:
        with needing("PyTorch"):
            from .trainer import train
        train(options, _print_event)
    except KeyboardInterrupt:
        folder = options.checkpoint_model_dir
        remedy = f"; --resume goes on from the last checkpoint in {folder}" if folder else ""
        say(one_line(f"interrupted{remedy}"), sys.stderr)
        sys.exit(EXIT_INTERRUPTED)


def _print_event(event: Event) -> None:
    say(one_line(_describe(event)), sys.stderr if isinstance(event, Skipped) else sys.stdout)


def _describe(event: Event) -> str:
    if isinstance(event, Started):
        return f"training on {event.pictures} pictures, on {event.device}"
    if isinstance(event, Skipped):
        return f"skipped {event.error}"
    if isinstance(event, Written):
        return f"wrote {event.path}"
    return (
        f"{time.strftime('%Y-%m-%d %H:%M:%S')} epoch {event.epoch}/{event.epochs} "
        f"pictures {event.pictures}/{event.total} content {event.content:#.7g} "
        f"style {event.style:#.7g} total {event.content + event.style:#.7g}"
    )


_OPTIONS: tuple[tuple[str, Callable[[str], Any], str, str], ...] = (
    ("--dataset", Path, "PATH", "the folder of pictures to train on, in folders inside it or not"),
    ("--style-image", Path, "PATH", "the picture whose style is learned"),
    ("--save-model-dir", Path, "PATH", "the folder to write the model and the previews to"),
    ("--model-name", str, "NAME", "call the model NAME.pth, not as the style picture is called"),
    ("--epochs", whole(1), "N", "how often to go through the pictures"),
    ("--batch-size", whole(1), "N", "how many pictures make one step"),
    ("--image-size", whole(MINIMUM_SIDE), "N", "train on squares of N px a side"),
    ("--style-size", whole(MINIMUM_SIDE), "N", "resize the style picture to N x N px first"),
    ("--base-width", whole(1), "N", "channels after the first convolution"),
    ("--content-weight", from_zero, "X", "how much the content of the picture counts"),
    ("--style-weight", from_zero, "X", "how much the style counts"),
    ("--lr", from_zero, "X", "the learning rate of Adam"),
    ("--seed", whole(0, MAX_SEED), "N", "decides on the network before training"),
    ("--log-interval", whole(1), "N", "batches between two lines about the losses"),
    ("--checkpoint-model-dir", Path, "PATH", "the folder to write checkpoints to, if wanted"),
    ("--checkpoint-interval", whole(1), "N", "batches between two checkpoints"),
    ("--resume", Path, "PATH", "go on from this checkpoint; the other options must be the same"),
    ("--preview-image", Path, "PATH", "a picture to paint from time to time"),
    ("--preview-interval", whole(1), "N", "batches between two previews"),
    ("--vgg-weights", Path, "PATH", "a state dict of torchvision's vgg16, else it is downloaded"),
)
