"""Which names of images and models are safe."""

from __future__ import annotations

import pytest

from pset_4.errors import InvalidNameError
from pset_4.names import (
    MAX_NAME_BYTES,
    MAX_PART_BYTES,
    check_image_name,
    check_model_file,
    check_name,
    parse_model_name,
    split_valid,
)
from pset_4.styles.model_name import ModelName

EMPTY = "the name, or a folder in it, is empty"
INVISIBLE = "the name has invisible or control characters"
BACKSLASH = "the name has a backslash; folders are separated by /"
EDGE = "the name begins or ends with a dot or a space"
DEVICE = "Windows reserves the name for a device"

HOSTILE = {
    "": EMPTY,
    "../x.png": f"folder '..': {EDGE}",
    "./x.png": f"folder '.': {EDGE}",
    "/etc/x.png": EMPTY,
    "a//x.png": EMPTY,
    "a/": EMPTY,
    "a/../../x.png": f"folder '..': {EDGE}",
    "a/.b/x.png": f"folder '.b': {EDGE}",
    "a/con/x.png": f"folder 'con': {DEVICE}",
    "a\u200b/x.png": f"folder {chr(39)}a\\u200b{chr(39)}: {INVISIBLE}",
    "a\\b.png": BACKSLASH,
    "a/b.jpg/x.png": "folder 'b.jpg': a folder must not be named like an image",
    "b.pth/x.png": "folder 'b.pth': a folder must not be named like a model",
    "b.onnx@7/x.png": "folder 'b.onnx@7': a folder must not be named like a model",
    f"{'x' * 201}/x.png": f"folder '{'x' * 201}': expected a name of at most 200 bytes, got 201",
    f"{'x' * 199}/{'y' * 199}/x.png": "expected at most 400 bytes with all folders, got 405",
    "x\0.png": INVISIBLE,
    "x\n.png": INVISIBLE,
    "x\x85.png": INVISIBLE,
    "\u202egnp.x.png": INVISIBLE,
    "x\u200b.png": INVISIBLE,
    "x\u2028.png": INVISIBLE,
    "ph\u200doto.png": INVISIBLE,
    "ph\u200coto.png": INVISIBLE,
    "\u200d\u00e9.png": INVISIBLE,
    "\u00e9\u200d.png": INVISIBLE,
    "\u00e9\u200d\u200d\u00e9.png": INVISIBLE,
    "\u00e9\ufeff\u00e9.png": INVISIBLE,
    "x\udc80.png": INVISIBLE,
    "x\u3164.png": INVISIBLE,  # a filler, which counts as a letter
    "x\u2800.png": INVISIBLE,  # braille without dots
    "x\ufe0f.png": INVISIBLE,  # a selector without a sign that has variants
    "x\ufffe.png": INVISIBLE,  # no character, and not in XML
    "C:x.png": "Windows forbids the characters : in names",
    "what?*.png": "Windows forbids the characters * ? in names",
    "CON.png": DEVICE,
    "con .png": DEVICE,
    "nul.png": DEVICE,
    "com1.tar.png": DEVICE,
    "COM\u00b9.png": DEVICE,
    "CONIN$.png": DEVICE,
    "x.png.": EDGE,
    "x.png ": EDGE,
    " x.png": EDGE,
    "\u3000x.png": EDGE,
    "a\u00a0/x.png": f"folder {chr(39)}a\\xa0{chr(39)}: {EDGE}",
    ".x.png": EDGE,
    "..": EDGE,
    "x" * 197 + ".png": "expected a name of at most 200 bytes, got 201",
    "\u00e9" * 100 + ".png": "expected a name of at most 200 bytes, got 204",
}
"""Names that some system does not take for a file of this name, and why."""


@pytest.mark.parametrize(("name", "reason"), HOSTILE.items())
def test_a_hostile_name_is_refused_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(InvalidNameError) as refusal:
        check_image_name(name)

    assert (refusal.value.path, refusal.value.reason) == (name or None, reason)
    assert refusal.value.remedy == "use another name"


