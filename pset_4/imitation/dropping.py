"""Styles made from pictures, and dropped in."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from csci_utils.errors import DescribedError
from neural_style.imitation.making import Imitator

from .. import names
from ..errors import InvalidNameError
from ..settings import Settings
from ..storage.dropping import check_writable, drop_bytes_in

SUFFIX = ".safetensors"
"""The suffix of the styles."""


@dataclass(frozen=True)
class ImitatedModel:
    """A style that is dropped in."""

    name: str
    """The name of the file."""
    is_new: bool
    """Whether this call dropped it in."""
    sha256: str
    """The digest of the file."""
    style_image: str
    """The picture, as it was given."""
    style_image_sha256: str
    """The digest of the picture's file."""
    note: str
    """Why little of a style can be seen in the picture; empty if nothing is known."""


@dataclass
class Imitations:
    """The outcome of `drop_imitations_in`."""

    models: list[ImitatedModel] = field(default_factory=list)
    """The styles that are dropped in now."""
    failures: list[DescribedError] = field(default_factory=list)
    """One error for each picture whose style is not."""

    def to_dict(self) -> dict[str, object]:
        """Return the outcome as plain values for JSON."""
        models = [
            {name: value for name, value in asdict(model).items() if name != "note" or value}
            for model in self.models
        ]
        return {"models": models, "failed": [error.to_json() for error in self.failures]}


def drop_imitations_in(
    settings: Settings, pictures: Sequence[str], name: str | None = None
) -> Imitations:
    """Make a style from each picture, and drop it in.

    Args:
        settings: The settings with the data folder.
        pictures: The pictures' paths.
        name: The name of the style of the only picture, with or without its suffix. By default
            that of the picture, with the style's suffix.

    Raises:
        SettingsError: Drop-ins are used in place, where nothing is written.
        MissingDependencyError: The networks are not installed.
        StyleError: The networks are damaged, or not those that are known.
        OSError: The data folder cannot be written.
    """
    check_writable(settings)
    imitator = Imitator()
    result = Imitations()
    for picture in pictures:
        try:
            model = name_style(Path(picture).stem if name is None else name)
            result.models.append(_drop_in(settings, imitator, picture, model))
        except DescribedError as error:
            result.failures.append(error)
    return result


def name_style(name: str) -> str:
    """Return the name of a style's file; the suffix may be left out.

    Raises:
        InvalidNameError: The name is unsafe, or that of another kind of model.
    """
    if name.lower().endswith(SUFFIX):
        return names.check_model_file(name)
    if names.is_model_file(name):
        raise InvalidNameError(
            f"expected a name ending in {SUFFIX}, got another suffix",
            path=name,
            remedy="leave it out",
        )
    return names.check_model_file(name + SUFFIX)


def _drop_in(settings: Settings, imitator: Imitator, picture: str, model: str) -> ImitatedModel:
    style = imitator.imitate(os.path.expanduser(picture))
    is_new = drop_bytes_in(settings, model, style.data, f"the style of {picture}")
    digest = hashlib.sha256(style.data).hexdigest()
    return ImitatedModel(model, is_new, digest, picture, style.picture_digest, style.note)
