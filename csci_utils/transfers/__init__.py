"""Transfers of files: when to try again, and many at once. Knows neither Luigi nor S3."""

from .bulk import IN_FLIGHT, ItemOutcome, work_on_many
from .retrying import retry

__all__ = ["IN_FLIGHT", "ItemOutcome", "retry", "work_on_many"]
