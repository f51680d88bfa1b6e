"""Paintings whose files say what anybody can write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image

from neural_style import Provenance, save_picture
from neural_style.pictures.metadata import METADATA, Metadata


def write_painting(path: Path, **changes: Any) -> Path:
    """Write a small picture with a provenance, of which some parts are others; return its path."""
    made: dict[str, Any] = {"image": "a.png", "image_sha256": "0" * 64, "model": "a.pth"}
    made |= {"model_sha256": "1" * 64, "engine": "C++", "version": "1", "options": {}, **changes}
    picture = Image.new("RGB", (8, 8))
    picture.info[METADATA] = Metadata(provenance=Provenance(**made).to_properties())
    save_picture(picture, path)
    return path
