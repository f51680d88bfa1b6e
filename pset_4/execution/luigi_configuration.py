"""Luigi without its configuration files and its log, for this project's commands.

A ``luigi.cfg`` in the current folder may be meant for other tasks, or be somebody else's. It could
start more workers, send mail with the command line in it, name another S3 server, or be damaged.
Luigi reads it while it is imported. Luigi's own command line does not use this module.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec, module_from_spec
from typing import Any

_VARIABLES = ("LUIGI_CONFIG_PARSER", "LUIGI_CONFIG_PATH")
_LOGGERS = ("luigi", "luigi-interface")

SILENT = logging.CRITICAL + 1
"""The level at which Luigi logs nothing. It warns of each name with a bracket in it, and logs each
failure with a traceback."""


@contextmanager
def luigi_without_files(debug: bool = False) -> Iterator[None]:
    """Give Luigi an empty configuration while the body runs, and import it first if needed.

    Does nothing where Luigi is not installed.

    Args:
        debug: Whether Luigi logs.
    """
    if find_spec("luigi") is None:
        yield
        return
    with ExitStack() as stack:
        stack.enter_context(_without_variables())
        parser_class = _import_parser()
        stack.callback(setattr, parser_class, "_instance", parser_class._instance)
        parser_class._instance = parser_class()
        # Luigi would import tools of its own, which warn.
        parser_class._instance.set("core", "autoload_range", "false")
        _import_luigi()
        if not debug:
            stack.enter_context(luigi_logging(SILENT))
        yield


@contextmanager
def luigi_logging(level: int) -> Iterator[None]:
    """Set the level of Luigi's loggers while the body runs."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    earlier = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(level)
    try:
        yield
    finally:
        for logger, earlier_level in zip(loggers, earlier, strict=True):
            logger.setLevel(earlier_level)


@contextmanager
def _without_variables() -> Iterator[None]:
    earlier = {name: os.environ.pop(name) for name in _VARIABLES if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(earlier)


def _import_parser() -> Any:
    """Return the class of Luigi's configuration, imported before the package that reads it."""
    if "luigi" not in sys.modules:
        spec = find_spec("luigi")
        assert spec is not None
        sys.modules["luigi"] = module_from_spec(spec)
    from luigi.configuration.cfg_parser import LuigiConfigParser

    return LuigiConfigParser


def _import_luigi() -> None:
    """Run Luigi's package, if `_import_parser` has only prepared it."""
    module = sys.modules["luigi"]
    spec = module.__spec__
    if hasattr(module, "Task") or spec is None or spec.loader is None:
        return
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules["luigi"]
        raise
