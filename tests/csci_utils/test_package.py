"""The package as a whole: its public names, and what it imports."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest

import csci_utils
import csci_utils.luigi

IMPORT_ALL = """
import importlib, pkgutil, sys
import csci_utils
for module in pkgutil.walk_packages(csci_utils.__path__, "csci_utils."):
    importlib.import_module(module.name)
print(*sys.modules)
"""


@pytest.fixture(scope="module")
def imported() -> set[str]:
    """The top-level names of all modules that csci_utils imports as a whole."""
    command = [sys.executable, "-c", IMPORT_ALL]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {name.partition(".")[0] for name in output.split()}


def test_every_module_can_be_imported(imported: set[str]) -> None:
    assert "csci_utils" in imported


@pytest.mark.parametrize("package", ["torch", "PIL", "neural_style", "pset_4"])
def test_importing_brings_nothing_of_pictures_or_pipelines(
    package: str, imported: set[str]
) -> None:
    assert package not in imported


@pytest.mark.parametrize("package", [csci_utils, csci_utils.luigi], ids=lambda each: each.__name__)
def test_every_public_name_can_be_used(package: ModuleType) -> None:
    assert [name for name in package.__all__ if not hasattr(package, name)] == []


@pytest.mark.parametrize("package", [csci_utils, csci_utils.luigi], ids=lambda each: each.__name__)
def test_the_public_names_are_those_that_are_imported_lazily(package: ModuleType) -> None:
    assert dir(package) == sorted(package.__all__)


def test_importing_the_packages_imports_neither_luigi_nor_boto3() -> None:
    script = "import sys, csci_utils.luigi; print(*sys.modules)"

    output = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    ).stdout

    assert {"luigi", "boto3", "requests"}.isdisjoint(output.split())
