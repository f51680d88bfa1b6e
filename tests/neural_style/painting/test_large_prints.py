"""Large prints with a brush, in the official styles: each looks like its preview."""

from __future__ import annotations

import subprocess
import sys
from itertools import cycle, product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neural_style import Painter, PaintingRequest, RenderingOptions, load_picture
from neural_style.option_kinds import AUTO_BRUSH
from tests.support.packages import find_in_package

PHOTOGRAPHS = ("astronaut.png", "coffee.png", "rocket.jpg", "chelsea.png", "hubble_deep_field.jpg")
STYLES = ("candy", "mosaic", "rain_princess", "udnie")
SIZES = ((1250, 800), (3464, 2309), (6000, 4000), (12_248, 8165))
"""1, 8, 24 and 100 megapixels."""

LEAST_DECIBELS = 35
TILE = 300
RUN_MEASURED = """
import sys
from neural_style.neural_style import main
code = main(sys.argv[1:])
(peak,) = (line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(peak)
sys.exit(code)
"""
"""The command line, which shows its peak of memory in kilobytes."""

pytestmark = pytest.mark.soak


@pytest.fixture(scope="module")
def tiles() -> list[Image.Image]:
    """Parts of real photographs, in full detail."""
    found = []
    for name in PHOTOGRAPHS:
        with Image.open(find_in_package("skimage", f"data/{name}")) as opened:
            photograph = opened.convert("RGB")
        columns, rows = photograph.width // TILE, photograph.height // TILE
        for x, y in product(range(columns), range(rows)):
            found.append(photograph.crop((x * TILE, y * TILE, (x + 1) * TILE, (y + 1) * TILE)))
    return found


@pytest.fixture(params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}", scope="module")
def photograph_path(
    request: pytest.FixtureRequest,
    tiles: list[Image.Image],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A picture made of the tiles: a real photograph's detail in any size."""
    width, height = request.param
    picture, left = Image.new("RGB", (width, height)), cycle(tiles)
    for number, (y, x) in enumerate(product(range(0, height, TILE), range(0, width, TILE))):
        tile = next(left)
        picture.paste(tile.transpose(Image.Transpose(number % 7)), (x, y))
    path = tmp_path_factory.mktemp("photographs") / "photograph.jpg"
    picture.save(path, quality=95)
    return path


@pytest.fixture(scope="module")
def painter() -> Painter:
    """What paints all of them."""
    return Painter()


def paint(painter: Painter, request: PaintingRequest) -> Image.Image:
    """Return a painting, without the time to encode it."""
    paintings = []

    def keep(picture: Image.Image, path: Path, options: RenderingOptions) -> None:
        paintings.append(picture)

    painter.paint(request, save=keep)
    return paintings.pop()


@pytest.mark.parametrize("style", STYLES)
def test_a_print_looks_like_its_preview(
    style: str, photograph_path: Path, painter: Painter, weights_dir: Path
) -> None:
    model = weights_dir / f"{style}.pth"

    def paint_with(options: RenderingOptions) -> Image.Image:
        return paint(painter, PaintingRequest(photograph_path, model, Path("x.png"), options))

    result = paint_with(RenderingOptions(brush=AUTO_BRUSH))
    preview = paint_with(RenderingOptions(max_side=1080))

    scaled = result.resize(preview.size, Image.Resampling.LANCZOS)
    error = np.asarray(scaled, np.float32) - np.asarray(preview, np.float32)
    assert 10 * np.log10(255**2 / np.mean(error**2)) > LEAST_DECIBELS


@pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux tells the peak memory of a process (VmHWM)"
)
def test_a_print_fits_into_the_memory(
    photograph_path: Path, weights_dir: Path, tmp_path: Path
) -> None:
    output_path = tmp_path / "print.jpg"
    command = [sys.executable, "-c", RUN_MEASURED, "eval", "--brush", "auto", "--memory", "2GiB"]
    command += ["--content-image", str(photograph_path), "--output-image", str(output_path)]
    command += ["--model", str(weights_dir / "candy.pth")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-2]) < 2 << 20
    assert load_picture(output_path).size == load_picture(photograph_path).size
