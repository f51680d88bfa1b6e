"""Numbers and sizes, parsed and formatted, and text that is safe to print and to show."""

from __future__ import annotations

import math
import os
import re
import unicodedata
from codecs import getincrementaldecoder
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from urllib.parse import unquote

_SIZE = re.compile(r"(\d{1,99}(?:\.\d{1,99})?)\s*([kmgt]?)(i?)b?", re.IGNORECASE | re.ASCII)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_DURATION = re.compile(r"(?P<number>\d{1,6})\s*(?P<unit>[smh]?)", re.IGNORECASE | re.ASCII)
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_MAX_SIZE = 2**63 - 1  # bytes; the largest off_t
_UNITS = ("bytes", "kB", "MB", "GB", "TB")
_MAX_LINE = 1000  # characters; a hostile file may choose some of them
_SAMPLE_BYTES = 512  # how much of a file is checked for being text
_QUOTED_CHARACTERS = 40
_SECRET_VARIABLES = (
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
)
_hidden: set[str] = set()
_MIN_SECRET = 8  # characters; a shorter value could be part of any text
_SECRETS_IN_TEXT = (
    # The user and password of a URL. An unescaped "/" in the password belongs to it, unless what
    # looks like its beginning is a port.
    re.compile(r"(?<=://)[^\s/?#]*@|(?<=://)[^\s/?#:@]*:(?!\d+[/?#])\S*@"),
    # The same in the settings of a proxy, which need no scheme.
    re.compile(r"(?<![^\s'\"(=])[^\s:/@'\"(]+:(?!//)\S+@(?=[\w\[])"),
    # Query and fragment of a URL, and of a path that is named without the server.
    re.compile(r"(?<=://)([^\s?#'\"<>()]*)[?#][^\s'\"<>()]*", re.IGNORECASE),
    re.compile(r"(?<=[^\s'\"(<])[?#&][\w.~%+-]+=[^\s'\"()<>]*"),
    # The signature in the header of a request to AWS, with which it can be sent again.
    re.compile(r"(?<=\bSignature=)[0-9a-f]{64}"),
    # The value of what is called a secret, as in a header, a form, JSON or XML.
    re.compile(
        r"\b([\w-]{0,40}(?:amz-signature|security-token|authorization|account-?key|password|cookie"
        r"|(?:access|session)[-_]?token|api[-_]?key|secret[\w-]{0,20}key)['\"]*\s*[:=>]\s*['\"]*"
        r"(?:(?:bearer|basic|token)\s+)?)[^\s'\"<>;,&]{8,}",
        re.IGNORECASE,
    ),
)
_MAX_REDACTED = 4 * _MAX_LINE  # of the rest, nothing is shown; the patterns take quadratic time

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
_SELECTORS = re.compile(
    "[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)  # of a variant of what precedes
_JOINED_CATEGORIES = frozenset("LMS")  # letters, marks, symbols

# Emoji of other invisible characters: keycaps, and flags of England, Scotland and Wales.
_EMOJI = re.compile("[0-9#]\ufe0f\u20e3|\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f")


def parse_whole(text: str, minimum: int, maximum: int | None = None) -> int:
    """Parse a whole number in ASCII digits.

    Args:
        text: The number.
        minimum: The smallest number that is accepted.
        maximum: The largest number that is accepted; None for no limit.

    Raises:
        ValueError: The text is not such a number.
    """
    if text.isascii() and text.isdecimal():
        with suppress(ValueError):  # int() parses a few thousand digits at most
            value = int(text)
            if value >= minimum and (maximum is None or value <= maximum):
                return value
    end = "" if maximum is None else f" to {maximum}"
    raise ValueError(f"expected a whole number from {minimum}{end}, got {text!r}")


def parse_from_zero(text: str) -> float:
    """Parse a finite number of at least 0.

    Raises:
        ValueError: The text is not such a number.
    """
    value = _parse_number(text)
    if not 0 <= value < math.inf:
        raise ValueError(f"expected a number from 0, got {text!r}")
    return value


def parse_above_zero(text: str) -> float:
    """Parse a finite number above 0.

    Raises:
        ValueError: The text is not such a number.
    """
    value = _parse_number(text)
    if not 0 < value < math.inf:
        raise ValueError(f"expected a number above 0, got {text!r}")
    return value


def _parse_number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def parse_size(text: str) -> int:
    """Parse a size such as 2GiB, 1.5GB, 512M or 1000000, and return it in bytes.

    Raises:
        ValueError: The text is not a size, or the size is below 1 byte or not below 8 EiB.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"expected a size such as 512MiB, 1.5GB or 2000000000, got {text!r}")
    number, power, binary = match.groups()
    size = Fraction(number) * (1024 if binary else 1000) ** _POWERS[power.lower()]
    if not 1 <= size <= _MAX_SIZE:
        raise ValueError(f"expected a size from 1 byte to below 8 EiB, got {text!r}")
    return int(size)


def parse_duration(text: str) -> float:
    """Parse a duration such as 30s, 5m or 1h, and return it in seconds; a bare number is seconds.

    Raises:
        ValueError: The text is not a duration, or it is below 1 second or above a day.
    """
    match = _DURATION.fullmatch(text.strip())
    seconds = float(match["number"]) * _SECONDS[match["unit"].lower()] if match else 0
    if not 1 <= seconds <= _SECONDS["d"]:
        raise ValueError(f"expected a duration from 1s to 24h, such as 30s or 5m, got {text!r}")
    return seconds


def format_size(size: int) -> str:
    """Format a number of bytes with a decimal unit, such as 1.5 GB."""
    power = 0
    rest = float(size)
    while rest >= 999.95 and power + 1 < len(_UNITS):
        rest /= 1000
        power += 1
    return f"{rest:.1f} {_UNITS[power]}" if power else f"{size} bytes"


def format_duration(seconds: float) -> str:
    """Format a duration as minutes and seconds, and as hours if it is that long: 0:07, 1:02:45."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


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


def _is_joined(character: str) -> bool:
    """Return True if joiners occur beside a character in real names."""
    return not character.isascii() and unicodedata.category(character)[0] in _JOINED_CATEGORIES


def redact(text: str) -> str:
    """Return the first 4000 characters of a text of another library without secrets in it.

    Removes users and passwords in URLs of servers and proxies, queries of URLs, signatures of
    requests to AWS, and values that are called a password, a token or the like. Also the secrets
    that the environment variables of AWS and of proxies hold, or that `hide_secrets` has been told.
    """
    for secret in sorted({*_secrets_of_environment(), *_hidden}, key=len, reverse=True):
        text = text.replace(secret, "***")
    if len(text) > _MAX_REDACTED:  # cut between words: a part of a secret may match no pattern
        text = f"{text[:_MAX_REDACTED].rpartition(' ')[0]} ..."
    for pattern in _SECRETS_IN_TEXT:
        text = pattern.sub(lambda match: match[1] if match.re.groups else "", text)
    return text


def hide_secrets(*secrets: str | None) -> None:
    """Have `redact` remove these secrets, too, such as the keys of a profile of AWS."""
    _hidden.update(secret for secret in secrets if secret and len(secret) >= _MIN_SECRET)


def _secrets_of_environment() -> Iterator[str]:
    """Yield secret values, as they are and as libraries decode them."""
    for name, value in os.environ.items():
        user = ""
        if name.upper().startswith("AWS_ENDPOINT_URL") or name.upper().endswith("_PROXY"):
            user = value.rpartition("@")[0].rpartition("://")[2]
            value = user.partition(":")[2]
        elif name not in _SECRET_VARIABLES:
            continue
        # Values with a line break are quoted escaped, and perhaps without it.
        shown = (value, *value.split(), repr(value)[1:-1])
        for secret in (*shown, unquote(value), f"{user}@", unquote(f"{user}@")):
            if len(secret) >= _MIN_SECRET:
                yield secret
