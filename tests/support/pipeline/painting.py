"""The command that paints what the fixture `published` provides, and its result."""

from __future__ import annotations

from pathlib import Path

PAINT = ("stylize", "--no-upload", "--image", "drawing.png", "--model", "model.pth")
"""The command, which fetches both files from the remote."""

RESULT = "stylized/model.pth/drawing.png"
"""The result's path in the data folder and in the remote."""


def paint_with(runner: str, python: Path) -> tuple[str, ...]:
    """Return the command with a runner and the interpreter that it starts."""
    return (*PAINT, "--runner", runner, "--python", str(python))
