"""Refuse answers that no project could be made with, before a file is written."""

import json
import keyword
import re
import sys
from importlib.util import find_spec

# As JSON, so that no answer can end the string that it stands in.
ANSWERS = json.loads(r""" {{ cookiecutter | tojson }} """)

TAKEN = {
    *("csci_utils", "neural_style", "pset_4", "tests"),
    # What these import; more may be installed beside cookiecutter.
    *("boto3", "botocore", "click", "dotenv", "luigi", "numpy", "onnxruntime", "openvino"),
    *("pytest", "requests", "rich", "ruff", "safetensors", "skimage", "torch", "urllib3"),
    *sys.stdlib_module_names,
}
"""Packages that the new one would hide."""


def check_slug(slug: str) -> None:
    """Exit if the name cannot be a package's."""
    if not re.fullmatch(r"[a-z]([a-z0-9_]*[a-z0-9])?", slug) or keyword.iskeyword(slug):
        sys.exit(
            "project_slug: expected the name of a Python package (small letters, digits and "
            f"underscores, a letter first, no keyword), got {slug!r}: choose another"
        )
    if slug in TAKEN or is_installed(slug):
        sys.exit(f"project_slug: {slug!r} is the name of another package: choose another")


def is_installed(package: str) -> bool:
    """Return whether a package of this name is installed. A folder without modules is none."""
    spec = find_spec(package)
    return spec is not None and spec.origin is not None


def check_source(source: str) -> None:
    """Exit if pip cannot install from there."""
    if not re.fullmatch(r"(git\+(https?|ssh|file)://|file:///)[^\s'\"\\]+", source):
        sys.exit(
            "pset_4_source: expected an address that pip takes, git+https://host/path, "
            f"git+ssh://git@host/path or file:///path/of/a/checkout, got {source!r}"
        )


check_slug(ANSWERS["project_slug"])
check_source(ANSWERS["pset_4_source"])
