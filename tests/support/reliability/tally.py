"""What long tests tried, counted for the table at the end of ``make soak``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Tally:
    """What one test tried; tests of the same campaign are added up."""

    campaign: str
    """What was tried, in the plural: it heads the row of the table."""
    seed: int | None
    """What the random choices depend on; None if there are none."""
    tried: int = 0
    """How many inputs, steps, kills or faults."""
    refused: int = 0
    """How many of them ended in an error that says so."""
    silent: int = 0
    """How many broke a promise; the first one ends its test."""
    seconds: float = 0


Count = Callable[..., Tally]
"""Creates the tally of a test from the name of the campaign and the seed."""
