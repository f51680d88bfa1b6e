"""What other machines show on the published page, beside what this one does."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from urllib.parse import unquote

from csci_utils.text import sort_key

from .page_data import Values
from .thumbnails import is_copy


def merge(
    own: Sequence[Values], others: Sequence[Values], published: Collection[tuple[str, str]]
) -> list[Values]:
    """Return own pictures with the results that only other machines have, sorted by name.

    Args:
        own: Pictures of this machine, as plain values.
        others: Those of the page that was published before.
        published: The model and the image of each result in the remote: others are gone.
    """
    merged = {picture["name"]: picture for picture in own}
    for picture in others:
        name = picture["name"]
        mine = merged.get(name)
        known = {result["model"] for result in mine["results"]} if mine else set()
        more = [
            result
            for result in picture["results"]
            if result["model"] not in known and (result["model"], name) in published
        ]
        if more and mine:
            results = sorted([*mine["results"], *more], key=lambda each: sort_key(each["model"]))
            original = mine["original"] or picture["original"]
            merged[name] = {**mine, "original": original, "results": results}
        elif more:
            merged[name] = {**picture, "results": more}
    return sorted(merged.values(), key=lambda picture: sort_key(picture["name"]))


def list_copies(pictures: Iterable[Values]) -> Iterator[str]:
    """Yield the paths of the copies that pictures are shown by, relative to the gallery."""
    for picture in pictures:
        for image in (picture["original"], *(result["image"] for result in picture["results"])):
            if image is not None:
                yield from filter(is_copy, (unquote(image["small"]), unquote(image["full"])))
