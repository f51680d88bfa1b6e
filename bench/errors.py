"""The error of the benchmark."""

from __future__ import annotations

from csci_utils.errors import DescribedError


class BenchmarkError(DescribedError):
    """Something that every measurement or the document needs is missing."""
