"""The recording of the demo in the README."""

from __future__ import annotations

import io
import re
from pathlib import Path
from xml.etree import ElementTree

from PIL import Image
from rich.console import Console

from tools.recording import shorten, to_svg

ROOT = Path(__file__).resolve().parents[1]


def test_a_recording_is_text_and_loads_nothing() -> None:
    console = Console(record=True, file=io.StringIO())
    console.print("painted 104")

    svg = to_svg(console)

    assert "painted" in "".join(ElementTree.fromstring(svg).itertext())
    assert set(re.findall(r"https?://[^\s\"']+", svg)) == {"http://www.w3.org/2000/svg"}
    assert "font-face" not in svg


def test_traced_pictures_lie_side_by_side_in_their_colors(tmp_path: Path) -> None:
    from tools.tracing import trace

    halves = Image.new("RGB", (280, 140), "#0000ff")
    halves.paste("#ff0000", (0, 0, 140, 140))
    halves.save(tmp_path / "halves.png")

    drawing = ElementTree.fromstring(trace([tmp_path / "halves.png"] * 2))

    assert drawing.get("viewBox") == "0 0 2264 560"
    first, second = drawing
    assert second.get("transform") == "translate(1144)"
    assert {path.get("fill") for path in first} == {"#0000ff", "#ff0000"}


def test_a_long_run_is_shown_by_its_ends_and_what_was_in_between() -> None:
    lines = list(map(str, range(100)))

    shown = shorten(lines, ["50% ━"])

    assert shown[7:11] == ["7", "⋮", "50% ━", "⋮ 83 more lines"]
    assert (shown[0], shown[-1]) == ("0", "99")
    assert shorten(lines[:17], ["50% ━"]) == lines[:17]
