"""Transfers of files: when to try again, and many at once. Knows neither Luigi nor S3."""

from .bulk import IN_FLIGHT, Outcome, work_on_many
from .retrying import retry

__all__ = ["IN_FLIGHT", "Outcome", "retry", "work_on_many"]
