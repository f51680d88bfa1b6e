"""The command line, with the reference implementation's commands and flags."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from csci_utils.console import EXIT_FAILURE, EXIT_INTERRUPTED, EXIT_NO_STYLE, answer, say
from csci_utils.errors import at_path
from csci_utils.files import check_place, replacing
from csci_utils.text import one_line

from .arguments import ShowVersion, above_zero, add_accelerator, size, whole
from .backends.loading import load
from .errors import NeuralStyleError, PictureError, StyleError, needing
from .formats.model_file import CHECKPOINT_SUFFIXES, ONNX_SUFFIXES, STYLE_SUFFIXES
from .inspection import inspect
from .options import EXACT, MAX_THREADS, PRECISIONS
from .pictures.file_formats import PICTURE_SUFFIXES, format_for
from .pictures.io import MORE_FRAMES, load_picture, save_picture
from .pictures.resizing import resize
from .system.progress import ProgressLine
from .training.command import add_train

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

CONTENT_IMAGE_HELP = "the picture to paint"
MODEL_HELP = "the style: a checkpoint (.pth, .pt, .safetensors) or an ONNX graph (.onnx)"
OUTPUT_IMAGE_HELP = f"the picture to write: {' '.join(sorted(PICTURE_SUFFIXES))}"
CONTENT_SCALE_HELP = "divide both sides by this before painting"
MAX_SIDE_HELP = "scale down before painting until the longer side has at most this many pixels"
STYLE_HELP = "which style of a model that has several, counted from 0"
PRECISION_HELP = (
    "exact: within one level of fp32 (the default); fast: half precision where the device has it"
)
THREADS_HELP = "how many threads to paint with on the CPU (one for each core)"
MEMORY_HELP = (
    "the most memory to take, such as 2GiB (what there is); what is beyond goes into a temporary "
    "file; not for ONNX graphs"
)
DEVICE_HELP = "cpu (the default), cuda, mps, xpu, or auto for an accelerator if there is one"
ACCEL_HELP = "paint on the accelerator that PyTorch finds; an error if there is none"
INFO_DEVICE_HELP = "ask PyTorch for this device, too, as --device of eval does"
EXPORT_HELP = "besides, write the model as an ONNX graph; convert does so without painting"
CONVERTED_HELP = f"the checkpoint to read: {' '.join(sorted(CHECKPOINT_SUFFIXES))}"
OUTPUT_MODEL_HELP = f"the file to write: {' '.join(sorted(STYLE_SUFFIXES))}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    The exit code is 0; or, after one line on stderr, `EXIT_FAILURE`, `EXIT_NO_STYLE` of `inspect`
    (which leaves by SystemExit), or `EXIT_INTERRUPTED` where Ctrl-C ended it.
    """
    try:
        args = _build_parser().parse_args(arguments)
        args.run(args)
    except NeuralStyleError as error:
        say(f"error: {error}", sys.stderr)
        return EXIT_FAILURE
    except KeyboardInterrupt:
        say("interrupted", sys.stderr)
        return EXIT_INTERRUPTED
    return 0


def _run_eval(args: Any) -> None:
    stylize(args)
    if args.export_onnx:
        say(one_line(f"wrote {args.export_onnx}"), sys.stdout)
    say(one_line(f"wrote {args.output_image}"), sys.stdout)


def _run_convert(args: Any) -> None:
    _convert(args.model, args.output_model)
    say(one_line(f"wrote {args.output_model}"), sys.stdout)


def _run_inspect(args: Any) -> None:
    try:
        answer(json.dumps(asdict(inspect(args.model))))
    except StyleError as error:
        say(f"error: {error}", sys.stderr)
        sys.exit(EXIT_NO_STYLE)


def _run_info(args: Any) -> None:
    from .info import describe  # what it imports would slow down each painting

    lines = describe(args.device)
    width = max(len(name) for name, _ in lines)
    answer("\n".join(f"{name:{width}}  {one_line(text)}" for name, text in lines))


