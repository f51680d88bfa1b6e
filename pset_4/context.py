"""What the tasks of this process work with: the one place with global state.

Luigi creates tasks from their parameters alone, compares them by these, and asks each of them for
its output whenever it likes. So nothing but parameters can be handed to a task: neither settings,
nor a connection to S3, nor a loaded style. They are the context of the whole process instead, and
tasks ask `current` for it.

A command activates a context for as long as it runs. Where nobody did, as under Luigi's own command
line, the first question reads the environment, once.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any, TypeVar

from csci_utils.console import ExitCode, say

from .errors import SettingsError
from .settings import Settings, read_settings

Value = TypeVar("Value")


class Context:
    """Settings, and what is made from them once."""

    def __init__(self, settings: Settings) -> None:
        """Take the settings; nothing is connected or loaded yet."""
        self.settings = settings
        self._kept: dict[Callable[[Settings], Any], Any] = {}
        self._remembered: dict[Callable[[Settings], Any], Any] = {}
        self._lock = RLock()

    def keep(self, make: Callable[[Settings], Value]) -> Value:
        """Return what `make` makes of the settings: made once, and kept."""
        return self._get(self._kept, make)

    def remember(self, make: Callable[[Settings], Value]) -> Value:
        """Return what `make` finds out, such as a listing: found out once, until `forget`."""
        return self._get(self._remembered, make)

    def forget(self) -> None:
        """Forget what was remembered, because it may have changed since."""
        with self._lock:
            self._remembered.clear()

    def _get(
        self, values: dict[Callable[[Settings], Any], Any], make: Callable[[Settings], Value]
    ) -> Value:
        value: Value
        try:
            value = values[make]
        except KeyError:
            with self._lock:  # threads must not make two, and nothing is forgotten meanwhile
                if make not in values:
                    values[make] = make(self.settings)
                value = values[make]
        return value


_active: Context | None = None


def current() -> Context:
    """Return the active context, or else that of the environment."""
    global _active
    if _active is None:
        _active = Context(_read_environment())
    return _active


def _read_environment() -> Settings:
    """Return the settings of the environment; Luigi's command line ends with one line, not more."""
    try:
        return read_settings()
    except SettingsError as error:
        # Its parser does not exist yet: the modules of tasks are imported before, and the tasks are
        # named after the data folder.
        if "luigi.cmdline" not in sys.modules:
            raise
        say(f"error: {error}", sys.stderr)
        sys.exit(ExitCode.USAGE)


def command(words: str, *names: str) -> str:
    """Return a command of this project as it can be run from here, to be shown to people.

    It has the options of this process's command line that say where remote, data and drop-ins are.

    Args:
        words: The command, with its own options.
        names: Names of files, which follow it.
    """
    quoted = "".join(f" {shlex.quote(name)}" for name in names)
    return f"python -m pset_4 {words}{quoted}{current().settings.given}"


@contextmanager
def activated(settings: Settings | None = None) -> Iterator[None]:
    """Activate a context while the body runs, and the earlier one again after it.

    Args:
        settings: Those of the new context. None to read the environment when they are first needed.
    """
    global _active
    earlier = _active
    _active = None if settings is None else Context(settings)
    try:
        yield
    finally:
        _active = earlier


class FromSettings:
    """A class attribute that is read from the current settings; a subclass may override it."""

    def __init__(self, attribute: str) -> None:
        """Read this attribute of `Settings`."""
        self._attribute = attribute

    def __get__(self, task: object, owner: type | None = None) -> str:
        """Return the attribute's value now."""
        return str(getattr(current().settings, self._attribute))
