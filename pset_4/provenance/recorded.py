"""Provenance in the records of results, which hold all options, as some files cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..rendering_options import complete_origin
from ..storage.records import Origin, Record, read_origin

if TYPE_CHECKING:
    from neural_style import Provenance


def read_result_origin(path: str) -> Origin | None:
    """Return what a result was made from, as `read_origin` does, with all options."""
    origin = read_origin(path)
    return None if origin is None else complete_origin(origin)


def from_record(record: Record | None) -> Provenance | None:
    """Return where a result comes from; None if its record does not say, as earlier ones do."""
    from neural_style import Provenance

    try:
        return None if record is None else Provenance.from_json(record.provenance)
    except ValueError:
        return None
