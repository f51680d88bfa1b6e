"""Data files of installed packages."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest


def find_in_package(package: str, name: str) -> Path:
    """Return the path of a package's data file without importing the package.

    The test is skipped if the package is not installed or has no such file.
    """
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        pytest.skip(f"{package} with its {name} is not installed; run pip install '.[demo]'")
    path = Path(spec.origin).parent / name
    if not path.is_file():
        pytest.skip(f"{package} no longer has {name}")
    return path
