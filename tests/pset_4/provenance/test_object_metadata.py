"""Provenance as the metadata of an object."""

from __future__ import annotations

from dataclasses import replace

import pytest

from neural_style import Provenance
from pset_4.provenance.object_metadata import MAX_BYTES, from_object_metadata, to_object_metadata

SOME = Provenance(
    image="a.jpg",
    image_sha256="0" * 64,
    model="b.pth",
    model_sha256="1" * 64,
    engine="C++",
    version="1.2",
    options={"max_side": 512, "precision": "exact"},
)


def test_the_metadata_are_readable_where_they_can_be() -> None:
    assert to_object_metadata(SOME) == {
        "image": "a.jpg",
        "image-sha256": "0" * 64,
        "model": "b.pth",
        "model-sha256": "1" * 64,
        "engine": "C++",
        "version": "1.2",
        "options": '{"max_side":512,"precision":"exact"}',
    }


@pytest.mark.parametrize("name", ["tram/Straße \U0001f68b.jpg", "100%41.jpg", "two  spaces.jpg"])
def test_any_name_survives_in_ascii(name: str) -> None:
    made = replace(SOME, image=name)

    metadata = to_object_metadata(made)

    assert all(0x20 < ord(character) < 0x7F for character in metadata["image"])
    assert from_object_metadata(metadata, "", "") == made


@pytest.mark.parametrize(
    ("image", "model", "left_out"),
    [
        ("x" * 400, "y" * 400, set()),
        ("ß" * 200, "ß" * 100, {"image"}),
        ("ß" * 200, "ß" * 200, {"image"}),
        ("ß" * 200, "ß" * 300, {"image", "model"}),
    ],
)
def test_names_without_room_are_left_out_and_found_in_the_key(
    image: str, model: str, left_out: set[str]
) -> None:
    made = replace(SOME, image=image, model=model)

    metadata = to_object_metadata(made)

    sent = {**metadata, "sha256": "2" * 64}
    assert sum(len(f"x-amz-meta-{name}{value}") for name, value in sent.items()) <= MAX_BYTES
    assert {"image", "model"} - metadata.keys() == left_out
    assert from_object_metadata(metadata, image, model) == made


@pytest.mark.parametrize(
    "changes", [{"options": "["}, {"image-sha256": ""}, {"model-sha256": "%30" * 63}]
)
def test_damaged_metadata_say_nothing(changes: dict[str, str]) -> None:
    assert from_object_metadata({**to_object_metadata(SOME), **changes}, "", "") is None
