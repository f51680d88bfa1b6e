"""Dry runs: what tasks would do and why, found by asking the tasks themselves."""

from __future__ import annotations

from .planner import plan_tasks

__all__ = ["plan_tasks"]
