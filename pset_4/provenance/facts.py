"""Provenance for people: the same words in every place that shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csci_utils.text import one_line

from ..rendering_options import describe_options

if TYPE_CHECKING:
    from neural_style import Provenance

IMAGE, MODEL, VERSION = "Picture", "Style", "Version"

LABELS = (
    IMAGE,
    "SHA-256 of the picture",
    MODEL,
    "SHA-256 of the style",
    "Options",
    "Painted by",
    VERSION,
)
"""The labels of `describe`."""


def describe(provenance: Provenance) -> dict[str, str]:
    """Return what there is to know about a painting, by label: a printable line each.

    Whoever wrote the provenance may have chosen any characters, which are escaped.
    """
    number = provenance.options.get("number")
    values = (
        provenance.image,
        provenance.image_sha256,
        provenance.model if number is None else f"{provenance.model}@{number}",
        provenance.model_sha256,
        describe_options(provenance.options),
        provenance.engine,
        provenance.version,
    )
    return dict(zip(LABELS, map(one_line, values), strict=True))
