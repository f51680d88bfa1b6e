"""The command line: ``python -m bench.accelerators``."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from csci_utils.errors import DescribedError
from neural_style.command_line.arguments import whole
from neural_style.engine import list_kernels
from neural_style.options import EXACT, FAST

from .. import machine
from ..command_line import add_document_options, write_document
from ..measuring.pictures import make_picture
from ..measuring.worker import prepare
from ..programs import ROOT
from ..sizes import SMALL
from . import device, processor
from .building import ensure_engine
from .document import write_document as write_page
from .figures import Figures, load_figures

_BUILD = ROOT / "build" / "accelerators"  # ignored by git
_SECONDS = 25
_DEVICE_SHARE = 20  # a batch on the accelerator takes this part of the time of all contenders
_FILES = 2048
_PROCESSES = (1, 2, 4, 8)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns:
        The exit code: 0; 1 after a line on standard error; or 130 if interrupted.
    """
    args = _build_parser().parse_args(arguments)

    def write(figures: Figures) -> None:
        figures.notes += args.note
        write_page(figures, args.output)

    return write_document(args, load_figures, _measure, write)


def _measure(args: argparse.Namespace) -> Figures:
    ensure_engine()
    begin = time.monotonic()
    folder = args.results.resolve().parent / "work"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    figures = Figures(_format_command(args), machine.describe())
    figures.style = args.style.name if args.style else ""
    exact, fast = list_kernels(EXACT), list_kernels(FAST)
    figures.machine["kernels"] = f"exact {exact[0]}, fast {(fast or exact)[0]}"
    try:
        _prepare(folder, args.style)
        threads = args.threads or sorted({1, min(2, os.cpu_count() or 1), os.cpu_count() or 1})
        figures.processor += processor.measure(folder, threads, args.seconds, _notify)
        seconds = args.seconds / _DEVICE_SHARE
        device.measure(figures, folder, seconds, args.files, args.processes, _notify)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    figures.seconds = time.monotonic() - begin
    figures.save(args.results)
    return figures


def _prepare(folder: Path, style: Path | None) -> None:
    """Write the picture, and the style as a checkpoint and, where that works, as a graph."""
    np.save(folder / "picture.npy", make_picture(SMALL))
    job = {"style": str(style) if style else None, "weights": str(folder / "style.pth")}
    try:
        prepare(job | {"graph": str(folder / "style.onnx"), "threads": 1})
    except DescribedError as error:
        _notify(f"without ONNX: {error}")
        prepare(job | {"graph": None, "threads": 1})


def _notify(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _format_command(args: argparse.Namespace) -> str:
    words = ["python -m bench.accelerators"]
    words += [f"--threads {' '.join(map(str, args.threads))}"] if args.threads else []
    words += [f"--seconds {args.seconds}"] if args.seconds != _SECONDS else []
    words += [f"--files {args.files}"] if args.files != _FILES else []
    chosen = tuple(args.processes)
    words += [f"--processes {' '.join(map(str, chosen))}"] if chosen != _PROCESSES else []
    return " ".join(words)


def _build_parser() -> argparse.ArgumentParser:
    description = "Measure what this machine's processor and accelerator offer."
    parser = argparse.ArgumentParser(prog="python -m bench.accelerators", description=description)
    document = ROOT / "docs" / "performance-accelerators.md"
    parser.add_argument(
        "--threads", nargs="+", type=whole(1), metavar="N", help="(default: 1, 2 and all cores)"
    )
    parser.add_argument(
        "--seconds",
        type=whole(1),
        default=_SECONDS,
        metavar="N",
        help="how long contenders take turns, for each number of threads (default: %(default)s)",
    )
    parser.add_argument(
        "--files",
        type=whole(1),
        default=_FILES,
        metavar="N",
        help="pictures that are painted from files to files (default: %(default)s)",
    )
    parser.add_argument(
        "--processes",
        nargs="+",
        type=whole(1),
        default=_PROCESSES,
        metavar="N",
        help="how many paint files at once (default: 1, 2, 4 and 8)",
    )
    parser.add_argument(
        "--style", type=Path, metavar="PATH", help="the checkpoint (default: random weights)"
    )
    add_document_options(parser, _BUILD / "figures.json", document)
    return parser


if __name__ == "__main__":
    sys.exit(main())
