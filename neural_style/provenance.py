"""Where a painting comes from, as its file says: an XMP packet holds it beside other metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from os import PathLike
from pathlib import Path
from typing import Any

from PIL import Image

from csci_utils.errors import at_path
from csci_utils.files import read_file

from .errors import PictureError
from .pictures.decoding import read_header
from .pictures.io import MAX_PICTURE_BYTES
from .pictures.metadata import read_metadata, xmp

_OPTIONS = "options"


@dataclass(frozen=True)
class Provenance:
    """What a painting was made from, how, and by what."""

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

    def to_properties(self) -> dict[str, str]:
        """Return it as texts by name."""
        return {**asdict(self), _OPTIONS: json.dumps(dict(self.options), sort_keys=True)}

    @classmethod
    def from_properties(cls, properties: Mapping[str, str]) -> Provenance:
        """Return what `to_properties` described.

        Raises:
            ValueError: It is not complete, or damaged.
        """
        names = [entry.name for entry in fields(cls) if entry.name != _OPTIONS]
        missing = [name for name in (*names, _OPTIONS) if name not in properties]
        if missing:
            raise ValueError(f"expected {', '.join(missing)}")
        options = json.loads(properties[_OPTIONS])
        if not isinstance(options, dict):
            raise ValueError("expected options by name")
        return cls(**{name: properties[name] for name in names}, options=options)


def read_provenance(path: str | PathLike[str]) -> Provenance | None:
    """Return where the painting in a file comes from; None if the file does not say.

    Nothing is decoded but the header. Anybody can write such a packet: it proves nothing.

    Raises:
        PictureError: The file cannot be read, or is not a picture.
    """
    with at_path(path):
        picture = read_header(read_file(Path(path), PictureError, MAX_PICTURE_BYTES))
        return find_provenance(picture)


def find_provenance(picture: Image.Image) -> Provenance | None:
    """Return where a picture comes from that Pillow opened; None if it does not say."""
    try:
        return Provenance.from_properties(xmp.read_properties(read_metadata(picture).xmp))
    except (ValueError, RecursionError):
        return None
