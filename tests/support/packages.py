"""Data files of installed packages."""

from __future__ import annotations

from pathlib import Path

import pytest

from csci_utils.files import find_package_file


def find_in_package(package: str, name: str) -> Path:
    """Return the path of a package's data file without importing the package.

    The test is skipped if the package is not installed or has no such file.
    """
    path = find_package_file(package, name)
    if path is None:
        pytest.skip(f"{package} with its {name} is not installed; run pip install '.[demo]'")
    return path
