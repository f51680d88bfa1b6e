"""The file ``.env`` of the current folder: it configures data, never programs.

The current folder may be a repository or a share of somebody else. So its ``.env`` may choose where
images and models come from and go to, and what it takes to get there. It cannot choose which
program runs, nor what that program loads (``PSET_4_PYTHON``, ``LD_PRELOAD``,
``AWS_CONFIG_FILE``). And it cannot send a secret that it does not hold itself to a server of its
choice: an address counts only together with the credentials of the same file. Variables are not
expanded, because a remote of ``s3://bucket/${AWS_SECRET_ACCESS_KEY}`` would publish the key.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from csci_utils.files import find_other_writer, read_file
from csci_utils.text import one_line

from .errors import SettingsError
from .rendering_options import MACHINE_OPTIONS, variable_of

FILE_NAME = ".env"

_MAX_BYTES = 1 << 16

_SINGLE = frozenset(
    [
        "PSET_4_REMOTE",
        "PSET_4_DATA",
        "PSET_4_HOURS",
        *map(variable_of, MACHINE_OPTIONS),
        "AWS_PROFILE",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "CANVAS_COURSE",
        "CANVAS_ASSIGNMENT",
        "CANVAS_QUIZ",
    ]
)
"""Variables that count one by one."""


@dataclass(frozen=True)
class _VariableGroup:
    """Variables that are used together, or not at all."""

    names: frozenset[str]
    """The variables that the file may set."""
    rivals: frozenset[str]
    """Variables of the environment that rule the group out."""
    needed: frozenset[str] = frozenset()
    """Variables without which the file's own variables of the group do not count."""


_KEYS = frozenset(["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
_CREDENTIALS = _KEYS | {"AWS_SESSION_TOKEN"}
_ENDPOINTS = frozenset(["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
_CANVAS = frozenset(["CANVAS_URL", "CANVAS_TOKEN"])

_GROUPS = (
    _VariableGroup(_CREDENTIALS, rivals=_CREDENTIALS),
    # Requests to a server are signed, and a session token is sent as it is: only the file's own.
    _VariableGroup(_ENDPOINTS, rivals=_CREDENTIALS | _ENDPOINTS, needed=_KEYS),
    _VariableGroup(_CANVAS, rivals=_CANVAS),
)
_GROUPED = frozenset().union(*(group.names for group in _GROUPS))


def load_env_file(folder: Path, notify: Callable[[str], None]) -> None:
    """Add the variables of a folder's ``.env`` to the environment, unless they are set there.

    Args:
        folder: The folder; the file need not exist.
        notify: Called once with the variables that the file may not set, if it has any.

    Raises:
        SettingsError: The file is not a regular text file, has a line of another kind than
            NAME=value, or other users can write to it.
    """
    path = folder / FILE_NAME
    if not os.path.lexists(path):
        return
    _check_owner(path)
    values = _parse(path)
    chosen = _select(values, os.environ)
    overridden = (_SINGLE | _GROUPED) & os.environ.keys()
    unused = sorted(values.keys() - chosen - overridden)
    if unused:
        remedy = "set in the environment what should count"
        notify(one_line(f"{path}: not used: {', '.join(unused)}; {remedy}"))
    for name in chosen - os.environ.keys():
        os.environ[name] = values[name]


def _select(values: Mapping[str, str], environment: Mapping[str, str]) -> set[str]:
    """Return the variables of the file that count beside those of the environment."""
    return {name for name in values if name in _SINGLE} | {
        name for group in _GROUPS for name in _select_group(group, values, environment)
    }


def _select_group(
    group: _VariableGroup, values: Mapping[str, str], environment: Mapping[str, str]
) -> Iterator[str]:
    is_complete = group.needed <= values.keys()
    # A variable that the environment already has from this file is not a rival.
    rivals = group.rivals & environment.keys()
    is_free = all(environment[name] == values.get(name) for name in rivals)
    if is_complete and is_free:
        yield from group.names & values.keys()


def _parse(path: Path) -> dict[str, str]:
    """Return the variables that a file sets; those with an empty value are left out.

    Raises:
        SettingsError: The file cannot be read, is not text, or has a line of another kind.
    """
    from dotenv.parser import parse_stream

    data = read_file(path, SettingsError, _MAX_BYTES)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise SettingsError(
            "expected UTF-8 text", path=path, remedy="save it as UTF-8, or remove it"
        )
    found = list(parse_stream(io.StringIO(text)))
    for binding in found:
        if binding.error or (binding.key and binding.value is None):
            start = binding.original.string
            line = binding.original.line + len(start) - len(start.lstrip("\n"))
            remedy = "repair the line, or put # before it"
            raise SettingsError(f"line {line}: expected NAME=value", path=path, remedy=remedy)
    values = {binding.key: binding.value for binding in found if binding.key}
    return {name: value for name, value in values.items() if value}


def _check_owner(path: Path) -> None:
    """Check that nobody but this user and root can write to a file.

    Raises:
        SettingsError: Others can.
    """
    try:
        reason = find_other_writer(path)
    except OSError as error:
        raise SettingsError(
            f"cannot be read: {error.strerror}", path=path, remedy="correct it, or remove it"
        ) from error
    if reason:
        remedy = f"make sure that it is yours, and run chmod go-w {path.name}"
        raise SettingsError(reason, path=path, remedy=remedy)
