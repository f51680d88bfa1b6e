"""Packages whose names are imported on first use."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

INIT = """
from csci_utils.lazy import lazy_names
__getattr__, __dir__ = lazy_names(
    __name__, {"load": "deep.loading", "tools": "tools", "absent": "tools"}
)
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A package with two submodules, one of them in a subpackage."""
    (tmp_path / "lazy_example" / "deep").mkdir(parents=True)
    (tmp_path / "lazy_example" / "__init__.py").write_text(INIT)
    (tmp_path / "lazy_example" / "tools.py").touch()
    (tmp_path / "lazy_example" / "deep" / "__init__.py").touch()
    (tmp_path / "lazy_example" / "deep" / "loading.py").write_text("def load(): return 7")
    monkeypatch.syspath_prepend(tmp_path)

    yield import_module("lazy_example")

    for name in [name for name in sys.modules if name.startswith("lazy_example")]:
        del sys.modules[name]


def test_importing_the_package_imports_no_submodule(package: ModuleType) -> None:
    assert [name for name in sys.modules if name.startswith("lazy_example.")] == []


def test_a_name_comes_from_its_module(package: ModuleType) -> None:
    assert package.load() == 7


def test_a_name_that_maps_to_itself_is_the_submodule(package: ModuleType) -> None:
    assert package.tools is sys.modules["lazy_example.tools"]


def test_names_can_be_imported_from_the_package(package: ModuleType) -> None:
    names: dict[str, object] = {}

    exec("from lazy_example import load, tools", names)

    assert names["load"] is sys.modules["lazy_example.deep.loading"].load


@pytest.mark.parametrize(
    ("name", "owner"), [("unknown", "lazy_example"), ("absent", "lazy_example.tools")]
)
def test_an_unknown_name_is_an_attribute_error(name: str, owner: str, package: ModuleType) -> None:
    with pytest.raises(AttributeError, match=f"module '{owner}' has no attribute '{name}'"):
        getattr(package, name)


def test_an_unknown_name_cannot_be_imported(package: ModuleType) -> None:
    with pytest.raises(ImportError, match="cannot import name 'unknown' from 'lazy_example'"):
        exec("from lazy_example import unknown")


def test_dir_lists_the_public_names_in_order(package: ModuleType) -> None:
    assert dir(package) == ["absent", "load", "tools"]
