"""Lazy imports: the public names of a package, imported when they are first used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module


def lazy_names(
    package: str, modules: Mapping[str, str]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return a package's `__getattr__` and `__dir__` (PEP 562).

    A type checker must not see them, or it would accept every name. It gets plain imports instead::

        __all__ = ["files", "load"]

        if TYPE_CHECKING:
            from . import files
            from .backends.loading import load
        else:
            __getattr__, __dir__ = lazy_names(
                __name__, {"files": "files", "load": "backends.loading"}
            )

    Args:
        package: The `__name__` of the package.
        modules: The public names, each with the module that defines it, relative to the package;
            ``..other.module`` is one of the package above. A name that maps to itself is that
            submodule. So a function cannot share the name of its module: the import of one would
            hide the other.
    """

    def get_attribute(name: str) -> object:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        place = modules[name]
        module = import_module(place if place.startswith(".") else f".{place}", package)
        return module if place == name else getattr(module, name)

    return get_attribute, lambda: sorted(modules)
