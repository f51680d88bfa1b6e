"""Metadata, from the file of a photograph to that of its painting."""

from __future__ import annotations

import io
import random
from pathlib import Path
from typing import Protocol

import pytest
from PIL import Image
from PIL.ExifTags import IFD, Base

from neural_style import PaintingRequest, RenderingOptions, load_picture, paint_file, save_picture
from neural_style.pictures.conversion import to_plain
from neural_style.pictures.decoding import decode_picture
from neural_style.pictures.metadata import MAX_BYTES, METADATA, Metadata
from tests.support.files.metadata import (
    DETAILS,
    IPTC,
    POSITION,
    PREVIEW,
    XMP,
    make_exif,
    make_photograph,
    read_exif,
)
from tests.support.files.pictures import encode

SUFFIXES = {
    "JPEG": ".jpg",
    "PNG": ".png",
    "WEBP": ".webp",
    "TIFF": ".tif",
    "AVIF": ".avif",
    "HEIF": ".heic",
}
every_format = pytest.mark.parametrize("format", SUFFIXES)


class RewriteFile(Protocol):
    """Reads a file, and returns what is written of it in the same format."""

    def __call__(self, format: str, data: bytes, keep_location: bool = False) -> bytes: ...


@pytest.fixture
def rewrite(tmp_path: Path) -> RewriteFile:
    def read_and_write(format: str, data: bytes, keep_location: bool = False) -> bytes:
        path = tmp_path / f"photo{SUFFIXES[format]}"
        path.write_bytes(data)
        save_picture(load_picture(path), path, keep_location=keep_location)
        return path.read_bytes()

    return read_and_write


@every_format
def test_the_description_and_the_exposure_stay(format: str, rewrite: RewriteFile) -> None:
    exif = read_exif(rewrite(format, make_photograph(format)))

    assert (exif[Base.ImageDescription], exif[Base.Artist]) == ("Tram 28", "Ann")
    assert exif.get_ifd(IFD.Exif) == DETAILS


@every_format
def test_the_title_in_xmp_stays(format: str, rewrite: RewriteFile) -> None:
    file = rewrite(format, make_photograph(format))

    assert '<rdf:li xml:lang="x-default">Tram</rdf:li>' in file.decode("latin-1")
    assert 'dc:source="café"'.encode() in file


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_iptc_records_stay(format: str, rewrite: RewriteFile) -> None:
    assert IPTC in rewrite(format, make_photograph(format))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF"])
def test_the_resolution_stays(format: str, rewrite: RewriteFile) -> None:
    with Image.open(io.BytesIO(rewrite(format, make_photograph(format)))) as picture:
        assert picture.info["dpi"] == pytest.approx((300, 200), abs=0.1)


@every_format
def test_the_position_is_dropped(format: str, rewrite: RewriteFile) -> None:
    file = rewrite(format, make_photograph(format))

    assert not read_exif(file).get_ifd(IFD.GPSInfo)
    assert b"GPS" not in file


@pytest.mark.parametrize("name", ["gps:GpsLongtitude", "gps:GpsStatus", "geo:lat"])
def test_the_position_is_dropped_whatever_it_is_called(name: str, rewrite: RewriteFile) -> None:
    spaces = b'xmlns:gps="urn:drone" xmlns:geo="http://www.w3.org/2003/01/geo/wgs84_pos#"'
    packet = XMP.replace(b"dc:source", spaces + f' {name}="38.7" dc:source'.encode())
    packet = packet.replace(b"dc:source", b'gps:kept="1" dc:source')
    photograph = encode(Image.new("RGB", (8, 8)), "JPEG", xmp=packet)

    assert b"38.7" in rewrite("JPEG", photograph, keep_location=True)
    file = rewrite("JPEG", photograph)
    assert b"38.7" not in file
    assert b'gps:kept="1"' in file and b'xmlns:gps="urn:drone"' in file


@every_format
def test_the_position_stays_if_that_is_asked_for(format: str, rewrite: RewriteFile) -> None:
    file = rewrite(format, make_photograph(format), keep_location=True)

    assert read_exif(file).get_ifd(IFD.GPSInfo) == POSITION
    assert b'exif:GPSLatitude="38,42.5N"' in file
    assert b"<exif:GPSLongitude>9,8.1W</exif:GPSLongitude>" in file


@every_format
def test_what_describes_the_old_file_is_dropped(format: str, rewrite: RewriteFile) -> None:
    file = rewrite(format, make_photograph(format))

    assert read_exif(file).get(Base.Orientation, 1) == 1
    for text in (PREVIEW, b"a secret of the maker", b"tiff:Orientation", b"MotionPhoto"):
        assert text not in file


