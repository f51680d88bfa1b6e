"""The official styles, compared with the reference implementation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.support.files.pictures import decode_rgb
from tests.support.pipeline.projects import MakeProject


@pytest.mark.parametrize(
    ("kind", "size"), [("directory_store", "301x227"), ("s3_store", "512x512")]
)
def test_the_official_styles_paint_what_the_reference_does(
    request: pytest.FixtureRequest,
    make_project: MakeProject,
    weights_dir: Path,
    kind: str,
    size: str,
) -> None:
    store = request.getfixturevalue(kind)
    project = make_project("machine", store.url)
    reference = weights_dir.parent / "reference"
    models = sorted(weights_dir.glob("*.pth"))
    for path in [reference / f"amber-{size}.png", *models]:
        project.drop(path.name, path.read_bytes())

    assert project.run_well("main")["painted"] == len(models) == 4

    for path in models:
        ours = decode_rgb(store.read(f"stylized/{path.name}/amber-{size}.png"))
        theirs = decode_rgb((reference / f"amber-{size}-{path.stem}.png").read_bytes())
        height, width = ours.shape[:2]
        assert f"{width}x{height}" == size
        # The reference pads its results to multiples of four.
        errors = np.abs(ours - theirs[:height, :width])
        assert errors.max() <= 1, f"values by their error in levels: {np.bincount(errors.ravel())}"
