"""The command line, with the reference implementation's commands and flags."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from csci_utils.console import ExitCode, answer, say
from csci_utils.errors import DescribedError
from csci_utils.files import check_place
from csci_utils.text import one_line

from .command_line.arguments import ShowVersion, add_rendering_options, read_rendering_options
from .command_line.parent import follow_parent
from .command_line.reporting import Reporter, TextReporter, make_reporter
from .command_line.streams import STREAM, files_of
from .errors import PictureError, StyleError, needing
from .formats.conversion import check_conversion
from .formats.model_file import ONNX_SUFFIXES, STYLE_SUFFIXES
from .imitation.command import add_imitate
from .inspection import inspect
from .options import RenderingOptions
from .painting import PaintingResult, paint_file
from .pictures.file_formats import PICTURE_SUFFIXES, format_for
from .request import PaintingRequest
from .training.command import add_train

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

CONTENT_IMAGE_HELP = "the picture to paint; - for standard input"
MODEL_HELP = "the style: a checkpoint (.pth, .pt, .safetensors) or an ONNX graph (.onnx)"
BLEND_HELP = f"{MODEL_HELP}; or a blend, such as candy.pth:0.5,mosaic.pth:0.5"
OUTPUT_IMAGE_HELP = (
    f"the picture to write: {' '.join(sorted(PICTURE_SUFFIXES))}; - for standard output, in the "
    "format of --format or else the input's"
)
IMAGE_NAME_HELP = "the picture's name in the painting's metadata (default: that of the file)"
MODEL_NAME_HELP = "the same of the style"
ACCEL_HELP = "paint on the accelerator that PyTorch finds; an error if there is none"
INFO_DEVICE_HELP = "also ask PyTorch for this device, as --device of eval does"
EXPORT_HELP = "also write the model as an ONNX graph; convert does so without painting"
CONVERTED_HELP = f"the style to read: {' '.join(sorted(STYLE_SUFFIXES))}"
OUTPUT_MODEL_HELP = f"the file to write: {' '.join(sorted(STYLE_SUFFIXES))}"
EXIT_NO_STYLE = 3
"""The exit code of ``inspect`` for a readable file that is not a style model."""

JSON_HELP = "report notes, progress, the result or an error as one JSON object per line"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, and return its exit code.

    It is one of `ExitCode`, or `EXIT_NO_STYLE`. Every code but 0 comes with one line on standard
    error.
    """
    reporter = make_reporter(is_for_program=False)
    try:
        args = _build_parser().parse_args(arguments)
        is_for_program = getattr(args, "json", False)
        reporter = make_reporter(is_for_program)
        if is_for_program:
            follow_parent()
        args.run(args, reporter)
    except DescribedError as error:
        reporter.fail(error)
        is_answer = isinstance(error, StyleError) and args.command == "inspect"
        return EXIT_NO_STYLE if is_answer and _is_readable(args.model) else ExitCode.FAILED
    except KeyboardInterrupt:
        reporter.close()
        say("interrupted", sys.stderr)
        return ExitCode.INTERRUPTED
    finally:
        reporter.close()
    return ExitCode.DONE


def _is_readable(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.R_OK)


def stylize(args: Any, reporter: Reporter | None = None) -> PaintingResult:
    """Paint one picture, as the `eval` command does.

    Args:
        args: Anything with the attributes `content_image`, `model` and `output_image` (paths, or
            ``-`` for standard input and output), and optionally those of `RenderingOptions`, where
            `style` is another name of `number`, `accel` or `cuda` (true for the accelerator), and
            `export_onnx` (where to also write the model as a graph). A missing attribute is None.
        reporter: Receives notes and progress. None for the terminal.

    Raises:
        NeuralStyleError: The picture cannot be painted; `output_image` is unchanged.
        TypeError, ValueError: An option is of the wrong type, or out of range.
    """
    if reporter is None:
        with closing(TextReporter()) as terminal:
            return stylize(args, terminal)
    export_path = getattr(args, "export_onnx", None)
    options = read_rendering_options(args)
    names = [getattr(args, name, None) or "" for name in ("image_name", "model_name")]
    with files_of(args.content_image, args.output_image, options.file_format) as files:
        content_path, output_path = files
        _check_outputs(output_path, options, export_path)
        request = PaintingRequest.of(content_path, args.model, output_path, options, *names)
        if export_path:
            _check_single(request)
            _convert(request.model, export_path, reporter)
        reporter.begin(f"painting {content_path.name} in {request.model_name}")
        result = paint_file(request, reporter.notify, reporter.progress)
        if result.has_more_frames:
            shown = content_path.name if args.content_image == STREAM else content_path
            reporter.notify(f"{shown}: only the first frame was painted")
    return result


