"""Text for people: numbers in it, texts of others that are safe to show, and no secrets."""

from .lines import (
    USE_UTF8,
    escape_controls,
    find_encoding_problem,
    has_invisible,
    one_line,
    quote_text,
    sort_key,
    without_joiners,
)
from .numbers import (
    format_duration,
    format_size,
    parse_above_zero,
    parse_duration,
    parse_from_zero,
    parse_size,
    parse_whole,
)
from .secrets import hide_secrets, redact

__all__ = [
    "USE_UTF8",
    "escape_controls",
    "find_encoding_problem",
    "format_duration",
    "format_size",
    "has_invisible",
    "hide_secrets",
    "one_line",
    "parse_above_zero",
    "parse_duration",
    "parse_from_zero",
    "parse_size",
    "parse_whole",
    "quote_text",
    "redact",
    "sort_key",
    "without_joiners",
]
