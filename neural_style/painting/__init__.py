"""From requests to painted files: the one way to paint that every program and task uses."""

from .overlapping import paint_all
from .painter import Painter, paint_file
from .stages import PaintingResult

__all__ = ["Painter", "PaintingResult", "paint_all", "paint_file"]
