"""Models packaged as self-contained MLflow models: made, published and fetched.

A package is a folder of files. Its manifest, ``manifest.json``, lists their digests and is written
last. A package is whole if all files of its manifest exist with these digests.
"""

from __future__ import annotations

from .build import build_package, describe_package, mlflow_environment
from .contents import digest_code
from .manifest import MANIFEST, Manifest, is_intact, is_whole, read_manifest
from .transfer import fetch_package, publish_package

__all__ = [
    "MANIFEST",
    "Manifest",
    "build_package",
    "describe_package",
    "digest_code",
    "fetch_package",
    "is_intact",
    "is_whole",
    "mlflow_environment",
    "publish_package",
    "read_manifest",
]
