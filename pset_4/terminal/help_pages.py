"""The pages of ``--help``, which fit a narrow terminal, too."""

from __future__ import annotations

import shutil
from collections.abc import Iterable

import click

NARROW = 60
"""Below this width in columns, texts stand below their options, not beside them."""

_MARGIN = 2  # columns at the right, as click leaves


class _Formatter(click.HelpFormatter):
    """That of click, which draws for 50 columns at least."""

    def __init__(
        self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None
    ) -> None:
        super().__init__(indent_increment, width, max_width)
        self.width = min(self.width, shutil.get_terminal_size().columns - _MARGIN)

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        if self.width >= NARROW:
            super().write_dl(list(rows), col_max, col_spacing)
            return
        for term, text in rows:
            self.write_text(term)
            with self.indentation():
                self.write_text(text)


class HelpContext(click.Context):
    """The context of commands whose help fits the terminal."""

    formatter_class = _Formatter
