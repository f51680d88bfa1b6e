"""The command line, with the reference implementation's commands and flags."""

from __future__ import annotations

import argparse
import math
import os
import secrets
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .errors import NeuralStyleError, PictureError, naming, one_line
from .loading import load
from .utils import (
    MORE_FRAMES,
    PICTURE_SUFFIXES,
    format_for,
    load_picture,
    resize,
    save_picture,
)

EXIT_FAILURE = 1  # argparse itself ends with 2 when the command line is wrong

CONTENT_IMAGE_HELP = "the picture to paint"
MODEL_HELP = "the style: a checkpoint (.pth, .pt) or an ONNX graph (.onnx)"
OUTPUT_IMAGE_HELP = f"the picture to write: {' '.join(sorted(PICTURE_SUFFIXES))}"
CONTENT_SCALE_HELP = "divide both sides by this before painting"
MAX_SIDE_HELP = "scale down before painting until the longer side has at most this many pixels"
STYLE_HELP = "which style of a model that has several, counted from 0"
ACCEL_HELP = "paint on the accelerator that PyTorch finds; an error if there is none"
CUDA_HELP = "1 for --accel, 0 for the CPU (the default)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code is 0, or `EXIT_FAILURE` after one line on stderr."""
    args = _build_parser().parse_args(arguments)
    try:
        stylize(args)
    except NeuralStyleError as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_FAILURE
    print(one_line(f"wrote {args.output_image}"))
    return 0


def stylize(args: Any) -> None:
    """Paint one picture, as the `eval` command does.

    Args:
        args: anything with the attributes `content_image`, `model` and `output_image` (paths), and
            if wanted `content_scale`, `max_side`, `style` (a number) and `accel` or `cuda` (true
            for the accelerator). A missing attribute is None.

    Raises:
        NeuralStyleError: anything that keeps it from being done. `output_image` is then what it
            was before.
    """
    output_path = Path(args.output_image)
    _check_output(output_path)
    picture = load_picture(args.content_image)
    if picture.info.get(MORE_FRAMES):
        note = f"note: {args.content_image}: only its first frame is painted"
        print(one_line(note), file=sys.stderr)
    with naming(args.content_image):
        picture = resize(
            picture, getattr(args, "content_scale", None), getattr(args, "max_side", None)
        )

    on_accelerator = getattr(args, "accel", None) or getattr(args, "cuda", None)
    style = load(args.model, "accel" if on_accelerator else "cpu", getattr(args, "style", None))
    painted = style(picture)
    with _replacing(output_path) as temporary_path:
        save_picture(painted, temporary_path, final_path=output_path)


def _check_output(path: Path) -> None:
    """Find out before the work, not after it, that its result cannot be written."""
    format_for(path)
    if path.is_dir():
        raise PictureError(f"{path}: expected a file to write, got a folder; name a file in it")
    if not path.parent.is_dir():
        raise PictureError(f"{path}: expected the folder {path.parent} to exist; create it first")


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, of the same suffix, that becomes `path` if all goes well."""
    temporary_path = path.with_name(f".{secrets.token_hex(8)}{path.suffix}")
    try:
        yield temporary_path
        os.replace(temporary_path, path)
    except BaseException as error:
        temporary_path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise PictureError(f"{path}: cannot be written: {error.strerror}") from error
        raise


def _positive_float(text: str) -> float:
    value = float(text)
    if not (math.isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return value


def _positive_int(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got {text!r}")
    return value


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m neural_style", description="Fast neural style transfer."
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    painting = commands.add_parser("eval", help="paint a picture", description="Paint a picture.")
    painting.add_argument("--content-image", required=True, metavar="PATH", help=CONTENT_IMAGE_HELP)
    painting.add_argument("--model", required=True, metavar="PATH", help=MODEL_HELP)
    painting.add_argument("--output-image", required=True, metavar="PATH", help=OUTPUT_IMAGE_HELP)
    painting.add_argument(
        "--content-scale", type=_positive_float, metavar="X", help=CONTENT_SCALE_HELP
    )
    painting.add_argument("--max-side", type=_positive_int, metavar="N", help=MAX_SIDE_HELP)
    painting.add_argument("--style", type=int, metavar="N", help=STYLE_HELP)
    device = painting.add_mutually_exclusive_group()
    device.add_argument("--accel", action="store_true", help=ACCEL_HELP)
    device.add_argument("--cuda", type=int, choices=(0, 1), default=0, help=CUDA_HELP)
    return parser