@pytest.mark.parametrize("name", ["\u00e9.png", "\udcc3\udca9.png", "\u00e9/x.png"])
def test_a_name_beyond_the_encoding_of_the_system_is_refused(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.getfilesystemencoding", lambda: "ascii")

    with pytest.raises(InvalidNameError) as refusal:
        check_image_name(name)

    assert "Python takes names of files here as ascii, not as UTF-8" in refusal.value.reason
    assert refusal.value.remedy == "set PYTHONUTF8=1"


@pytest.mark.parametrize("name", HOSTILE)
def test_a_refusal_is_one_printable_line(name: str) -> None:
    with pytest.raises(InvalidNameError) as refusal:
        check_image_name(name)

    assert str(refusal.value).isprintable()


@pytest.mark.parametrize(
    "name",
    [
        "luigi.jpg",
        "lisbon/day 1/tram.jpg",
        "A photo (2).JPEG",
        "caf\u00e9.png",
        "\u732b.webp",
        "a.b.c.tif",
        "a@2.png",
    ],
)
def test_a_usual_name_of_an_image_is_accepted(name: str) -> None:
    assert check_image_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("\U0001f468\u200d\U0001f469\u200d\U0001f467.jpg", id="family"),
        pytest.param("\U0001f3f3\ufe0f\u200d\U0001f308.png", id="rainbow flag"),
        pytest.param("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645.png", id="Persian"),
        pytest.param("\u0915\u094d\u200d\u0937.png", id="Hindi"),
        pytest.param("\u2764\ufe0f.png", id="heart"),
        pytest.param("1\ufe0f\u20e3.png", id="keycap"),
        pytest.param(
            "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f.png",
            id="flag of England",
        ),
    ],
)
def test_a_joiner_that_belongs_to_the_name_is_accepted(name: str) -> None:
    assert check_image_name(name) == name


def test_a_name_of_the_greatest_length_is_accepted() -> None:
    part = "x" * MAX_PART_BYTES
    name = f"{part}/{'x' * (MAX_NAME_BYTES - MAX_PART_BYTES - 1)}"

    assert check_name(part) == part
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["lpt10.png", "console.png", "com.png"])
def test_a_name_that_resembles_a_device_is_accepted(name: str) -> None:
    assert check_image_name(name) == name


@pytest.mark.parametrize("name", ["a.txt", "a", "a.pth", "a.png.exe", "png"])
def test_a_name_without_the_suffix_of_an_image_is_refused(name: str) -> None:
    with pytest.raises(InvalidNameError) as refusal:
        check_image_name(name)

    assert str(refusal.value).startswith(f"{name}: not the name of an image; use one of the suff")


@pytest.mark.parametrize("name", ["rain_princess.pth", "shared/a.onnx", "A.PTH"])
def test_a_usual_name_of_a_model_is_accepted(name: str) -> None:
    assert check_model_file(name) == name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.pth", ModelName("a.pth", None)),
        ("a.onnx", ModelName("a.onnx", None)),
        ("a.onnx@0", ModelName("a.onnx", 0)),
        ("a.onnx@007", ModelName("a.onnx", 7)),
        ("shared/a.onnx@3", ModelName("shared/a.onnx", 3)),
        ("a@2.onnx@25", ModelName("a@2.onnx", 25)),
        ("a.safetensors@3", ModelName("a.safetensors", 3)),
    ],
)
def test_the_name_of_a_model_may_have_a_style_number(name: str, expected: ModelName) -> None:
    assert parse_model_name(name) == expected


@pytest.mark.parametrize("name", ["a.pth@1", "a.onnx@", "a.onnx@-1", "../a.onnx@1", "a.onnx@x"])
def test_a_malformed_style_number_is_refused(name: str) -> None:
    with pytest.raises(InvalidNameError):
        parse_model_name(name)


def test_the_name_of_a_model_reads_as_it_was_written() -> None:
    assert str(parse_model_name("a.onnx@7")) == "a.onnx@7"


def test_names_are_split_into_valid_and_refused_ones() -> None:
    valid, refused = split_valid(["a.png", "a//b.png"], check_image_name)

    assert valid == ["a.png"]
    assert {name: str(error) for name, error in refused.items()} == {
        "a//b.png": f"a//b.png: {EMPTY}; use another name"
    }
