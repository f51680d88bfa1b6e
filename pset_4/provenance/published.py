"""Whether the remote has a result already, as its object or its file says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csci_utils.luigi import copy
from neural_style.errors import PictureError
from neural_style.pictures.file_formats import MAX_PICTURE_BYTES

from ..places import is_s3
from ..rendering_options import complete_origin, to_origin
from ..storage.remote import read_object_metadata, target_at
from .object_metadata import from_object_metadata

if TYPE_CHECKING:
    from neural_style import Provenance
    from neural_style.options import RenderingOptions


def read_published(path: str, image: str, model: str) -> Provenance | None:
    """Return where the result at a place in the remote comes from.

    None if it does not exist or nothing says it. In S3 the object's metadata say it, in one
    request; in a directory the file itself, if its format has room for it.

    Args:
        path: The URL or path.
        image: The image's name.
        model: The name of the model's file.

    Raises:
        OSError, CsciUtilsError: The remote refuses.
    """
    if is_s3(path):
        return from_object_metadata(read_object_metadata(path), image, model)
    from neural_style.provenance import parse_provenance

    target = target_at(path)
    if not target.exists():
        return None
    with target.open("r") as file:
        data = file.read(MAX_PICTURE_BYTES)
    try:
        return parse_provenance(data)
    except PictureError:
        return None


def fetch_published(url: str, path: str) -> bool:
    """Fetch a result from the remote, and return whether it is undamaged.

    S3 names the digest of its bytes. A directory does not, so there it is decoded.

    Args:
        url: Its URL or path in the remote.
        path: Where it goes to.

    Raises:
        OSError, CsciUtilsError: The remote refuses.
    """
    copy(target_at(url), target_at(path), MAX_PICTURE_BYTES)
    if is_s3(url):
        return True
    from neural_style import load_picture

    try:
        load_picture(path)
    except PictureError:
        return False
    return True


def is_made_from(
    made: Provenance | None, image_sha256: str, model_sha256: str, options: RenderingOptions
) -> bool:
    """Return whether a result was painted from these bytes with these options."""
    if made is None or (made.image_sha256, made.model_sha256) != (image_sha256, model_sha256):
        return False
    return complete_origin(made.options) == to_origin(options)