def test_metadata_that_has_no_room_is_left_out(tmp_path: Path) -> None:
    picture = decode_picture(make_photograph("TIFF"))

    for suffix in (".gif", ".bmp", ".jp2"):
        save_picture(picture, tmp_path / f"photo{suffix}")

        assert b"Tram" not in (tmp_path / f"photo{suffix}").read_bytes()


def test_a_jpeg_file_has_no_room_for_large_blocks(tmp_path: Path) -> None:
    packet = XMP.replace(b"Tram", b"Tram" * 20_000)
    picture = Image.new("RGB", (8, 8))
    picture.info[METADATA] = Metadata(exif=make_exif(), xmp=packet, iptc=b"\x1c" * 70_000)

    save_picture(picture, tmp_path / "photo.jpg")
    save_picture(picture, tmp_path / "photo.png")

    with Image.open(tmp_path / "photo.jpg") as written:
        assert written.getexif()[Base.Artist] == "Ann"
        assert {"xmp", "photoshop"}.isdisjoint(written.info)
    assert b"TramTram" in (tmp_path / "photo.png").read_bytes()


def test_blocks_beyond_the_limit_are_not_kept() -> None:
    picture = Image.new("RGB", (8, 8))
    picture.info["xmp"] = XMP + b" " * MAX_BYTES

    assert METADATA not in to_plain(picture).info


@pytest.mark.parametrize(
    "packet",
    [
        b"<a>" * 70_000,
        b"<a>" * 30_000 + b"</a>" * 30_000,
        b"<!DOCTYPE a [<!ENTITY b '" + b"x" * 999 + b"'>]><a>" + b"&b;" * 60_000 + b"</a>",
        b"\xff\xfe\0",
        b"<?xml version='1.0' encoding='klingon'?><a/>",
        b"\0" * 100,
    ],
    ids=["cut off", "deep", "entities", "UTF-16", "unknown encoding", "zeros"],
)
def test_a_damaged_packet_costs_only_itself(packet: bytes, tmp_path: Path) -> None:
    picture = Image.new("RGB", (8, 8))
    picture.info[METADATA] = Metadata(exif=make_exif(), xmp=packet)

    save_picture(picture, tmp_path / "photo.webp")

    with Image.open(tmp_path / "photo.webp") as written:
        assert written.getexif()[Base.Artist] == "Ann"
        assert "xmp" not in written.info


def alter(block: bytes, rng: random.Random) -> bytes:
    """Return a block in which a few bytes are others."""
    altered = bytearray(block)
    for _ in range(rng.randrange(1, 8)):
        altered[rng.randrange(len(altered))] = rng.randrange(256)
    return bytes(altered)


@every_format
def test_altered_metadata_never_costs_the_picture(format: str, tmp_path: Path) -> None:
    rng = random.Random(format)
    path = tmp_path / f"photo{SUFFIXES[format]}"
    for _ in range(12):
        exif, xmp, iptc = (alter(block, rng) for block in (make_exif(), XMP, IPTC))
        picture = Image.new("RGB", (8, 8))
        picture.info[METADATA] = Metadata(exif, xmp, iptc, provenance={"image": "a.jpg"})

        save_picture(picture, path)

        assert load_picture(path).size == (8, 8)


# Paintings


def paint(photograph: bytes, checkpoint_path: Path, folder: Path, **options: object) -> bytes:
    """Return the file of a painting."""
    photo_path, painted_path = folder / "photo.jpg", folder / "painted.jpg"
    photo_path.write_bytes(photograph)
    request = PaintingRequest(
        photo_path, checkpoint_path, painted_path, RenderingOptions.from_json(options)
    )
    paint_file(request)
    return painted_path.read_bytes()


def test_a_painting_keeps_the_metadata_of_its_photograph(
    checkpoint_path: Path, tmp_path: Path
) -> None:
    file = paint(make_photograph("JPEG"), checkpoint_path, tmp_path, max_side=16)

    exif = read_exif(file)
    assert (exif[Base.Artist], exif.get_ifd(IFD.Exif)) == ("Ann", DETAILS)
    assert IPTC in file
    assert b"GPS" not in file


def test_a_painting_keeps_the_position_if_that_is_asked_for(
    checkpoint_path: Path, tmp_path: Path
) -> None:
    file = paint(make_photograph("JPEG"), checkpoint_path, tmp_path, keep_location=True)

    assert read_exif(file).get_ifd(IFD.GPSInfo) == POSITION


def test_a_painting_without_metadata_has_none(checkpoint_path: Path, tmp_path: Path) -> None:
    options = {"metadata": "none", "keep_location": True}

    file = paint(make_photograph("JPEG"), checkpoint_path, tmp_path, **options)

    with Image.open(io.BytesIO(file)) as picture:
        assert not picture.getexif()
        assert picture.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
