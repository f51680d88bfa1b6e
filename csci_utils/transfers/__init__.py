"""Transfers of files: when to try again. Knows neither Luigi nor S3."""

from .retrying import retry

__all__ = ["retry"]
