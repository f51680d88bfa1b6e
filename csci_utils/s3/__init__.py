"""Objects in S3: listed, sent and received whole, compared and verified. Knows no Luigi.

Public names are imported on first use, because boto3 takes 0.2 s to import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazy_names

if TYPE_CHECKING:
    from .client import S3Client
    from .objects import ObjectState
    from .requests import Limits
else:
    __getattr__, __dir__ = lazy_names(
        __name__, {"Limits": "requests", "ObjectState": "objects", "S3Client": "client"}
    )

__all__ = ["Limits", "ObjectState", "S3Client"]
