"""A small Canvas server on the loopback interface.

It answers as Canvas's REST API documentation and source code say, checks each request against
them, and remembers it. It refuses every request that Canvas would not understand.
"""

from tests.support.canvas.course import COURSE, ME, TOKEN, Json
from tests.support.canvas.http import CHANGING_METHODS, Request
from tests.support.canvas.server import Canvas, serve_canvas

__all__ = ["CHANGING_METHODS", "COURSE", "ME", "TOKEN", "Canvas", "Json", "Request", "serve_canvas"]
