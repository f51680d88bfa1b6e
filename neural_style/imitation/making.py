"""A picture in, the file of a style out."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np

from csci_utils.files import check_place, read_file, replacing

from ..errors import StyleError
from ..formats.model_file import MAX_STYLE_BYTES, SAFETENSORS_SUFFIXES
from ..formats.safetensors_file import encode_network
from ..networks.description import NetworkDescription
from ..networks.metadata import MADE_BY
from ..networks.network import make_network
from ..version import __version__
from .filling import fill_in
from .magenta import LICENSE, PACKAGE, PACKAGE_VERSION, MagentaFile, load_network
from .prediction import predict_style
from .style_picture import read_style_picture

_ABOUT = (
    "made from one picture by neural_style imitate, without training; see "
    "https://arxiv.org/abs/1705.06830"
)


_ENDS = NetworkDescription(output="sigmoid", input_levels=1)


@dataclass(frozen=True)
class ImitatedStyle:
    """A style that was made from a picture."""

    data: bytes
    """The content of its file, in the safetensors format."""
    picture_digest: str
    """The SHA-256 of the picture's file, in hexadecimal."""
    note: str = ""
    """Why little of a style can be seen in the picture; empty if nothing is known."""


class Imitator:
    """Makes styles from pictures. Threads may share one."""

    def __init__(self) -> None:
        """Load both networks. Takes about 50 ms.

        Raises:
            MissingDependencyError: The package that contains them is not installed.
            StyleError: They are damaged, or not those that are known.
        """
        self._prediction = load_network(MagentaFile.PREDICTION)
        self._transfer = load_network(MagentaFile.TRANSFER)

    def imitate(self, style_image: str | PathLike[str]) -> ImitatedStyle:
        """Make a style from a picture. Takes about 0.1 s for each of up to four squares.

        A picture that is not a square is seen in several: their numbers are averaged. The same
        picture gives the same bytes, in the same version of this package.

        Raises:
            PictureError: As `load_picture`.
            MissingDependencyError: It is a HEIC or HEIF picture, and pillow-heif is not installed.
        """
        picture = read_style_picture(style_image)
        styles = [predict_style(self._prediction, square) for square in picture.squares]
        weights = fill_in(self._transfer, np.mean(styles, axis=0))
        network = make_network(weights, _ENDS, _describe(picture.digest))
        return ImitatedStyle(encode_network(network), picture.digest, picture.note)


def imitate(style_image: str | PathLike[str], output_model: str | PathLike[str]) -> ImitatedStyle:
    """Write the style of a picture to a new file, atomically.

    Args:
        style_image: The picture.
        output_model: The file to write; its suffix is .safetensors. One that exists is not
            replaced; one that is the same is left as it is.

    Raises:
        StyleError: `output_model` has another suffix, cannot be written, or is something else that
            exists; or the networks are damaged.
        PictureError: As `load_picture`.
        MissingDependencyError: The extra ``imitate``, or the one for the picture, is not installed.
    """
    path = Path(output_model)
    _check_output(path)
    style = Imitator().imitate(style_image)
    if path.exists():
        if read_file(path, StyleError, MAX_STYLE_BYTES) != style.data:
            raise StyleError(
                "another file of this name exists already",
                path=path,
                remedy="choose another name, or remove that file",
            )
        return style
    with replacing(path, StyleError) as temporary_path:
        temporary_path.write_bytes(style.data)
    return style


def _check_output(path: Path) -> None:
    suffix = path.suffix.lower()
    if suffix not in SAFETENSORS_SUFFIXES:
        raise StyleError(
            f"expected a name ending in .safetensors, got the suffix {suffix!r}",
            path=path,
            remedy="use this suffix; the others have no room for all that describes such a style",
        )
    check_place(path, StyleError)


def _describe(picture_digest: str) -> dict[str, str]:
    """Return what the file says about itself, beside what the network is."""
    return {
        "about": _ABOUT,
        "style_image_sha256": picture_digest,
        MADE_BY: f"neural_style {__version__}",
        "source": (
            f"the networks of the project Magenta in {PACKAGE} {PACKAGE_VERSION}, with weights as "
            "plain numbers, filled in for this picture"
        ),
        "license": LICENSE,
    }
