"""What a package carries besides the model: code, and the packages that the code requires."""

from __future__ import annotations

import hashlib
import re
from glob import glob
from importlib import metadata
from pathlib import Path

from csci_utils.digest import file_digest
from neural_style.errors import install_remedy

from ..errors import MissingError

PAINTER = "painter.py"
"""The file name of the code that MLflow loads and calls, in this folder and in packages."""

CODE = {"csci_utils": ("*.py", "text/*.py", "transfers/*.py"), "neural_style": ("**/*.py",)}
"""The Python packages that a package carries, and the glob patterns of their modules. Of csci_utils
these are the modules that need no other package."""

# The code in a package requires what the extra "style" installs, which includes the other.
_EXTRAS = ("engine", "style")


def list_code() -> dict[str, Path]:
    """Return the code files of a package: their paths here, by their relative paths."""
    import neural_style

    root = Path(neural_style.__file__).parent.parent
    found = (
        Path(package, name)
        for package, patterns in CODE.items()
        for pattern in patterns
        for name in glob(pattern, root_dir=root / package, recursive=True)  # no hidden folders
    )
    names = sorted(path.as_posix() for path in found)
    return {PAINTER: Path(__file__).with_name(PAINTER), **{name: root / name for name in names}}


def digest_code() -> str:
    """Return the SHA-256 over the names and digests of all code files of a package."""
    digest = hashlib.sha256()
    for name, path in list_code().items():
        digest.update(f"{name} {file_digest(path)}\n".encode())
    return digest.hexdigest()


def list_requirements() -> list[str]:
    """Return the requirements of a package, pinned to the versions installed here.

    Raises:
        MissingError: This project is not installed, only present as files.
    """
    try:
        declared = metadata.requires("pset_4") or []
    except metadata.PackageNotFoundError as error:
        raise MissingError(
            "pset_4 is not installed, so its requirements are unknown",
            remedy=install_remedy("style", "mlflow"),
        ) from error
    requirements = []
    for line in declared:
        requirement, _, marker = line.partition(";")
        extra = re.search(r"""extra == ["'](\w+)["']""", marker)
        if extra and extra[1] in _EXTRAS and not requirement.startswith("pset_4"):
            requirements.append(_pin(requirement.strip()))
    return requirements


def _pin(requirement: str) -> str:
    name = re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
    try:
        return f"{name}=={metadata.version(name).partition('+')[0]}"
    except metadata.PackageNotFoundError:
        return requirement
