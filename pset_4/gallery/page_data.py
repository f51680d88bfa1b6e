"""The data of a page, from which its script works, and the published page of another machine."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote, unquote

from ..names import check_image_name, check_style_name
from ..places import IMAGES, RESULTS
from ..styles.results import join_result
from .thumbnails import SIDES, THUMBNAILS, is_copy

Values = dict[str, Any]
"""A picture, a result or the image of one, as JSON's values."""

STATE_LABEL = "State"
"""The label of what is known about whether a result is as it was painted."""

FOREIGN_STATE = "published by another machine"

MAX_FACT = 4096
"""The most characters of a text in the details of a result."""

_DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.DOTALL)


def pack(labels: Sequence[str], pictures: Sequence[Values]) -> Values:
    """Return the data of a page, with each text of the details only once.

    Most results share picture, style and options with others. So a page of 5,000 results has a
    third less to read.
    """
    texts: dict[str, int] = {}

    def pack_result(result: Values) -> Values:
        facts = [texts.setdefault(text, len(texts)) for text in result["facts"]]
        return {**result, "facts": facts}

    packed = [
        {**picture, "results": [pack_result(result) for result in picture["results"]]}
        for picture in pictures
    ]
    return {"labels": labels, "texts": list(texts), "pictures": packed}


def unpack(page: str, labels: Sequence[str]) -> list[Values]:
    """Return the pictures of a page that another machine published.

    Others can write to the remote. So only what this version could have written there is taken:
    safe names, and addresses of copies and results.

    Args:
        page: Its HTML.
        labels: The labels of the details that are returned.

    Raises:
        ValueError: It is not a page of this version.
    """
    found = _DATA.search(page)
    if found is None:
        raise ValueError("there is no data in the page")
    data = json.loads(found[1])
    try:
        known, texts = list(data["labels"]), list(data["texts"])
        pictures = []
        for picture in data["pictures"]:
            with suppress(ValueError):
                pictures.append(_unpack_picture(picture, texts))
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise ValueError("the data in the page is not of this version") from error
    for picture in pictures:
        for result in picture["results"]:
            facts = dict(zip(known, result["facts"], strict=False)) | {STATE_LABEL: FOREIGN_STATE}
            result["facts"] = [facts.get(label, "unknown") for label in labels]
    return pictures


def _unpack_picture(picture: Values, texts: Sequence[str]) -> Values:
    name = check_image_name(picture["name"])
    results = []
    for result in picture["results"]:
        with suppress(ValueError):
            results.append(_unpack_result(name, result, texts))
    original = _unpack_image(picture["original"], f"{IMAGES}/{name}")
    return {"name": name, "original": original, "results": results}


def _unpack_result(name: str, result: Values, texts: Sequence[str]) -> Values:
    model = check_style_name(result["model"])
    return {
        "model": model,
        "image": _unpack_image(result["image"], f"{RESULTS}/{join_result(model, name)}"),
        "outdated": bool(result["outdated"]),
        "facts": [str(texts[index])[:MAX_FACT] for index in result["facts"]],
    }


def _unpack_image(image: Values | None, path: str) -> Values | None:
    if image is None:
        return None
    full, small = unquote(image["full"]), unquote(image["small"])
    width, height = (int(side) for side in image["size"])
    is_usable = is_copy(small) and (full == f"../{path}" or is_copy(full))
    if not (is_usable and min(width, height) > 0 and max(width, height) <= SIDES[THUMBNAILS]):
        raise ValueError("not an image of a gallery")
    return {"full": quote(full), "small": quote(small), "size": [width, height]}