def stylize(args: Any) -> None:
    """Paint one picture, as the `eval` command does.

    Args:
        args: anything with the attributes `content_image`, `model` and `output_image` (paths), and
            if wanted `content_scale`, `max_side`, `style` (a number), `device` as for `load`, or
            `accel` or `cuda` (true for the accelerator), `precision`, `threads`, `memory`, and
            `export_onnx` (where to write the model as a graph besides). A missing attribute is
            None.

    Raises:
        NeuralStyleError: anything that keeps it from being done. `output_image` is then what it
            was before.
    """
    output_path = Path(args.output_image)
    export_path = getattr(args, "export_onnx", None)
    _check_outputs(output_path, export_path)
    picture = load_picture(args.content_image)
    if picture.info.get(MORE_FRAMES):
        _print_note(f"{args.content_image}: only its first frame is painted")
    with at_path(args.content_image):
        picture = resize(
            picture, getattr(args, "content_scale", None), getattr(args, "max_side", None)
        )
    with at_path(output_path):
        format_for(output_path).check_size(picture.size)
    if export_path:
        _convert(args.model, export_path)

    style = load(
        args.model,
        _choose_device(args),
        getattr(args, "style", None),
        precision=getattr(args, "precision", None) or EXACT,
        threads=getattr(args, "threads", None),
        memory=getattr(args, "memory", None),
        tell=_print_note,
    )
    with at_path(args.content_image), closing(ProgressLine(sys.stderr)) as progress:
        painted = style(picture, progress)
    del picture, style  # they may be large, and encoding takes memory, too
    with replacing(output_path, PictureError) as temporary_path:
        save_picture(painted, temporary_path, final_path=output_path)


def _choose_device(args: Any) -> str:
    on_accelerator = getattr(args, "accel", None) or getattr(args, "cuda", None)
    return getattr(args, "device", None) or ("accel" if on_accelerator else "cpu")


def _print_note(note: str) -> None:
    say(one_line(f"note: {note}"), sys.stderr)


def _convert(model_path: str | Path, output_path: str | Path) -> None:
    with needing("PyTorch"):
        from .formats.saving import convert
    convert(model_path, output_path)


def _check_outputs(output_path: Path, export_path: str | Path | None) -> None:
    """Find out before the work, not after it, that its results cannot be written."""
    format_for(output_path)
    check_place(output_path, PictureError)
    if export_path and Path(export_path).suffix.lower() not in ONNX_SUFFIXES:
        raise StyleError(
            f"{export_path}: expected a name ending in .onnx, got another suffix; "
            "change it, or use the command convert for another format"
        )


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m neural_style", description="Fast neural style transfer."
    )
    parser.add_argument("--version", action=ShowVersion, nargs=0, help="show the version and end")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_eval(commands)
    _add_convert(commands)
    _add_inspect(commands)
    _add_info(commands)
    add_train(commands)
    return parser


def _add_eval(commands: Commands) -> None:
    painting = commands.add_parser("eval", help="paint a picture", description="Paint a picture.")
    painting.set_defaults(run=_run_eval)
    painting.add_argument("--content-image", required=True, metavar="PATH", help=CONTENT_IMAGE_HELP)
    painting.add_argument("--model", required=True, metavar="PATH", help=MODEL_HELP)
    painting.add_argument("--output-image", required=True, metavar="PATH", help=OUTPUT_IMAGE_HELP)
    painting.add_argument("--content-scale", type=above_zero, metavar="X", help=CONTENT_SCALE_HELP)
    painting.add_argument("--max-side", type=whole(1), metavar="N", help=MAX_SIDE_HELP)
    painting.add_argument("--style", type=whole(0), metavar="N", help=STYLE_HELP)
    painting.add_argument("--export-onnx", "--export_onnx", metavar="PATH", help=EXPORT_HELP)
    painting.add_argument("--precision", choices=PRECISIONS, default=EXACT, help=PRECISION_HELP)
    painting.add_argument("--threads", type=whole(1, MAX_THREADS), metavar="N", help=THREADS_HELP)
    painting.add_argument("--memory", type=size, metavar="SIZE", help=MEMORY_HELP)
    device = painting.add_mutually_exclusive_group()
    device.add_argument("--device", metavar="NAME", help=DEVICE_HELP)
    add_accelerator(device, ACCEL_HELP)


def _add_convert(commands: Commands) -> None:
    converting = commands.add_parser(
        "convert",
        help="write a style in another format",
        description="Write a style in another format: that of the output's suffix.",
    )
    converting.set_defaults(run=_run_convert)
    converting.add_argument("--model", required=True, metavar="PATH", help=CONVERTED_HELP)
    converting.add_argument("--output-model", required=True, metavar="PATH", help=OUTPUT_MODEL_HELP)


def _add_inspect(commands: Commands) -> None:
    inspecting = commands.add_parser(
        "inspect",
        help="load a style and say what it is",
        description="Load a style and say what it is, as one line of JSON.",
    )
    inspecting.set_defaults(run=_run_inspect)
    inspecting.add_argument("--model", required=True, metavar="PATH", help=MODEL_HELP)


def _add_info(commands: Commands) -> None:
    telling = commands.add_parser(
        "info",
        help="show what paints on this machine",
        description="Show what paints on this machine, and why.",
    )
    telling.set_defaults(run=_run_info)
    telling.add_argument("--device", metavar="NAME", help=INFO_DEVICE_HELP)
