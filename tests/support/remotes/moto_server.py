"""A program: moto's S3 server, which several threads may read at once.

moto computes an object's ETag when it is first asked for, from the file that another thread may be
reading. That thread then gets a part of the bytes, or the ETag is that of a part.
"""

from __future__ import annotations

from typing import Any

import moto.s3.models
from moto.server import main
from werkzeug.serving import WSGIRequestHandler

_KEY: Any = moto.s3.models.FakeKey
_ETAG = _KEY.etag


def _locked_etag(key: Any) -> str:
    with key.lock:
        return str(_ETAG.fget(key))


if __name__ == "__main__":
    _KEY.etag = property(_locked_etag)
    WSGIRequestHandler.protocol_version = "HTTP/1.1"  # as S3, which keeps connections open
    main()
