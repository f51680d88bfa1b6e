"""Record the demo as docs/terminal.svg, which is text and loads nothing from elsewhere.

`make recording` runs it: the demo, in an empty folder, and the demo again.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.text import Text

OUTPUT = Path(__file__).resolve().parents[1] / "docs" / "terminal.svg"

_COLUMNS = 80
_FIRST, _LAST = 8, 9
"""How many lines of a run are shown of its beginning and of its end; 5 are the summary."""


def main() -> None:
    """Run the demo twice, and write the recording."""
    console = Console(record=True, width=_COLUMNS, file=io.StringIO(), force_terminal=True)
    with TemporaryDirectory() as folder:
        for _ in range(2):
            console.print(Text("$ python -m pset_4 demo", style="bold"))
            for line in shorten(_run_demo(Path(folder))):
                console.print(_color(line), no_wrap=True, overflow="ellipsis")
    OUTPUT.write_text(to_svg(console), encoding="utf-8")


def _run_demo(folder: Path) -> list[str]:
    """Run the demo in a folder, and return the lines that it writes."""
    command = [sys.executable, "-m", "pset_4", "demo"]
    result = subprocess.run(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
    )
    return result.stdout.splitlines()


def shorten(lines: list[str]) -> list[str]:
    """Return the lines of a run, with a count in place of those in the middle of a long one."""
    left_out = len(lines) - _FIRST - _LAST
    if left_out <= 0:
        return lines
    return [*lines[:_FIRST], f"⋮ {left_out} more lines", *lines[-_LAST:]]


def _color(line: str) -> Text:
    """Return a line whose first words, what was done, have a color."""
    text = Text(line)
    text.highlight_regex(r"^(dropped in|fetched|painted|published)", "green")
    text.highlight_regex(r"^⋮.*", "dim")
    return text


def to_svg(console: Console) -> str:
    """Return the recording without the fonts that rich would load from elsewhere."""
    svg = console.export_svg(title="pset_4", unique_id="terminal")
    svg = re.sub(r"\s*<!--.*?-->|\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    svg = svg.replace("Fira Code, monospace", "ui-monospace, monospace")
    return re.sub(r"[ \t]+$", "", svg, flags=re.MULTILINE)


if __name__ == "__main__":
    main()
