"""Sections of a document that several programs write."""

from __future__ import annotations

from pathlib import Path


def write_section(path: Path, title: str, heading: str, text: str) -> None:
    """Write the section under a heading, and leave the others as they are.

    Args:
        path: The document, which is created with this title if it does not exist.
        title: The document's title.
        heading: The section's heading; it begins at ``## heading`` and ends before the next one.
        text: What stands under it.
    """
    document = path.read_text(encoding="utf-8") if path.exists() else f"# {title}\n"
    section = f"## {heading}\n\n{text.strip()}\n"
    before, found, rest = document.partition(f"\n## {heading}\n")
    _, following, after = rest.partition("\n## ")
    end = f"\n## {after}" if found and following else ""
    path.write_text(f"{before.rstrip()}\n\n{section}{end}", encoding="utf-8")
