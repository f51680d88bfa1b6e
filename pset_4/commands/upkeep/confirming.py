"""Asking before something is removed or replaced, and removing files."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence

import click

from csci_utils.console import say

from ...errors import SettingsError
from ...places import shorten
from ..answering import is_quiet

YES_HELP = "Do not ask; scripts need this."

yes_option = click.option("-y", "--yes", "is_sure", is_flag=True, help=YES_HELP)
"""Whether nobody is asked: `is_sure`."""


def confirm(question: str, is_sure: bool) -> bool:
    """Return whether somebody at the terminal agrees, or did with ``--yes``.

    Raises:
        SettingsError: There is no terminal, and no ``--yes``.
    """
    if is_sure:
        return True
    if not _has_terminal():
        remedy = "add --yes if this is what you want"
        raise SettingsError("not confirmed, and there is no terminal to ask", remedy=remedy)
    return click.confirm(question, err=True)


def _has_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def remove_all(paths: Sequence[str], records: Sequence[str] = ()) -> None:
    """Remove files, and print which; also if one of them cannot be removed.

    Args:
        paths: The files.
        records: Files that are gone, of which only the records are removed.

    Raises:
        OSError, csci_utils.errors.CsciUtilsError: One of them cannot be removed.
    """
    from ...upkeep.files import remove_file, remove_stray_record

    removed = []
    try:
        for remove, chosen in ((remove_file, paths), (remove_stray_record, records)):
            for path in chosen:
                remove(path)
                removed.append(path)
    finally:
        if not is_quiet():
            show("removed", removed)


def show(verb: str, paths: Sequence[str]) -> None:
    """Print a line for each path on standard error, whether ``--quiet`` is given or not.

    An MLflow package, which has more than a hundred files, takes one line.
    """
    from ...packaging.manifest import MANIFEST

    packages = [path.removesuffix(MANIFEST) for path in paths if path.endswith(f"/{MANIFEST}")]
    counts = Counter(next(filter(path.startswith, packages), path) for path in paths)
    for path, count in counts.items():
        files = f" ({count} files)" if count > 1 else ""
        say(f"{verb} {shorten(path)}{files}", sys.stderr)
