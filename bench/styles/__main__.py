"""The command line: ``python -m bench.styles``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from neural_style.command_line.arguments import reader, whole
from neural_style.options import MAX_THREADS

from .. import machine
from ..command_line import add_document_options, write_document
from ..programs import ROOT
from ..results import Results, load_results
from ..sizes import PHONE, SMALL, parse_size
from .document import write_document as write_page
from .measuring import Settings, measure

_BUILD = ROOT / "build" / "bench-styles"  # ignored by git
_ROUNDS, _THREADS = 3, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns:
        The exit code: 0; 1 after a line on standard error; or 130 if interrupted.
    """
    args = _build_parser().parse_args(arguments)
    return write_document(
        args, load_results, _measure, lambda results: write_page(results, args.output, args.note)
    )


def _measure(args: argparse.Namespace) -> Results:
    begin = time.monotonic()
    results = Results(command=_format_command(args), machine=machine.describe())
    results.sizes = [size.name for size in args.sizes]
    results.settings = {"threads": f"{args.threads} for each contender, on as many cores"}
    folder = args.results.resolve().parent / "work"
    settings = Settings(args.sizes, args.rounds, args.threads, folder)
    measure(settings, results, lambda line: print(line, file=sys.stderr))
    results.seconds = time.monotonic() - begin
    results.save(args.results)
    return results


def _format_command(args: argparse.Namespace) -> str:
    words = ["python -m bench.styles"]
    names = [size.name for size in args.sizes]
    words += [] if names == [SMALL.name, PHONE.name] else ["--sizes", *names]
    words += [] if args.rounds == _ROUNDS else [f"--rounds {args.rounds}"]
    words += [] if args.threads == _THREADS else [f"--threads {args.threads}"]
    return " ".join(words)


def _build_parser() -> argparse.ArgumentParser:
    description = "Measure what paints with 26 styles in one file, and with a style of `imitate`."
    parser = argparse.ArgumentParser(prog="python -m bench.styles", description=description)
    document = ROOT / "docs" / "performance-styles.md"
    sizes = [SMALL, PHONE]
    parser.add_argument("--sizes", nargs="+", type=reader(parse_size), default=sizes, metavar="WxH")
    parser.add_argument("--rounds", type=whole(1), default=_ROUNDS, metavar="N")
    parser.add_argument("--threads", type=whole(1, MAX_THREADS), default=_THREADS, metavar="N")
    add_document_options(parser, _BUILD / "results.json", document)
    return parser


if __name__ == "__main__":
    sys.exit(main())
