"""Fast neural style transfer: paint a picture in the style of a trained network.

>>> import neural_style
>>> style = neural_style.load("candy.pth")
>>> neural_style.save_picture(style(neural_style.load_picture("photo.jpg")), "painted.jpg")

The networks are those of Johnson, Alahi and Fei-Fei, "Perceptual Losses for Real-Time Style
Transfer and Super-Resolution" (https://arxiv.org/abs/1603.08155), with the weights that the
PyTorch examples publish. On the CPU a C++ engine paints them (see `load`), which needs neither
PyTorch nor OpenVINO; importing this package imports neither.
"""

from .errors import (
    DeviceError,
    MissingDependencyError,
    NeuralStyleError,
    PictureError,
    StyleError,
)
from .inspection import StyleDescription, inspect
from .loading import STYLE_SUFFIXES, load
from .style import Style
from .utils import PICTURE_SUFFIXES, load_picture, save_picture

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
