"""Luigi targets, file systems and tasks. Needs the extra ``luigi``.

Public names are imported on first use, because boto3 takes 0.2 s to import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazy_names

if TYPE_CHECKING:
    from ..s3 import Limits, ObjectState, S3Client
    from .copying import Copied, CopyTask, Transfer, copy, transfer, transfer_many
    from .filesystem import LocalFileSystem
    from .rooted import RootedFileSystem, RootedTarget
    from .target import (
        BaseAtomicProviderLocalTarget,
        CreateOnlyLocalTarget,
        SuffixPreservingLocalTarget,
        create_only_atomic_file,
        suffix_preserving_atomic_file,
    )
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "BaseAtomicProviderLocalTarget": "target",
            "Copied": "copying",
            "CopyTask": "copying",
            "Transfer": "copying",
            "transfer": "copying",
            "transfer_many": "copying",
            "CreateOnlyLocalTarget": "target",
            "Limits": "..s3",
            "LocalFileSystem": "filesystem",
            "ObjectState": "..s3",
            "RootedFileSystem": "rooted",
            "RootedTarget": "rooted",
            "S3Client": "..s3",
            "SuffixPreservingLocalTarget": "target",
            "copy": "copying",
            "create_only_atomic_file": "target",
            "suffix_preserving_atomic_file": "target",
        },
    )

__all__ = [
    "BaseAtomicProviderLocalTarget",
    "Copied",
    "CopyTask",
    "CreateOnlyLocalTarget",
    "Limits",
    "LocalFileSystem",
    "ObjectState",
    "RootedFileSystem",
    "RootedTarget",
    "S3Client",
    "SuffixPreservingLocalTarget",
    "Transfer",
    "copy",
    "create_only_atomic_file",
    "suffix_preserving_atomic_file",
    "transfer",
    "transfer_many",
]
