"""Names are checked where they come in."""

import pytest

from pset_4.errors import InvalidNameError
from pset_4.names import ModelName, check_image_name, check_model_file, parse_model_name

HOSTILE = [
    "",
    "../x.png",
    "/etc/x.png",
    "a/../../x.png",
    "a/b.png",
    "a\\b.png",
    "x\0.png",
    "x\n.png",
    "C:x.png",
    "CON.png",
    "nul.png",
    "com1.tar.png",
    "x.png.",
    "x.png ",
    " x.png",
    ".x.png",
    "..",
    "\u202egnp.x.png",
    "x\u200b.png",
    "x\udc80.png",
    "what?.png",
    "x" * 300 + ".png",
    "\u00e9" * 100 + ".png",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidNameError):
        check_image_name(name)


@pytest.mark.parametrize("name", HOSTILE)
def test_the_refusal_is_one_printable_line(name: str) -> None:
    with pytest.raises(InvalidNameError) as refusal:
        check_image_name(name)
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize(
    "name",
    ["luigi.jpg", "A photo (2).JPEG", "caf\u00e9.png", "\u732b.webp", "a.b.c.tif", "a@2.png"],
)
def test_a_usual_name_of_a_picture_is_accepted(name: str) -> None:
    assert check_image_name(name) == name


@pytest.mark.parametrize("name", ["a.txt", "a", "a.pth", "a.png.exe", "png"])
def test_a_name_without_a_picture_s_suffix_is_no_picture(name: str) -> None:
    with pytest.raises(InvalidNameError, match="picture"):
        check_image_name(name)


@pytest.mark.parametrize("name", ["rain_princess.pth", "a.onnx", "A.PTH"])
def test_a_usual_name_of_a_model_is_accepted(name: str) -> None:
    assert check_model_file(name) == name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.pth", ModelName("a.pth", None)),
        ("a.onnx", ModelName("a.onnx", None)),
        ("a.onnx@0", ModelName("a.onnx", 0)),
        ("a.onnx@007", ModelName("a.onnx", 7)),
        ("a@2.onnx@25", ModelName("a@2.onnx", 25)),
    ],
)
def test_a_model_s_name_may_carry_a_style_number(name: str, expected: ModelName) -> None:
    assert parse_model_name(name) == expected


@pytest.mark.parametrize("name", ["a.pth@1", "a.onnx@", "a.onnx@-1", "../a.onnx@1", "a.onnx@x"])
def test_a_malformed_style_number_is_refused(name: str) -> None:
    with pytest.raises(InvalidNameError):
        parse_model_name(name)


def test_a_model_s_name_reads_as_it_was_written() -> None:
    assert str(parse_model_name("a.onnx@7")) == "a.onnx@7"
