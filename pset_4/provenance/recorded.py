"""Provenance in the records of results, which have it whatever the file itself can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neural_style import Provenance

    from ..storage.records import Record


def from_record(record: Record | None) -> Provenance | None:
    """Return where a result comes from; None if its record does not say, as earlier ones do."""
    from neural_style import Provenance

    try:
        return None if record is None else Provenance.from_json(record.provenance)
    except ValueError:
        return None