def _check_single(request: PaintingRequest) -> None:
    if request.blend is not None:
        raise StyleError(
            "expected one file to export, got a blend of several",
            path=request.model_name,
            remedy="leave out --export-onnx",
        )


def _run_eval(args: Any, reporter: Reporter) -> None:
    try:
        options = read_rendering_options(args)
        PaintingRequest.of(args.content_image, args.model, args.output_image, options)
    except ValueError as error:  # options that do not go together
        args.refuse(str(error))
    is_stream = args.output_image == STREAM
    if is_stream and args.json:
        args.refuse("--json writes to standard output, and so does --output-image -")
    result = stylize(args, reporter)
    written = [args.export_onnx] if args.export_onnx else []
    lines = [] if is_stream else [f"wrote {path}" for path in (*written, args.output_image)]
    reporter.finish(lines, **result.to_json())


def _run_convert(args: Any, reporter: Reporter) -> None:
    _convert(args.model, args.output_model, reporter)
    reporter.finish([f"wrote {args.output_model}"])


def _run_inspect(args: Any, reporter: Reporter) -> None:
    description = asdict(inspect(args.model))
    if args.json:
        reporter.finish([], **description)
    else:
        answer(json.dumps(description))


def _run_info(args: Any, reporter: Reporter) -> None:
    from .command_line.info import describe  # its imports would slow down every painting

    lines = describe(args.device)
    width = max(len(name) for name, _ in lines)
    answer("\n".join(f"{name:{width}}  {one_line(text)}" for name, text in lines))


def _convert(model_path: str | Path, output_path: str | Path, reporter: Reporter) -> None:
    reporter.begin(f"converting {Path(model_path).name} to {Path(output_path).name}")
    check_conversion(model_path, output_path)
    with needing("PyTorch", "pytorch"):
        from .formats.saving import convert
    convert(model_path, output_path)


def _check_outputs(
    output_path: Path, options: RenderingOptions, export_path: str | Path | None
) -> None:
    """Find out before the work, not after it, that its results cannot be written."""
    format_for(output_path, options.file_format)
    check_place(output_path, PictureError)
    if export_path and Path(export_path).suffix.lower() not in ONNX_SUFFIXES:
        raise StyleError(
            "expected a name ending in .onnx, got another suffix",
            path=export_path,
            remedy="change it, or use the command convert for another format",
        )


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, without all options above it."""

    def error(self, message: str) -> NoReturn:
        say(one_line(f"error: {message}"), sys.stderr)
        sys.exit(ExitCode.USAGE)


def _build_parser() -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = _Parser(
        prog="python -m neural_style", description="Fast neural style transfer."
    )
    parser.add_argument(
        "-V", "--version", action=ShowVersion, nargs=0, help="show the version and exit"
    )
    commands = parser.add_subparsers(
        title="commands", required=True, metavar="COMMAND", dest="command"
    )
    _add_eval(commands)
    _add_convert(commands)
    _add_inspect(commands)
    _add_info(commands)
    add_imitate(commands, JSON_HELP)
    add_train(commands)
    return parser


def _add_eval(commands: Commands) -> None:
    painting = commands.add_parser("eval", help="paint a picture", description="Paint a picture.")
    painting.set_defaults(run=_run_eval, refuse=painting.error)
    painting.add_argument("--content-image", required=True, metavar="PATH", help=CONTENT_IMAGE_HELP)
    painting.add_argument("--model", required=True, metavar="PATH", help=BLEND_HELP)
    painting.add_argument("--output-image", required=True, metavar="PATH", help=OUTPUT_IMAGE_HELP)
    painting.add_argument("--image-name", metavar="NAME", help=IMAGE_NAME_HELP)
    painting.add_argument("--model-name", metavar="NAME", help=MODEL_NAME_HELP)
    add_rendering_options(painting, ACCEL_HELP)
    painting.add_argument("--export-onnx", "--export_onnx", metavar="PATH", help=EXPORT_HELP)
    painting.add_argument("--json", action="store_true", help=JSON_HELP)


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
        help="load a style and describe it",
        description="Load a style and describe it, as one line of JSON.",
    )
    inspecting.set_defaults(run=_run_inspect)
    inspecting.add_argument("--model", required=True, metavar="PATH", help=MODEL_HELP)
    inspecting.add_argument("--json", action="store_true", help=JSON_HELP)


def _add_info(commands: Commands) -> None:
    informing = commands.add_parser(
        "info",
        help="show which backend paints on this machine",
        description="Show which backend paints on this machine, and why.",
    )
    informing.set_defaults(run=_run_info)
    informing.add_argument("--device", metavar="NAME", help=INFO_DEVICE_HELP)
