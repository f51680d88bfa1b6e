"""What the command lines of the benchmarks share: from raw results to a document."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from csci_utils.console import ExitCode
from csci_utils.errors import DescribedError

_Results = TypeVar("_Results")


def add_document_options(
    parser: argparse.ArgumentParser, results: Path, document: Path, has_notes: bool = True
) -> None:
    """Add the options of `write_document`.

    Args:
        parser: The parser.
        results: The usual file of the raw results.
        document: The usual document.
        has_notes: Whether paragraphs can be added.
    """
    if has_notes:
        parser.add_argument(
            "--note", action="append", default=[], metavar="TEXT", help="a paragraph for the page"
        )
    parser.add_argument(
        "--results",
        type=Path,
        default=results,
        metavar="PATH",
        help="the file of the raw results (default: %(default)s)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=document,
        metavar="PATH",
        help="the document; its plots are written beside it (default: %(default)s)",
    )
    parser.add_argument(
        "--render",
        action="store_true",
        help="measure nothing, and write the document from the raw results",
    )


def write_document(
    args: argparse.Namespace,
    load: Callable[[Path], _Results],
    measure: Callable[[argparse.Namespace], _Results],
    write: Callable[[_Results], None],
) -> int:
    """Measure, or load what was measured, and write the document.

    Args:
        args: The command line, with the options of `add_document_options`.
        load: Loads raw results.
        measure: Measures.
        write: Writes the document.

    Returns:
        The exit code: 0; 1 after a line on standard error; or 130 if interrupted.
    """
    try:
        write(load(args.results) if args.render else measure(args))
    except (DescribedError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return ExitCode.FAILED
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return ExitCode.INTERRUPTED
    print(f"wrote {args.output}")
    return ExitCode.DONE
