"""Where a painting comes from, as its file says: an XMP packet holds it beside other metadata."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from math import isfinite
from os import PathLike
from typing import Any

from csci_utils.errors import at_path

from .pictures.decoding import read_header
from .pictures.io import read_picture_file
from .pictures.metadata import read_metadata, xmp

_OPTIONS = "options"
_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Provenance:
    """What a painting was made from, how, and by what.

    Read from a file, it is what anybody can have written there: it proves nothing, and its names
    may be of any form and length.
    """

    image: str
    """The name of the photograph."""
    image_sha256: str
    model: str
    """The name of the style's file."""
    model_sha256: str
    engine: str
    """What painted, such as ``C++``, ``OpenVINO`` or ``PyTorch on cuda``."""
    version: str
    """The version of this package."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """The rendering options that change results, by name; those that are not set are left out."""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Any) -> Provenance:
        """Return what `to_json` described.

        Raises:
            ValueError: It is not complete, or damaged.
        """
        names = {entry.name for entry in fields(cls)}
        if not isinstance(values, dict) or values.keys() != names:
            raise ValueError(f"expected {', '.join(sorted(names))}")
        texts = [text for name, text in values.items() if name != _OPTIONS]
        if not all(isinstance(text, str) for text in texts):
            raise ValueError("expected texts")
        options = values[_OPTIONS]
        if not (isinstance(options, dict) and all(map(_is_plain, options.values()))):
            raise ValueError("expected numbers and texts by the names of options")
        found = cls(**values)
        if not (_SHA256.fullmatch(found.image_sha256) and _SHA256.fullmatch(found.model_sha256)):
            raise ValueError("expected SHA-256 digests")
        return found

    def to_properties(self) -> dict[str, str]:
        """Return it as texts by name."""
        options = json.dumps(self.to_json()[_OPTIONS], sort_keys=True, separators=(",", ":"))
        return {**self.to_json(), _OPTIONS: options}

    @classmethod
    def from_properties(cls, properties: Mapping[str, str]) -> Provenance:
        """Return what `to_properties` described; other properties do not count.

        Raises:
            ValueError: It is not complete, or damaged.
        """
        known = {entry.name for entry in fields(cls)}
        values: dict[str, Any] = {name: properties[name] for name in known & properties.keys()}
        try:
            values[_OPTIONS] = json.loads(values.get(_OPTIONS, ""))
        except RecursionError as error:
            raise ValueError("expected options by name") from error
        return cls.from_json(values)


def read_provenance(path: str | PathLike[str]) -> Provenance | None:
    """Return where the painting in a file comes from; None if the file does not say.

    Nothing is decoded but the header.

    Raises:
        PictureError: The file cannot be read, or is not a picture.
        MissingDependencyError: It is a HEIC or HEIF picture, and pillow-heif is not installed.
    """
    with at_path(path):
        return parse_provenance(read_picture_file(path))


def parse_provenance(data: bytes) -> Provenance | None:
    """Return where a painting comes from, from the bytes of its file, as `read_provenance` does."""
    header = read_header(data)
    try:
        return Provenance.from_properties(xmp.read_properties(read_metadata(header).xmp))
    except ValueError:
        return None


def _is_plain(value: object) -> bool:
    """Return whether a value can be that of an option: finite, and not nested."""
    return isinstance(value, (int, str)) or (isinstance(value, float) and isfinite(value))
