"""Provenance as the metadata of a result's object in S3, ``x-amz-meta-*``.

There is a name for each part: ``image``, ``image-sha256``, ``model``, ``model-sha256``, ``engine``,
``version`` and ``options``, which are JSON. S3 keeps reliably only what is printable ASCII, so all
other characters, spaces and ``%`` are percent-encoded as UTF-8 (RFC 3986, 2.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from neural_style.options import NONE, RenderingOptions

if TYPE_CHECKING:
    from neural_style import Provenance

MAX_BYTES = 2048
"""The most metadata of an object, names and values together
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html)."""

_OTHERS_BYTES = len("x-amz-meta-sha256") + 64  # the digest that S3Client adds
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F))).replace("%", "")
_NAMES = ("image", "model")


def to_object_metadata(provenance: Provenance) -> dict[str, str]:
    """Return the metadata of an object, in ASCII.

    If it would be too large, the names are left out: they are parts of the object's key.
    """
    metadata = {
        name.replace("_", "-"): quote(text, safe=_PRINTABLE, errors="replace")
        for name, text in provenance.to_properties().items()
    }
    for name in _NAMES:
        if _count_bytes(metadata) > MAX_BYTES:
            del metadata[name]
    return metadata


def metadata_of(provenance: Provenance | None, options: RenderingOptions) -> dict[str, str]:
    """Return what the remote's object says of a result: what its file says, too."""
    if provenance is None or options.metadata == NONE:
        return {}
    return to_object_metadata(provenance)


def from_object_metadata(metadata: Mapping[str, str], image: str, model: str) -> Provenance | None:
    """Return the provenance in the metadata of an object; None if it has none, or a damaged one.

    Args:
        metadata: Values by name.
        image: The image's name in the object's key.
        model: The name of the model's file in the object's key.
    """
    from neural_style import Provenance

    texts = {name.replace("-", "_"): unquote(text) for name, text in metadata.items()}
    try:
        return Provenance.from_properties({"image": image, "model": model, **texts})
    except ValueError:
        return None


def _count_bytes(metadata: Mapping[str, str]) -> int:
    return _OTHERS_BYTES + sum(len(f"x-amz-meta-{name}{value}") for name, value in metadata.items())
