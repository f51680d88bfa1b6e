"""Record the demo as SVG, which is text and loads nothing from elsewhere.

`make recording` runs it: the demo, in an empty folder, and the demo again. Its lines become
docs/terminal.svg, and three of its pictures docs/paintings.svg.
"""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path
from tempfile import TemporaryDirectory

import pyte
from rich.console import Console
from rich.text import Text

DOCS = Path(__file__).resolve().parents[1] / "docs"
OUTPUT, PAINTINGS = DOCS / "terminal.svg", DOCS / "paintings.svg"

SHOWN = (
    "images/chelsea.png",
    "stylized/multistyle26.onnx@4/chelsea.png",
    "stylized/multistyle26.onnx@13/chelsea.png",
)
"""The pictures that are traced, in the data folder of the demo."""

_COLUMNS, _ROWS = 80, 1000
_FIRST, _LAST = 8, 9
"""How many lines of a run are shown of its beginning and of its end; 5 are the summary."""
_MIDDLE = 5
"""How many lines of the first run are shown from its middle, with two bars."""


def main() -> None:
    """Run the demo twice, and write the recording and the traced pictures."""
    from .tracing import trace  # with scikit-image, which takes long to import

    console = Console(record=True, width=_COLUMNS, file=io.StringIO(), force_terminal=True)
    with TemporaryDirectory() as folder:
        for _ in range(2):
            console.print(Text("$ python -m pset_4 demo", style="bold"))
            in_between, lines = _run_demo(Path(folder))
            for line in shorten(lines, in_between):
                console.print(_color(line), no_wrap=True, overflow="ellipsis")
        PAINTINGS.write_text(trace([Path(folder, "data", path) for path in SHOWN]), "utf-8")
    OUTPUT.write_text(to_svg(console), encoding="utf-8")


def _run_demo(folder: Path) -> tuple[list[str], list[str]]:
    """Run the demo in a folder on a pseudo-terminal.

    Returns:
        The last lines that were shown when half of the work was done, if there were bars; and all
        lines in the end.
    """
    command = [sys.executable, "-m", "pset_4", "demo"]
    screen = pyte.Screen(_COLUMNS, _ROWS)
    stream = pyte.ByteStream(screen)
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color"}
    in_between: list[str] = []
    with subprocess.Popen(
        command, cwd=folder, stdout=theirs, stderr=theirs, env=environment
    ) as process:
        os.close(theirs)
        while data := _read(ours):
            stream.feed(data)
            if not in_between and re.search(rb"\b5\d% ", data):  # a look at the screen takes time
                lines = _lines_of(screen)
                if len(lines) > 1 and "━" in lines[-2]:
                    in_between = lines[-_MIDDLE:]
    os.close(ours)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return in_between, _lines_of(screen)


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # Linux, where the other end is closed
        return b""


def _lines_of(screen: pyte.Screen) -> list[str]:
    return [line for line in (line.rstrip() for line in screen.display) if line]


def shorten(lines: list[str], in_between: list[str]) -> list[str]:
    """Return the lines of a run; of a long one its ends, and what was shown in between."""
    left_out = len(lines) - _FIRST - _LAST
    if left_out <= 0:
        return lines
    return [*lines[:_FIRST], "⋮", *in_between, f"⋮ {left_out} more lines", *lines[-_LAST:]]


def _color(line: str) -> Text:
    """Return a line whose first words, what was done, have a color."""
    text = Text(line)
    text.highlight_regex(r"^(dropped in|fetched|painted|published)", "green")
    text.highlight_regex(r"^⋮.*", "dim")
    text.highlight_regex(r"(?<=[% ] )━+[╸]?", "magenta")
    text.highlight_regex(r"(?<=╸)━+|╺━*", "dim")
    return text


def to_svg(console: Console) -> str:
    """Return the recording without the fonts that rich would load from elsewhere."""
    svg = console.export_svg(title="pset_4", unique_id="terminal")
    svg = re.sub(r"\s*<!--.*?-->|\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    svg = svg.replace("Fira Code, monospace", "ui-monospace, monospace")
    return re.sub(r"[ \t]+$", "", svg, flags=re.MULTILINE)


if __name__ == "__main__":
    main()
