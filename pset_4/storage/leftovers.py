"""Files and folders that other programs leave behind, which no person means to paint."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from posixpath import splitext
from typing import NamedTuple

from csci_utils.atomic import TEMPORARY_PREFIX
from csci_utils.errors import DescribedError

from ..errors import InvalidNameError
from ..names import is_image_name, is_model_file

IGNORED_NAMES = frozenset(
    [
        # Windows
        "thumbs.db",
        "ehthumbs.db",
        "ehthumbs_vista.db",
        "desktop.ini",
        "picasa.ini",
        "$recycle.bin",
        "recycled",
        "recycler",
        "found.000",
        "system volume information",
        # macOS; folders and files with a dot in front are ignored anyway
        "icon\r",
        "icon\uf00d",  # the same on a share
        "__macosx",
        "desktop db",
        "desktop df",
        "network trash folder",
        "temporary items",
        "thefindbycontentfolder",
        "thevolumesettingsfolder",
        # network drives and disks for Linux
        "@eadir",
        "@recently-snapshot",
        "@recycle",
        "@tmp",
        "#recycle",
        "#snapshot",
        "~snapshot",
        "lost+found",
        # Vim tries with this name whether it can write to a folder.
        "4913",
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
        ".!bt",
        ".!qb",
        ".!sync",
        ".!ut",
        ".adadownload",
        ".aria2",
        ".azdownload",
        ".bc!",
        ".crdownload",
        ".crswap",
        ".download",
        ".downloading",
        ".dtapart",
        ".fdmdownload",
        ".filepart",
        ".gstmp",
        ".incomplete",
        ".lftp-pget-status",
        ".opdownload",
        ".part",
        ".partial",
        ".td",
        ".unconfirmed",
        ".xltd",
        ".ytdl",
        # Editors
        ".kate-swp",
        ".swn",
        ".swo",
        ".swp",
        ".swx",
        ".temp",
        ".tmp",
        # Edits of a photograph, which photo programs keep beside it
        ".aae",
        ".dop",
        ".pp3",
        ".xmp",
    ]
)
"""Suffixes of files that other programs are still writing, or add to a photograph."""

_STREAM = re.compile(
    "[:\uf03a](Zone\\.Identifier|SmartScreen|encryptable|ms-properties|AFP_[a-z]+"
    "|com\\.(apple|dropbox)\\.[\\w.]+)(:\\$DATA)?$"
    "|@Syno(EAStream|Resource)$",
    re.IGNORECASE,
)
"""The end of the name of what Windows, macOS or a network drive keeps of a file, such as its
origin, where it became a file of its own; shares that cannot have a colon in names have U+F03A in
its place."""

_COPY = re.compile(
    r"(?P<name>.+)\.(bak|orig|lock|lck|tmp\w+|sb-[0-9a-f]{8}-\w{6}|[0-9a-f]{8})", re.IGNORECASE
)
"""The name of a copy that a program keeps of a file, or of a file that it is writing: the last two
are of macOS and of AWS's command line."""

_PLACEHOLDER = re.compile(
    r"\.(?P<hidden>.+)\.icloud|(?P<shown>.+)\.(?P<suffix>nextcloud|owncloud)", re.IGNORECASE
)


class Placeholder(NamedTuple):
    """What stands for a file that is in a cloud only."""

    name: str
    """The name of that file."""
    cloud: str
    """Where it is, as people know it."""
    remedy: str
    """How to get it here."""

    def describe(self, folder: str) -> InvalidNameError:
        """Return the error that the file is not in a folder yet."""
        path = os.path.join(folder, self.name)
        reason = f"not downloaded from {self.cloud} yet"
        return InvalidNameError(reason, path=path, remedy=self.remedy)


def is_ignored(name: str) -> bool:
    """Return True for a file or folder that does not count as dropped in."""
    return (
        (name.startswith(IGNORED_PREFIXES) and not find_placeholder(name))
        or name.endswith("~")
        or (name.startswith("#") and name.endswith("#"))
        or splitext(name)[1].lower() in IGNORED_SUFFIXES
        or _is_copy(name)
        or is_leftover(name)
    )


def is_leftover(name: str) -> bool:
    """Return True for a file or folder that no person made."""
    return name.lower() in IGNORED_NAMES or _STREAM.search(name) is not None


def find_placeholder(name: str) -> Placeholder | None:
    """Return what a file of this name stands for, if it is the placeholder of some cloud."""
    found = _PLACEHOLDER.fullmatch(name)
    if found is None:
        return None
    if found["hidden"]:
        remedy = "open it in Finder, or turn off the optimization of storage, and run again"
        return Placeholder(found["hidden"], "iCloud", remedy)
    cloud = {"nextcloud": "Nextcloud", "owncloud": "ownCloud"}[found["suffix"].lower()]
    return Placeholder(found["shown"], cloud, "have it kept on this machine, and run again")


def find_placeholders(root: str, paths: Iterable[str]) -> dict[str, DescribedError]:
    """Return which of these paths in a folder stand for images or models, as errors by path."""
    found: dict[str, DescribedError] = {}
    for path in paths:
        folder, _, name = path.rpartition("/")
        placeholder = find_placeholder(name)
        if placeholder and (is_image_name(placeholder.name) or is_model_file(placeholder.name)):
            found[path] = placeholder.describe(os.path.join(root, folder))
    return found


def _is_copy(name: str) -> bool:
    copy = _COPY.fullmatch(name)
    return copy is not None and (is_image_name(copy["name"]) or is_model_file(copy["name"]))
