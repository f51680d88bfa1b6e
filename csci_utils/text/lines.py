"""Names and texts of others, as lines that are safe to show."""

from __future__ import annotations

import re
import sys
import unicodedata
from codecs import getincrementaldecoder

_MAX_LINE = 1000  # characters; a hostile file may choose some of them
_SAMPLE_BYTES = 512  # how much of a file is checked for being text
_QUOTED_CHARACTERS = 40

_UNSAFE = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)
"""What changes a terminal or the order of other characters: controls but for tab and newline, and
text direction."""

# Unicode categories: controls, text direction and zero width, surrogates, line separators.
_INVISIBLE_CATEGORIES = frozenset(["Cc", "Cf", "Cs", "Zl", "Zp"])

# Blank whatever their category: fillers, selectors of variants, a braille pattern without dots; and
# what is no character, which XML cannot hold (Default_Ignorable_Code_Point and
# Noncharacter_Code_Point of Unicode).
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufdd0-\ufdef\ufe00-\ufe0f\uffa0"
    "\ufffe\uffff\U000e0100-\U000e01ef]"
)

# Invisible, but a part of emoji (U+200D) and of words in Persian or Hindi (both), and between the
# letters and symbols of those only. https://www.rfc-editor.org/rfc/rfc5892#appendix-A
_JOINERS = "\u200c\u200d"

# Which variant is meant of the character before.
_SELECTORS = re.compile("[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")

_UNCOMPARED = re.compile(f"[{_JOINERS}]|{_SELECTORS.pattern}")

# Letters, marks, symbols.
_JOINED_CATEGORIES = frozenset("LMS")

# Emoji of other invisible characters: keycaps, and flags of England, Scotland and Wales.
_EMOJI = re.compile("[0-9#]\ufe0f\u20e3|\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f")


USE_UTF8 = "set PYTHONUTF8=1"
"""What to do about a name that `find_encoding_problem` refuses."""


def sort_key(name: str) -> tuple[list[str | int], str]:
    """Return a key that sorts names as people do: ``@2`` before ``@10``."""
    parts = re.split(r"([0-9]+)", name.casefold())  # every second one is a number
    return [int(part) if index % 2 else part for index, part in enumerate(parts)], name


def one_line(text: str) -> str:
    """Return `text` as one printable line of at most 1000 characters.

    Whitespace is collapsed, and characters that are not printable, or blank, are escaped.
    """
    line = " ".join(text.split())
    if not (line.isascii() and line.isprintable()):
        line = "".join(c if _is_visible(c) else ascii(c)[1:-1] for c in line)
    return line if len(line) <= _MAX_LINE else line[: _MAX_LINE - 3] + "..."


def _is_visible(character: str) -> bool:
    is_blank = _BLANK.match(character) and not _SELECTORS.match(character)
    return character.isprintable() and not is_blank


def escape_controls(text: str) -> str:
    """Return a text in which nothing changes a terminal or the order of other characters."""
    return _UNSAFE.sub(lambda match: ascii(match[0])[1:-1], text)


def quote_text(data: bytes) -> str | None:
    """Return the start of `data` in quotes if it is text, such as an error page; else None."""
    decoder = getincrementaldecoder("utf-8")()  # the sample may end inside a character
    try:
        text = decoder.decode(data[:_SAMPLE_BYTES])
    except UnicodeDecodeError:
        return None
    if text and all(c.isprintable() or c.isspace() for c in text):
        return repr(" ".join(text.split())[:_QUOTED_CHARACTERS])
    return None


def find_encoding_problem(name: str) -> str | None:
    """Return why no file can have a name in this process; None if one can, as always in UTF-8.

    With another locale, names that were not read in its encoding have surrogates. `USE_UTF8` is the
    remedy.
    """
    encoding = sys.getfilesystemencoding()
    if encoding != "utf-8":
        try:
            name.encode(encoding)
        except UnicodeEncodeError:
            return f"Python takes names of files here as {encoding}, not as UTF-8"
    return None


def has_invisible(name: str) -> bool:
    """Return True if a name has invisible characters that two equal-looking names may differ by.

    Joiners within words and emoji, selectors of variants and the tags of flags are none of them.
    """
    name = _EMOJI.sub("", name)
    for before, character, after in zip(f" {name}", name, f"{name} "[1:], strict=False):
        if character in _JOINERS:
            belongs = _is_joined(before) and _is_joined(after)
        else:
            belongs = _SELECTORS.match(character) is not None and _is_joined(before)
        if not belongs and (
            unicodedata.category(character) in _INVISIBLE_CATEGORIES or _BLANK.match(character)
        ):
            return True
    return False


def without_joiners(name: str) -> str:
    """Return a name without joiners and selectors of variants, which some disks do not compare."""
    return _UNCOMPARED.sub("", name)


def _is_joined(character: str) -> bool:
    """Return True if joiners occur beside a character in real names."""
    return not character.isascii() and unicodedata.category(character)[0] in _JOINED_CATEGORIES
