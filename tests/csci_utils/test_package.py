from __future__ import annotations

import subprocess
import sys

import pytest

from csci_utils import errors
from csci_utils.errors import CsciUtilsError

IMPORT_ALL = """
import importlib, pkgutil, sys
import csci_utils
for module in pkgutil.walk_packages(csci_utils.__path__, "csci_utils."):
    importlib.import_module(module.name)
print(*sys.modules)
"""


@pytest.fixture(scope="module")
def imported() -> set[str]:
    """The top names of all modules that csci_utils as a whole brings in."""
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


@pytest.mark.parametrize(
    "error",
    [kind for kind in vars(errors).values() if isinstance(kind, type)],
    ids=lambda kind: kind.__name__,
)
def test_every_error_has_the_one_base(error: type[Exception]) -> None:
    assert issubclass(error, CsciUtilsError)


@pytest.mark.parametrize(
    ("error", "built_in"),
    [
        (errors.NothingWrittenError, ValueError),
        (errors.AlreadyExistsError, FileExistsError),
        (errors.ChangedError, RuntimeError),
        (errors.S3Error, OSError),
        (errors.S3AccessError, PermissionError),
        (errors.S3BucketMissingError, FileNotFoundError),
        (errors.S3KeyMissingError, FileNotFoundError),
    ],
)
def test_an_error_is_the_built_in_that_fits(
    error: type[Exception], built_in: type[Exception]
) -> None:
    assert issubclass(error, built_in)
