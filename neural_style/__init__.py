"""Fast neural style transfer: paint a picture in the style of a trained network.

>>> import neural_style
>>> style = neural_style.load("candy.pth")
>>> neural_style.save_picture(style(neural_style.load_picture("photo.jpg")), "painted.jpg")

Or from file to file, as the command line does:

>>> request = neural_style.PaintingRequest("photo.jpg", "candy.pth", "painted.jpg")
>>> neural_style.paint_file(request)

The networks are those of Johnson, Alahi and Fei-Fei, "Perceptual Losses for Real-Time Style
Transfer and Super-Resolution" (https://arxiv.org/abs/1603.08155), with the weights that the
PyTorch examples publish. On the CPU a C++ engine paints them, which needs neither PyTorch nor
OpenVINO. Importing this package imports neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from csci_utils.lazy import lazy_names

if TYPE_CHECKING:
    from .backends.base import Style
    from .backends.loading import load
    from .errors import (
        DeviceError,
        MissingDependencyError,
        NeuralStyleError,
        PictureError,
        StyleError,
        TrainingError,
    )
    from .formats.model_file import STYLE_SUFFIXES
    from .imitation.making import imitate
    from .inspection import StyleDescription, inspect
    from .options import RenderingOptions
    from .painting import Painter, PaintingResult, paint_all, paint_file
    from .pictures.file_formats import PICTURE_SUFFIXES
    from .pictures.io import load_picture, save_picture
    from .pictures.resizing import limit_side, resize, scale_down
    from .provenance import Provenance, read_provenance
    from .request import PaintingRequest
    from .transformer_net import TransformerNet
else:
    # Nothing is imported before it is used: otherwise `python -m neural_style`, which imports this
    # file first, could not answer Ctrl-C meanwhile.
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "DeviceError": "errors",
            "MissingDependencyError": "errors",
            "NeuralStyleError": "errors",
            "PICTURE_SUFFIXES": "pictures.file_formats",
            "Painter": "painting",
            "PaintingRequest": "request",
            "PaintingResult": "painting",
            "PictureError": "errors",
            "Provenance": "provenance",
            "RenderingOptions": "options",
            "STYLE_SUFFIXES": "formats.model_file",
            "Style": "backends.base",
            "StyleDescription": "inspection",
            "StyleError": "errors",
            "TrainingError": "errors",
            "TransformerNet": "transformer_net",
            "imitate": "imitation.making",
            "inspect": "inspection",
            "limit_side": "pictures.resizing",
            "load": "backends.loading",
            "load_picture": "pictures.io",
            "paint_all": "painting",
            "paint_file": "painting",
            "read_provenance": "provenance",
            "resize": "pictures.resizing",
            "save_picture": "pictures.io",
            "scale_down": "pictures.resizing",
        },
    )

__all__ = [
    "PICTURE_SUFFIXES",
    "STYLE_SUFFIXES",
    "DeviceError",
    "MissingDependencyError",
    "NeuralStyleError",
    "Painter",
    "PaintingRequest",
    "PaintingResult",
    "PictureError",
    "Provenance",
    "RenderingOptions",
    "Style",
    "StyleDescription",
    "StyleError",
    "TrainingError",
    "TransformerNet",
    "imitate",
    "inspect",
    "limit_side",
    "load",
    "load_picture",
    "paint_all",
    "paint_file",
    "read_provenance",
    "resize",
    "save_picture",
    "scale_down",
]
