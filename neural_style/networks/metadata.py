"""What the metadata of a safetensors file say about its network, besides its parameters.

Metadata are strings by name. `NETWORK_KEY` holds JSON with what names and shapes do not tell: input
and output. A file without it is a network like the official ones. Other strings are notes, such as
who made the file; they are shown and kept, and mean nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from ..errors import StyleError
from .description import NetworkDescription

NETWORK_KEY = "network"

MADE_BY = "made_by"
"""The note that says which program made a file, and in which version."""

_FORMAT = {"format": "pt"}  # as PyTorch writes it; other programs read it
_OUTPUTS = ("levels", "sigmoid")
_INPUT_LEVELS = (255, 1)
_FIELDS = {"output", "input_levels"}
_REMEDY = "make the file again, or use the version of this program that made it"

# Notes are shown, so longer ones, which other programs write for themselves, are left out.
_MAX_NOTES = 16
_MAX_NAME, _MAX_NOTE = 40, 500  # characters


def write_metadata(description: NetworkDescription, notes: Mapping[str, str]) -> dict[str, str]:
    """Return the metadata of a file with a network."""
    metadata = {**_FORMAT, **notes}
    if not description.has_official_ends:
        ends = {"input_levels": description.input_levels, "output": description.output}
        metadata[NETWORK_KEY] = json.dumps(ends)
    return metadata


def read_ends(metadata: Mapping[str, str]) -> NetworkDescription | None:
    """Return a description with the input and output that metadata tell; None if they tell none.

    Raises:
        StyleError: What they tell cannot be read, or is not known to this version.
    """
    text = metadata.get(NETWORK_KEY)
    if text is None:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _refuse(f"text that is not JSON ({text!r:.60})") from error
    if not isinstance(found, dict):
        raise _refuse(f"{text!r:.60}")
    unknown = sorted(found.keys() - _FIELDS)
    if unknown:
        raise _refuse(f"{unknown[0]!r:.60}, which this version does not know")
    output, levels = found.get("output", "levels"), found.get("input_levels", 255)
    if output not in _OUTPUTS:
        raise _refuse(f"the output {output!r:.60}")
    if isinstance(levels, bool) or levels not in _INPUT_LEVELS:
        raise _refuse(f"the input levels {levels!r:.60}")
    return NetworkDescription(output=output, input_levels=levels)


def _refuse(got: str) -> StyleError:
    return StyleError(
        f"expected metadata with the output ({' or '.join(_OUTPUTS)}) and the input levels "
        f"({' or '.join(map(str, _INPUT_LEVELS))}) of a network, got {got}",
        remedy=_REMEDY,
    )


def read_notes(metadata: Mapping[str, str]) -> dict[str, str]:
    """Return the notes in metadata: a few short ones."""
    notes = (
        (name, text)
        for name, text in sorted(metadata.items())
        if name not in (*_FORMAT, NETWORK_KEY) and len(name) <= _MAX_NAME and len(text) <= _MAX_NOTE
    )
    return dict(list(notes)[:_MAX_NOTES])
