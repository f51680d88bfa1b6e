"""Take style and options from an existing painting, to paint further pictures alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from neural_style.options import OPTIONS

from ..errors import InvalidNameError, InvalidProvenanceError, MissingError
from ..names import check_model_name, parse_model_name
from ..rendering_options import LOOK_OPTIONS
from ..storage.inventory import list_remote
from ..styles.digests import digest_style
from ..tasks.local import LocalModel
from .explanation import CURRENT, find_model_state

if TYPE_CHECKING:
    from ..settings import Settings
    from .paintings import TracedPainting

_NUMBER = next(option for option in OPTIONS if option.name == "number")


@dataclass(frozen=True)
class Look:
    """What makes pictures look alike."""

    options: dict[str, Any]
    """The value of each of the `LOOK_OPTIONS`, by name."""
    number: int | str | None
    """The number of the style, or a mixture of several, if the model has several."""


def read_look(painting: TracedPainting) -> Look:
    """Return the look of a painting.

    Raises:
        InvalidProvenanceError: It has an option that no painting can have.
    """
    found = painting.provenance.options
    values = {o.name: found.get(o.name, o.earlier) for o in (*LOOK_OPTIONS, _NUMBER)}
    try:
        for option in (*LOOK_OPTIONS, _NUMBER):
            if values[option.name] is not None:
                values[option.name] = option.kind.check(option.name, values[option.name])
    except (TypeError, ValueError) as error:
        raise InvalidProvenanceError(
            f"cannot be followed: {error}", path=painting.path, remedy="name the options yourself"
        ) from error
    number = values.pop(_NUMBER.name)
    return Look(values, number)


def find_style(
    settings: Settings, painting: TracedPainting, number: int | str | None, upload: bool
) -> str:
    """Return the name of the style that a painting was painted in: in the remote, or dropped in.

    That is the model of its name, or else any other with the same bytes.

    Args:
        settings: The current ones.
        painting: The painting.
        number: The number of the style, or a mixture, if the model has several.
        upload: Whether drop-ins count.

    Raises:
        MissingError: Nothing has these bytes.
        InvalidNameError: There is a number, and models of this kind have none.
    """
    made = painting.provenance
    for name in _list_candidates(settings, made.model):
        if _has_bytes(name, made.model_sha256, upload):
            return str(parse_model_name(name if number is None else f"{name}@{number}"))
    raise MissingError(
        f"its model {made.model} (SHA-256 {made.model_sha256}) is not in the remote, or has other "
        "bytes there",
        path=painting.path,
        remedy="drop it in again, or name another with --model",
    )


def _list_candidates(settings: Settings, name: str) -> Iterator[str]:
    """Yield the names of models, most likely ones first; `name` may be any text."""
    with suppress(InvalidNameError):
        yield check_model_name(name)
    yield from list_remote(settings, images=False).models


def _has_bytes(name: str, sha256: str, upload: bool) -> bool:
    """Return whether the remote, or else a drop-in, has these bytes under a name."""
    if find_model_state(name, sha256) == CURRENT:
        return True
    style = parse_model_name(name)
    drop_ins = [LocalModel(model=file) for file in style.files]
    if not (upload and all(drop_in.complete() for drop_in in drop_ins)):
        return False
    targets = [drop_in.output() for drop_in in drop_ins]
    return digest_style(style, [target.fs.sha256(target.path) for target in targets]) == sha256
