"""The package as a whole: its public names."""

from __future__ import annotations

import pset_4


def test_every_public_name_can_be_used() -> None:
    assert [name for name in pset_4.__all__ if not hasattr(pset_4, name)] == []
