"""Refuse answers that no project could be made with, before a file is written."""

import json
import keyword
import re
import sys

# As JSON, so that no answer can end the string that it stands in.
ANSWERS = json.loads(r""" {{ cookiecutter | tojson }} """)

TAKEN = {"csci_utils", "luigi", "neural_style", "pset_4", "tests", *sys.stdlib_module_names}
"""Packages that the new one would hide."""


def check_slug(slug: str) -> None:
    """Exit if the name cannot be a package's."""
    if not re.fullmatch(r"[a-z]([a-z0-9_]*[a-z0-9])?", slug) or keyword.iskeyword(slug):
        sys.exit(
            "project_slug: expected the name of a Python package (small letters, digits and "
            f"underscores, a letter first, no keyword), got {slug!r}: choose another"
        )
    if slug in TAKEN:
        sys.exit(f"project_slug: {slug!r} is the name of another package: choose another")


def check_source(source: str) -> None:
    """Exit if pip cannot install from there."""
    if not re.fullmatch(r"(git\+(https?|ssh|file)://|file:///)[^\s'\"\\]+", source):
        sys.exit(
            "pset_4_source: expected an address that pip takes, git+https://host/path, "
            f"git+ssh://git@host/path or file:///path/of/a/checkout, got {source!r}"
        )


check_slug(ANSWERS["project_slug"])
check_source(ANSWERS["pset_4_source"])
