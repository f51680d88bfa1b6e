"""Results of each strength, and those from before there was one."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tests.support.pipeline.database import change_origin
from tests.support.pipeline.painting import PAINT
from tests.support.pipeline.projects import Project

RECORD = "stylized/model.pth/drawing.png"


@pytest.mark.parametrize("runner", ["in-process", "program"])
def test_a_weaker_result_is_nearer_to_the_photograph(published: Project, runner: str) -> None:
    distances = []
    for strength in ("1", "0.5", "0.1"):
        published.run_well(*PAINT, "--runner", runner, "--strength", strength)
        look = "" if strength == "1" else f"@strength={strength}"
        result_path = published.data / f"stylized/model.pth{look}/drawing.png"
        images = (published.data / "images/drawing.png", result_path)
        photograph, result = (np.asarray(Image.open(path), dtype=float) for path in images)
        distances.append(np.abs(photograph - result).mean())

    assert distances == sorted(distances, reverse=True)
    assert distances[2] < 0.2 * distances[0]


def test_a_result_from_before_there_was_a_strength_is_current(published: Project) -> None:
    published.run_well(*PAINT)
    change_origin(published.data, RECORD, strength=None)

    assert published.run_well(*PAINT)["painted"] == 0
