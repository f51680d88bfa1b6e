"""Where a painting comes from, as its file says."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image

from neural_style import (
    PaintingRequest,
    PictureError,
    Provenance,
    RenderingOptions,
    paint_file,
    read_provenance,
    save_picture,
)
from neural_style.pictures.metadata import METADATA, Metadata
from neural_style.pictures.metadata.writing import MAX_JPEG_XMP
from neural_style.pictures.metadata.xmp import read_properties
from neural_style.version import __version__
from tests.support.files.metadata import XMP, make_photograph

SUFFIXES = (".jpg", ".png", ".webp", ".tif", ".avif", ".heic")

SOME = Provenance("a.jpg", "0" * 64, "b.pth", "1" * 64, "C++", "1.2", {"strength": 0.5})


def write(path: Path, properties: Mapping[str, str], packet: bytes = b"") -> Path:
    """Write a small picture with these properties, and return its path."""
    picture = Image.new("RGB", (8, 8))
    picture.info[METADATA] = Metadata(xmp=packet, provenance=properties)
    save_picture(picture, path)
    return path


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_painting_says_where_it_comes_from(
    suffix: str, checkpoint_path: Path, tmp_path: Path
) -> None:
    pytest.importorskip("neural_style.engine._core", exc_type=ImportError)
    photo_path, painted_path = tmp_path / "photo.png", tmp_path / f"painted{suffix}"
    photo_path.write_bytes(make_photograph("PNG"))
    options = RenderingOptions(max_side=16, threads=1)

    result = paint_file(PaintingRequest(photo_path, checkpoint_path, painted_path, options))

    assert result.provenance == read_provenance(painted_path)
    assert result.provenance == Provenance(
        image="photo.png",
        image_sha256=hashlib.sha256(photo_path.read_bytes()).hexdigest(),
        model=checkpoint_path.name,
        model_sha256=hashlib.sha256(checkpoint_path.read_bytes()).hexdigest(),
        engine="C++",
        version=__version__,
        options={"max_side": 16, "precision": "exact", "metadata": "keep", "keep_location": False},
    )


def test_a_packet_that_is_nested_too_deeply_is_replaced() -> None:
    packet = b"<x>" * 5000 + b"</x>" * 5000

    joined = Metadata(xmp=packet, provenance=SOME.to_properties()).join_packet()

    assert Provenance.from_properties(read_properties(joined)) == SOME


def test_a_painting_without_metadata_does_not_say_it(checkpoint_path: Path, tmp_path: Path) -> None:
    photo_path, painted_path = tmp_path / "photo.png", tmp_path / "painted.png"
    photo_path.write_bytes(make_photograph("PNG"))
    options = RenderingOptions(metadata="none")

    paint_file(PaintingRequest(photo_path, checkpoint_path, painted_path, options))

    assert read_provenance(painted_path) is None


def test_a_painting_of_a_painting_says_where_the_second_comes_from(
    checkpoint_path: Path, tmp_path: Path
) -> None:
    first, second = tmp_path / "first.png", tmp_path / "second.png"
    write(first, SOME.to_properties())

    paint_file(PaintingRequest(first, checkpoint_path, second))

    provenance = read_provenance(second)
    assert provenance is not None
    assert provenance.image == "first.png"


def test_the_rest_of_a_large_packet_makes_room_in_a_jpeg_file(tmp_path: Path) -> None:
    packet = XMP.replace(b"Tram", b"x" * (MAX_JPEG_XMP - len(XMP)))

    path = write(tmp_path / "photo.jpg", SOME.to_properties(), packet)

    assert read_provenance(path) == SOME
    assert b"xxxx" not in path.read_bytes()


@pytest.mark.parametrize(
    "name", ["<&\"'>.jpg", "Straße \U0001f68b.jpg", "two\nlines\tand a\rrest.jpg"], ids=ascii
)
def test_any_name_survives(name: str, tmp_path: Path) -> None:
    path = write(tmp_path / "painted.png", {**SOME.to_properties(), "image": name})

    provenance = read_provenance(path)
    assert provenance is not None
    assert provenance.image == name


@pytest.mark.parametrize("packet", [b"", XMP], ids=["new", "kept"])
@pytest.mark.parametrize("name", ["bell\a.jpg", "\udcff.jpg", "\uffff.jpg"], ids=ascii)
def test_a_name_that_no_packet_can_hold_costs_only_its_characters(
    name: str, packet: bytes, tmp_path: Path
) -> None:
    path = write(tmp_path / "painted.png", {**SOME.to_properties(), "image": name}, packet)

    provenance = read_provenance(path)
    assert provenance is not None
    assert provenance.image == re.sub("[^a-z.]", "\ufffd", name)
    assert (b"Tram" in path.read_bytes()) is bool(packet)


@pytest.mark.parametrize(
    "changes",
    [
        {"options": "[1]"},
        {"options": "{"},
        {"options": "[" * 100_000},
        {"options": "9" * 5_000},
        {"options": '{"strength":' + "[" * 500 + "]" * 500 + "}"},
        {"options": '{"strength":NaN}'},
        {"model_sha256": "1" * 63},
        {"image_sha256": "../../" + "0" * 58},
    ],
    ids=["a list", "not JSON", "deep", "a long number", "nested", "NaN", "short digest", "a path"],
)
def test_a_damaged_packet_says_nothing(changes: dict[str, str], tmp_path: Path) -> None:
    path = write(tmp_path / "painted.png", {**SOME.to_properties(), **changes})

    assert read_provenance(path) is None


def test_a_packet_that_lacks_a_property_says_nothing(tmp_path: Path) -> None:
    properties = SOME.to_properties()
    del properties["model"]

    assert read_provenance(write(tmp_path / "painted.png", properties)) is None


def test_a_photograph_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(make_photograph("JPEG"))

    assert read_provenance(path) is None


def test_what_is_not_a_picture_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.jpg"
    path.write_text("notes")

    with pytest.raises(PictureError, match=r"notes\.jpg: expected a picture"):
        read_provenance(path)


def test_properties_are_plain_texts() -> None:
    properties = SOME.to_properties()

    assert properties["options"] == '{"strength":0.5}'
    assert Provenance.from_properties({**properties, "other": "text"}) == SOME


def test_a_provenance_survives_json() -> None:
    assert Provenance.from_json(json.loads(json.dumps(SOME.to_json()))) == SOME


@pytest.mark.parametrize("values", [None, [], {}, {**SOME.to_json(), "image": 7}], ids=str)
def test_other_values_are_refused(values: object) -> None:
    with pytest.raises(ValueError, match="expected"):
        Provenance.from_json(values)
