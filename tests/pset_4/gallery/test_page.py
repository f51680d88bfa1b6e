"""The page as text: what a browser makes of it is tested in test_browser.py."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

from PIL import Image

from csci_utils.digest import file_digest
from pset_4.gallery.collecting import ImageFile, Picture, Result, State
from pset_4.gallery.rendering import render
from pset_4.gallery.thumbnails import Thumbnails, View
from tests.support.galleries import write_gallery


def test_a_picture_named_like_a_tag_stays_text() -> None:
    name = "</script><script>alert('1')</script>.png"
    file = ImageFile(f"stylized/candy.pth/{name}", "0" * 64, 0.0)
    views = {"0" * 64: View("thumbnails/0.webp", None, 8, 8)}
    picture = Picture(name, file, [Result("candy.pth", file, State.CURRENT)])
    page = "".join(render([picture], views))
    assert page.lower().count("<script") == page.lower().count("</script") == 2


def test_addresses_are_percent_encoded(tmp_path: Path) -> None:
    page = write_gallery(tmp_path, ["a b/100% #1 é.png"], ["many.onnx@7"]).read_text("utf-8")
    assert 'href="../stylized/many.onnx%407/a%20b/100%25%20%231%20%C3%A9.png"' in page


def test_lines_break_between_the_parts_of_a_style(tmp_path: Path) -> None:
    style = "candy.pth@brush=600,strength=0.5"
    page = write_gallery(tmp_path, ["a.png"], [style]).read_text("utf-8")
    assert "<p>candy.pth@<wbr>brush=600,<wbr>strength=0.5" in page


def test_filters_have_names_with_all_their_spaces(tmp_path: Path) -> None:
    # The text of an option has runs of spaces collapsed; its value has not.
    page = write_gallery(tmp_path, ["a  b/c  d.png"], ["e  f.pth"]).read_text("utf-8")
    for name in ("a  b/c  d.png", "a  b", "e  f.pth"):
        assert f'<option value="{name}">' in page


def test_the_policy_allows_exactly_the_style_and_the_script_of_the_page(tmp_path: Path) -> None:
    page = write_gallery(tmp_path, ["a.png"], ["candy.pth"]).read_text("utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None and policy[1].startswith("default-src 'none';")
    for tag in ("style", "script"):
        text = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert text is not None
        digest = base64.b64encode(hashlib.sha256(text[1].encode()).digest()).decode()
        assert f"{tag}-src &#39;sha256-{digest}&#39;" in policy[1].replace("'", "&#39;")


def test_nothing_is_loaded_from_elsewhere(tmp_path: Path) -> None:
    page = write_gallery(tmp_path, ["a.png"], ["candy.pth"]).read_text("utf-8")
    addresses = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert addresses
    assert all(a.startswith(("../", "thumbnails/", "#", "data:")) for a in addresses)


def test_a_picture_that_no_browser_shows_has_a_preview(tmp_path: Path) -> None:
    page = write_gallery(tmp_path, ["a.tif"], ["candy.pth"]).read_text("utf-8")
    preview = re.search(r'href="(previews/[^"]+\.jpg)"', page)
    assert preview is not None
    assert (tmp_path / "gallery" / preview[1]).is_file()


def test_copies_are_jpegs_unless_something_is_transparent(tmp_path: Path) -> None:
    thumbnails = Thumbnails(str(tmp_path), str(tmp_path / "gallery"))
    files = []
    for mode, color in (("RGB", (200, 30, 30)), ("RGBA", (200, 30, 30, 0))):
        Image.new(mode, (900, 600), color).save(tmp_path / f"{mode}.png")
        files.append(ImageFile(f"{mode}.png", file_digest(tmp_path / f"{mode}.png"), 0.0))

    views = thumbnails.make(files)

    opaque, clear = [
        Image.open(tmp_path / "gallery" / views[file.sha256].thumbnail) for file in files
    ]
    assert (opaque.format, opaque.mode, opaque.size) == ("JPEG", "RGB", (480, 320))
    assert (clear.format, clear.mode, clear.size) == ("WEBP", "RGBA", (480, 320))
    assert clear.getchannel("A").getextrema() == (0, 0)
