"""Files and folders that other programs leave behind, which no person means to paint."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from csci_utils.atomic import TEMPORARY_PREFIX

IGNORED_NAMES = frozenset(
    [
        # Windows
        "thumbs.db",
        "ehthumbs.db",
        "ehthumbs_vista.db",
        "desktop.ini",
        "$recycle.bin",
        "recycler",
        "system volume information",
        # macOS; folders and files with a dot in front are ignored anyway
        "icon\r",
        "__macosx",
        "network trash folder",
        "temporary items",
        # network drives and disks for Linux
        "@eadir",
        "#recycle",
        "#snapshot",
        "lost+found",
    ]
)
"""What file managers, file servers and archivers leave behind, in lower case."""

OWN_PREFIXES = (TEMPORARY_PREFIX, "._")
"""Prefixes of the files of this pipeline, and of macOS on foreign disks."""

IGNORED_PREFIXES = (".", "~$", "~lock.")
"""Prefixes of hidden files, and of the locks of office programs."""

IGNORED_SUFFIXES = frozenset(
    [
        # Downloads by browsers and other programs
        ".aria2",
        ".crdownload",
        ".download",
        ".filepart",
        ".opdownload",
        ".part",
        ".partial",
        ".unconfirmed",
        # Editors
        ".swn",
        ".swo",
        ".swp",
        ".swx",
        ".temp",
        ".tmp",
    ]
)
"""Suffixes of files that editors and browsers are still writing."""

_ZONE = re.compile("[:\uf03a]Zone\\.Identifier(:\\$DATA)?$", re.IGNORECASE)
"""The end of the name of a Windows file's origin, where it became a file of its own; shares that
cannot have a colon in names have U+F03A in its place."""

ICLOUD = re.compile(r"\.(?P<name>.+)\.icloud", re.IGNORECASE)
"""The name of the placeholder for a file that is in iCloud only."""


def is_ignored(name: str) -> bool:
    """Return True for a file or folder that does not count as dropped in."""
    return (
        (name.startswith(IGNORED_PREFIXES) and not ICLOUD.fullmatch(name))
        or name.endswith("~")
        or (name.startswith("#") and name.endswith("#"))
        or PurePosixPath(name).suffix.lower() in IGNORED_SUFFIXES
        or is_leftover(name)
    )


def is_leftover(name: str) -> bool:
    """Return True for a file or folder that no person made."""
    return name.lower() in IGNORED_NAMES or _ZONE.search(name) is not None
