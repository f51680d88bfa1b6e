"""The command line: ``python -m bench``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from neural_style.arguments import telling, whole
from neural_style.options import MAX_THREADS

from . import programs
from .campaign import FailedError, Settings, run_campaign
from .contenders import CONTENDERS
from .programs import PROGRAMS, ROOT
from .report import write_report
from .results import Results, load_results
from .sizes import SIZES, parse_size

WEIGHTS_VARIABLE = "STYLE_WEIGHTS_DIR"
STYLE = "candy.pth"
THREADS = 2
_BUILD = ROOT / "build" / "bench"  # untracked

SIZES_HELP = f"the sizes of picture ({' '.join(size.name for size in SIZES)})"
ROUNDS_HELP = "how often each is measured, at most (1 to 5, fewer for larger pictures)"
THREADS_HELP = "how many threads each has, and how many cores (%(default)s)"
ONLY_HELP = "measure only these: "
SECONDS_HELP = "how long a process may take (%(default)s)"
STYLE_HELP = f"the checkpoint to paint with (${WEIGHTS_VARIABLE}/{STYLE}, else random weights)"
REFERENCE_HELP = "the folder fast_neural_style of pytorch/examples (a stand-in for its script)"
RESULTS_HELP = "where the raw results are kept (%(default)s)"
OUTPUT_HELP = "the document to write; its plot lies beside it (%(default)s)"
RENDER_HELP = "measure nothing: write the document anew from the raw results"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code is 0, or 1 after a line on standard error."""
    args = _build_parser().parse_args(arguments)
    try:
        results = load_results(args.results) if args.render else _measure(args)
        write_report(results, args.output)
    except (FailedError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    print(f"wrote {args.output}")
    return 0


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
    results = Results(command=_write_command(args))
    run_campaign(settings, results, lambda line: print(line, file=sys.stderr))
    results.save(args.results)
    return results


def _find_style() -> Path | None:
    folder = os.environ.get(WEIGHTS_VARIABLE)
    return Path(folder, STYLE) if folder else None


def _write_command(args: argparse.Namespace) -> str:
    """What to run for the same figures; paths of this machine say nothing elsewhere."""
    sizes = [] if args.sizes == list(SIZES) else [size.name for size in args.sizes]
    chosen = {
        "--sizes": sizes,
        "--rounds": [args.rounds] if args.rounds else [],
        "--threads": [] if args.threads == THREADS else [args.threads],
        "--only": args.only or [],
    }
    options = [str(word) for name, words in chosen.items() if words for word in (name, *words)]
    if not options:
        return "make bench" + (" REFERENCE=path/to/fast_neural_style" if args.reference else "")
    options += ["--reference path/to/fast_neural_style"] if args.reference else []
    return " ".join(["python -m bench", *options])


def _build_parser() -> argparse.ArgumentParser:
    names = [each.name for each in CONTENDERS] + [each.name for each in PROGRAMS]
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure what paints, side by side, and write docs/performance.md.",
    )
    parser.add_argument(
        "--sizes",
        nargs="+",
        type=telling(parse_size),
        default=list(SIZES),
        metavar="WxH",
        help=SIZES_HELP,
    )
    parser.add_argument("--rounds", type=whole(1), metavar="N", help=ROUNDS_HELP)
    parser.add_argument(
        "--threads", type=whole(1, MAX_THREADS), default=THREADS, metavar="N", help=THREADS_HELP
    )
    parser.add_argument(
        "--only", nargs="+", choices=names, metavar="NAME", help=ONLY_HELP + ", ".join(names)
    )
    parser.add_argument("--seconds", type=whole(1), default=300, metavar="N", help=SECONDS_HELP)
    parser.add_argument("--style", type=Path, metavar="PATH", help=STYLE_HELP)
    parser.add_argument("--reference", type=Path, metavar="FOLDER", help=REFERENCE_HELP)
    parser.add_argument(
        "--results", type=Path, default=_BUILD / "results.json", metavar="PATH", help=RESULTS_HELP
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=ROOT / "docs" / "performance.md",
        metavar="PATH",
        help=OUTPUT_HELP,
    )
    parser.add_argument("--render", action="store_true", help=RENDER_HELP)
    return parser


if __name__ == "__main__":
    sys.exit(main())
