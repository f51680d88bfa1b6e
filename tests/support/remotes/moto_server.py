"""A program: moto's S3 server on a free port, which several threads may read at once.

moto computes an object's ETag when it is first asked for, from the file that another thread may be
reading. That thread then gets a part of the bytes, or the ETag is that of a part.
"""

from __future__ import annotations

import signal
import sys
from typing import Any

import moto.s3.models
from moto.moto_server.werkzeug_app import MotoRequestHandler, create_backend_app
from werkzeug.serving import run_simple

_KEY: Any = moto.s3.models.FakeKey
_ETAG = _KEY.etag


def _locked_etag(key: Any) -> str:
    with key.lock:
        return str(_ETAG.fget(key))


if __name__ == "__main__":
    _KEY.etag = property(_locked_etag)
    MotoRequestHandler.protocol_version = "HTTP/1.1"  # as S3, which keeps connections open
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    # moto's own program finds out the service of each request, which takes a third of its time.
    app = create_backend_app("s3")
    run_simple("127.0.0.1", 0, app, threaded=True, request_handler=MotoRequestHandler)
