"""The page, made by Jinja from the files in ``page/``.

Style and script are part of the page, and named in its content security policy by their digests:
``'self'`` does not mean the same for ``file:`` in all browsers.
"""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote

from csci_utils.text import sort_key

from ..provenance import facts
from .collecting import ImageFile, Picture, Result, State
from .page_data import STATE_LABEL, Values, pack
from .thumbnails import View, thumbnail_size

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

PIECES = 1000
"""How many values and texts of the template are joined to one piece of the page."""

LABELS = ("Size", "Painted", STATE_LABEL, "SHA-256 of the result", *facts.LABELS)
"""What the page says about each result, in the order of `_describe`."""


def render(
    pictures: Sequence[Picture],
    views: Mapping[str, View],
    failures: Sequence[str] = (),
    is_proof: bool = False,
) -> Iterator[str]:
    """Yield the page as HTML, in pieces: ten thousand results take 14 MB.

    Args:
        pictures: What it shows.
        views: How it shows their files, by digest. A file without a view is only named.
        failures: What failed in the last run, a line each.
        is_proof: Whether the results are proofs.
    """
    return render_values(to_values(pictures, views), failures, is_proof)


def render_values(
    pictures: Sequence[Values], failures: Sequence[str] = (), is_proof: bool = False
) -> Iterator[str]:
    """Yield the page as HTML, as `render` does.

    Args:
        pictures: What `to_values` returns.
        failures: What failed in the last run, a line each.
        is_proof: Whether the results are proofs.
    """
    results = [result for picture in pictures for result in picture["results"]]
    page = _template().stream(
        pictures=pictures,
        count=len(results),
        styles=sorted({result["model"] for result in results}, key=sort_key),
        folders=sorted(_list_folders(picture["name"] for picture in pictures), key=sort_key),
        failures=failures,
        is_proof=is_proof,
        data=pack(LABELS, pictures),
        style=_read("gallery.css"),
        style_hash=_hash(_read("gallery.css")),
        script=_read("gallery.js"),
        script_hash=_hash(_read("gallery.js")),
    )
    page.enable_buffering(PIECES)
    return page


def _list_folders(names: Iterable[str]) -> set[str]:
    """Return the folders that images are in, and the folders that these are in."""
    return {str(folder) for name in names for folder in PurePosixPath(name).parents} - {"."}


def to_values(pictures: Sequence[Picture], views: Mapping[str, View]) -> list[Values]:
    """Return pictures as plain values, for the template and for the script."""
    texts: dict[str, str] = {}
    return [_to_values(picture, views, texts) for picture in pictures]


def _to_values(picture: Picture, views: Mapping[str, View], texts: dict[str, str]) -> Values:
    """Return a picture as plain values, with equal texts of the details being one of `texts`."""
    return {
        "name": picture.name,
        "original": _to_image(picture.original, views) if picture.original else None,
        "results": [
            {
                "model": result.model,
                "image": _to_image(result.file, views),
                "outdated": result.state is State.OUTDATED,
                "facts": [texts.setdefault(fact, fact) for fact in _describe(result, views)],
            }
            for result in picture.results
        ],
    }


def _to_image(file: ImageFile, views: Mapping[str, View]) -> Values | None:
    view = views.get(file.sha256)
    if view is None:
        return None
    full = view.preview or f"../{file.path}"
    return {"full": quote(full), "small": quote(view.thumbnail), "size": thumbnail_size(view)}


def _describe(result: Result, views: Mapping[str, View]) -> Iterator[str]:
    view, provenance = views.get(result.file.sha256), result.file.provenance
    yield f"{view.width} x {view.height} px" if view else "cannot be shown"
    yield time.strftime("%Y-%m-%d %H:%M", time.localtime(result.file.modified))
    yield result.state.value
    yield result.file.sha256
    known = facts.describe(provenance) if provenance else {facts.MODEL: result.model}
    yield from (known.get(label, "unknown") for label in facts.LABELS)


@cache
def _template() -> Template:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        autoescape=True,
        loader=FunctionLoader(_read),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["breakable"] = _breakable
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":")}
    return environment.get_template("gallery.html.jinja")


def _breakable(name: str) -> Markup:
    """Let lines break between the parts of a style's name, such as a look, not within them."""
    from markupsafe import Markup, escape

    return Markup("<wbr>").join(escape(part) for part in re.split("(?<=[@,])", name))


@cache
def _read(name: str) -> str:
    return files(__package__).joinpath("page", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """Return a source of a content security policy (https://www.w3.org/TR/CSP3/#hash-source)."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
