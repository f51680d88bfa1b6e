"""Digests of styles: of a file, or of the files of a blend."""

from __future__ import annotations

from collections.abc import Sequence

from neural_style.mixing.names import digest_blend

from .model_name import ModelName


def digest_style(style: ModelName, files_sha256: Sequence[str]) -> str:
    """Return what provenance has as the SHA-256 of a style, from those of its `ModelName.files`."""
    if style.blend is None:
        return files_sha256[0]
    digests = dict(zip(style.files, files_sha256, strict=True))
    return digest_blend((digests[i.file], i.number, i.share) for i in style.blend.ingredients)
