"""The command line: ``python -m bench``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from neural_style.command_line.arguments import reader, whole
from neural_style.options import MAX_THREADS

from . import programs
from .command_line import add_document_options, write_document
from .contenders import CONTENDERS
from .measuring.benchmark import Settings, run_benchmark
from .programs import PROGRAMS, ROOT
from .report.document import write_report
from .results import Results, load_results
from .sizes import SIZES, parse_size

_WEIGHTS_VARIABLE = "STYLE_WEIGHTS_DIR"
_STYLE = "candy.pth"
_THREADS = 2
_SECONDS = 300
_BUILD = ROOT / "build" / "bench"  # ignored by git

_DESCRIPTION = "Measure everything that can paint, side by side, and write docs/performance.md."
_SIZES_HELP = f"picture sizes (default: {' '.join(size.name for size in SIZES)})"
_ROUNDS_HELP = "the most rounds (default: 1 to 5, fewer for larger pictures)"
_THREADS_HELP = "threads of each contender, on as many cores (default: %(default)s)"
_ONLY_HELP = "measure only these: "
_SECONDS_HELP = "time limit of each process (default: %(default)s)"
_STYLE_HELP = f"the checkpoint (default: ${_WEIGHTS_VARIABLE}/{_STYLE}, else random weights)"
_REFERENCE_HELP = "the folder fast_neural_style of pytorch/examples (default: a stand-in)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns:
        The exit code: 0; 1 after a line on standard error; or 130 if interrupted.
    """
    args = _build_parser().parse_args(arguments)
    return write_document(
        args, load_results, _measure, lambda results: write_report(results, args.output)
    )


def _measure(args: argparse.Namespace) -> Results:
    reference = programs.check_reference(args.reference) if args.reference else None
    settings = Settings(
        sizes=args.sizes,
        threads=args.threads,
        seconds=args.seconds,
        folder=args.results.resolve().parent / "work",
        style=args.style or _find_style(),
        reference=reference,
        rounds=args.rounds,
        only=frozenset(args.only) if args.only else None,
    )
    results = Results(command=_format_command(args))
    run_benchmark(settings, results, lambda line: print(line, file=sys.stderr))
    results.save(args.results)
    return results


def _find_style() -> Path | None:
    folder = os.environ.get(_WEIGHTS_VARIABLE)
    return Path(folder, _STYLE) if folder else None


def _format_command(args: argparse.Namespace) -> str:
    """Return the command that measures the same, without paths of this machine."""
    sizes = [] if args.sizes == list(SIZES) else [size.name for size in args.sizes]
    chosen = {
        "--sizes": sizes,
        "--rounds": [args.rounds] if args.rounds else [],
        "--threads": [] if args.threads == _THREADS else [args.threads],
        "--only": args.only or [],
    }
    options = [str(word) for name, words in chosen.items() if words for word in (name, *words)]
    if not options:
        return "make bench" + (" REFERENCE=path/to/fast_neural_style" if args.reference else "")
    options += ["--reference path/to/fast_neural_style"] if args.reference else []
    return " ".join(["python -m bench", *options])


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=_DESCRIPTION)
    _add_choices(parser)
    _add_paths(parser)
    return parser


def _add_choices(parser: argparse.ArgumentParser) -> None:
    names = [*(each.name for each in CONTENDERS), *(each.name for each in PROGRAMS)]
    parser.add_argument(
        "--sizes",
        nargs="+",
        type=reader(parse_size),
        default=list(SIZES),
        metavar="WxH",
        help=_SIZES_HELP,
    )
    parser.add_argument("--rounds", type=whole(1), metavar="N", help=_ROUNDS_HELP)
    threads = whole(1, MAX_THREADS)
    parser.add_argument(
        "--threads", type=threads, default=_THREADS, metavar="N", help=_THREADS_HELP
    )
    parser.add_argument(
        "--only", nargs="+", choices=names, metavar="NAME", help=_ONLY_HELP + ", ".join(names)
    )
    parser.add_argument(
        "--seconds", type=whole(1), default=_SECONDS, metavar="N", help=_SECONDS_HELP
    )


def _add_paths(parser: argparse.ArgumentParser) -> None:
    document = ROOT / "docs" / "performance.md"
    parser.add_argument("--style", type=Path, metavar="PATH", help=_STYLE_HELP)
    parser.add_argument("--reference", type=Path, metavar="FOLDER", help=_REFERENCE_HELP)
    add_document_options(parser, _BUILD / "results.json", document, has_notes=False)


if __name__ == "__main__":
    sys.exit(main())
