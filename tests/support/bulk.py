"""Remotes with many small pictures, and what has to be there after they were painted."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from neural_style import Provenance, read_provenance
from tests.support.files.pictures import encode
from tests.support.networks.models import make_model
from tests.support.pipeline.projects import Project
from tests.support.remotes.stores import RemoteStore

MODEL = "m.pth"
"""The only style."""


def write_pictures(store: RemoteStore, count: int, side: int = 16) -> list[str]:
    """Publish different pictures, some in a folder, and the style; return the pictures' names."""
    store.write(f"saved_models/{MODEL}", make_model(1))
    names = [f"{'sub/' if i % 3 == 0 else ''}p{i:04}.png" for i in range(count)]
    for i, name in enumerate(names):
        pixels = np.random.default_rng(i).integers(0, 256, (side, side, 3), dtype=np.uint8)
        store.write(f"images/{name}", encode(Image.fromarray(pixels), "PNG"))
    return names


def list_results(store: RemoteStore, model: str = MODEL) -> list[str]:
    """Return the names of the images that have a result, sorted."""
    start = f"stylized/{model}/"
    return sorted(path.removeprefix(start) for path in store.list() if path.startswith(start))


def read_made(store: RemoteStore, name: str, scratch: Path) -> Provenance | None:
    """Return where a published result comes from, as its file says; it has to be whole."""
    data = store.read(f"stylized/{MODEL}/{name}")
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
    path = scratch / f"result{Path(name).suffix}"
    path.write_bytes(data)
    return read_provenance(path)


def read_run(project: Project, *arguments: str) -> dict[str, Any]:
    """Return what `bulk status --json` prints."""
    result = project.run("bulk", "status", "--json", *arguments)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found
