"""Generic building blocks: errors as values, atomic files, digests, downloads, Luigi targets.

Independent of images and styles. The packages ``luigi`` and ``network`` need the extra ``luigi``;
the names below are imported on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lazy import lazy_names

if TYPE_CHECKING:
    from . import luigi, network
    from .atomic import Sweeper, atomic_path
    from .console import ExitCode, answer, say
    from .digest import DigestCache, file_digest, file_state, stream_digest
    from .errors import CsciUtilsError, DescribedError, at_path
    from .files import check_place, probe_folder, read_file, replacing, write_atomically
    from .text import (
        format_size,
        one_line,
        parse_above_zero,
        parse_from_zero,
        parse_size,
        parse_whole,
        redact,
    )
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "CsciUtilsError": "errors",
            "DescribedError": "errors",
            "DigestCache": "digest",
            "ExitCode": "console",
            "Sweeper": "atomic",
            "answer": "console",
            "at_path": "errors",
            "atomic_path": "atomic",
            "check_place": "files",
            "file_digest": "digest",
            "file_state": "digest",
            "format_size": "text",
            "lazy_names": "lazy",
            "luigi": "luigi",
            "network": "network",
            "one_line": "text",
            "parse_above_zero": "text",
            "parse_from_zero": "text",
            "parse_size": "text",
            "parse_whole": "text",
            "probe_folder": "files",
            "read_file": "files",
            "redact": "text",
            "replacing": "files",
            "say": "console",
            "stream_digest": "digest",
            "write_atomically": "files",
        },
    )

__all__ = [
    "CsciUtilsError",
    "DescribedError",
    "DigestCache",
    "ExitCode",
    "Sweeper",
    "answer",
    "at_path",
    "atomic_path",
    "check_place",
    "file_digest",
    "file_state",
    "format_size",
    "lazy_names",
    "luigi",
    "network",
    "one_line",
    "parse_above_zero",
    "parse_from_zero",
    "parse_size",
    "parse_whole",
    "probe_folder",
    "read_file",
    "redact",
    "replacing",
    "say",
    "stream_digest",
    "write_atomically",
]
