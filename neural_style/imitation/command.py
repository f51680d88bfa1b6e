"""`python -m neural_style imitate`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..command_line.reporting import Reporter

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

_HELP = "make a style from a picture, without training"
_DESCRIPTION = "Make a style from a picture, in a second and without training."
_STYLE_IMAGE_HELP = "the picture whose style is imitated"
_OUTPUT_MODEL_HELP = "the style to write: a new file, .safetensors"


def add_imitate(commands: Commands, json_help: str) -> None:
    """Add the command `imitate` to the command line."""
    imitating = commands.add_parser("imitate", help=_HELP, description=_DESCRIPTION)
    imitating.set_defaults(run=_run_imitate)
    imitating.add_argument("--style-image", required=True, metavar="PATH", help=_STYLE_IMAGE_HELP)
    imitating.add_argument("--output-model", required=True, metavar="PATH", help=_OUTPUT_MODEL_HELP)
    imitating.add_argument("--json", action="store_true", help=json_help)


def _run_imitate(args: argparse.Namespace, reporter: Reporter) -> None:
    from .making import imitate  # its imports would slow down every painting

    reporter.begin(f"imitating {Path(args.style_image).name}")
    style = imitate(args.style_image, args.output_model)
    if style.note:
        reporter.notify(f"{args.style_image}: {style.note}")
    reporter.finish(
        [f"wrote {args.output_model}"],
        style_image_sha256=style.picture_digest,
        output_model=args.output_model,
    )
