"""Fast neural style transfer: paint a picture in the style of a trained network.

>>> import neural_style
>>> style = neural_style.load("candy.pth")
>>> neural_style.save_picture(style(neural_style.load_picture("photo.jpg")), "painted.jpg")

The networks are those of Johnson, Alahi and Fei-Fei, "Perceptual Losses for Real-Time Style
Transfer and Super-Resolution" (https://arxiv.org/abs/1603.08155), with the weights that the
PyTorch examples publish. On the CPU a C++ engine paints them (see `load`), which needs neither
PyTorch nor OpenVINO; importing this package imports neither.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .backends.base import Style
    from .backends.loading import load
    from .errors import (
        DeviceError,
        MissingDependencyError,
        NeuralStyleError,
        PictureError,
        StyleError,
    )
    from .formats.model_file import STYLE_SUFFIXES
    from .inspection import StyleDescription, inspect
    from .pictures.file_formats import PICTURE_SUFFIXES
    from .pictures.io import load_picture, save_picture

__all__ = [
    "PICTURE_SUFFIXES",
    "STYLE_SUFFIXES",
    "DeviceError",
    "MissingDependencyError",
    "NeuralStyleError",
    "PictureError",
    "Style",
    "StyleDescription",
    "StyleError",
    "inspect",
    "load",
    "load_picture",
    "save_picture",
]

_MODULES = {
    "PICTURE_SUFFIXES": "pictures.file_formats",
    "STYLE_SUFFIXES": "formats.model_file",
    "Style": "backends.base",
    "StyleDescription": "inspection",
    "inspect": "inspection",
    "load": "backends.loading",
    "load_picture": "pictures.io",
    "save_picture": "pictures.io",
}


if not TYPE_CHECKING:  # which would take any name for one of this module

    def __getattr__(name: str) -> object:
        # Imported when it is used first: else Ctrl-C could not be answered while that is done, as
        # `python -m neural_style` imports this file before its own.
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f".{_MODULES.get(name, 'errors')}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
