"""Galleries of hand-made pictures, and the browser that shows them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from neural_style import Provenance
from pset_4 import names
from pset_4.gallery.collecting import ImageFile, Picture, Result, State
from pset_4.gallery.rendering import render
from pset_4.gallery.thumbnails import Thumbnails

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver


def write_gallery(
    data: Path, images: Sequence[str], models: Sequence[str], failures: Sequence[str] = ()
) -> Path:
    """Write images, a result of each in each model's style, and their gallery; return its page."""
    pictures = [_write_picture(data, image, models, index) for index, image in enumerate(images)]
    thumbnails = Thumbnails(str(data), str(data / "gallery"))
    files = [file for picture in pictures for file in list_files(picture)]
    page = data / "gallery" / "index.html"
    page.parent.mkdir()
    html = "".join(render(pictures, thumbnails.make(files), failures))
    page.write_text(html, encoding="utf-8")
    return page


def list_files(picture: Picture) -> list[ImageFile]:
    """Return the files of a picture and its results."""
    files = [picture.original, *(result.file for result in picture.results)]
    return [file for file in files if file is not None]


def set_size(browser: WebDriver, width: int, height: int) -> None:
    """Set the size of the page in px."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def wait_for_pictures(browser: WebDriver) -> None:
    """Wait until all pictures that the page wants to show are there.

    Raises:
        AssertionError: One cannot be shown.
    """
    broken = browser.execute_async_script(
        """
        const done = arguments[0];
        const images = [...document.images].filter((image) => image.getAttribute("src"));
        images.forEach((image) => (image.loading = "eager"));
        Promise.all(images.map((image) => image.decode().then(() => "", () => image.src))).then(
          (sources) => done(sources.filter(Boolean)));
        """
    )
    assert broken == []


def _write_picture(data: Path, image: str, models: Sequence[str], index: int) -> Picture:
    original = _write_image(data, f"images/{image}", (index % 256, 200, 200))
    results = [
        Result(
            model,
            replace(
                _write_image(data, f"stylized/{model}/{image}", (9 * style % 256, index % 256, 90)),
                provenance=_describe(image, model),
            ),
            State.CURRENT,
        )
        for style, model in enumerate(models)
    ]
    return Picture(image, original, results)


def _write_image(data: Path, path: str, color: tuple[int, int, int]) -> ImageFile:
    full_path = data / path
    full_path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (96, 64), color).save(full_path)
    digest = hashlib.sha256(full_path.read_bytes()).hexdigest()
    return ImageFile(path, digest, 0.0)


def _describe(image: str, model: str) -> Provenance:
    """Return where a result comes from."""
    name = names.parse_model_name(model)
    options = {"max_side": 1024} | ({} if name.number is None else {"number": name.number})
    return Provenance(image, "1" * 64, name.file, "2" * 64, "C++", "1.2", options)
