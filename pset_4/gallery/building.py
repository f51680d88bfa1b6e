"""Writing the gallery, and keeping it current: what did not change is not made again."""

from __future__ import annotations

import filecmp
import json
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from csci_utils.atomic import atomic_path
from csci_utils.files import read_file

from ..errors import PipelineError
from ..places import IMAGES, PROOFS, RESULTS
from ..settings import Settings
from ..storage.claims import claim
from .collecting import Picture, collect
from .rendering import render
from .thumbnails import Thumbnails, View

INDEX, PROOF_INDEX = "index.html", "proofs.html"
"""The pages, of results and of proofs."""

FAILURES = ".failures.json"
"""Why something failed in the last run. The file is hidden, and never published."""

MAX_FAILURES_BYTES = 16 << 20
"""The largest such file that is read."""


@dataclass(frozen=True)
class Gallery:
    """A gallery that was written."""

    folder: str
    """Its folder, in the data folder."""
    pages: list[str]
    """The paths of its pages, the page of proofs last."""
    pictures: list[Picture]
    """Pictures with results; those with proofs alone are not among them."""
    views: dict[str, View]
    """How files are shown, by digest."""


def build(settings: Settings, failures: Sequence[str] | None = None) -> Gallery:
    """Write the gallery of a data folder.

    Args:
        settings: The current ones.
        failures: What failed in the run that just ended. None if there was none; then the page
            shows the failures of the last one.

    Raises:
        OSError: A file cannot be read or written.
    """
    folder = settings.gallery
    os.makedirs(folder, exist_ok=True)
    # Another process may be building the same pages, and need copies that seem to be of no use.
    with claim(f"{folder}/{INDEX}", lambda note: None):
        return _build(settings, folder, failures)


def _build(settings: Settings, folder: str, failures: Sequence[str] | None) -> Gallery:
    os.utime(folder)
    begin = os.stat(folder).st_mtime_ns  # by the clock of the file system
    thumbnails = Thumbnails(settings.data, folder)
    results, proofs = collect(settings, RESULTS), collect(settings, PROOFS)
    views = thumbnails.make(
        file
        for picture in (*results, *proofs)
        for file in (picture.original, *(result.file for result in picture.results))
        if file is not None
    )
    reasons = _keep_failures(folder, failures)
    pages = [f"{folder}/{INDEX}"]
    _write(pages[0], render(results, views, reasons), begin)
    proof_page = f"{folder}/{PROOF_INDEX}"
    if proofs:
        pages.append(proof_page)
        _write(proof_page, render(proofs, views, reasons, is_proof=True), begin)
    else:
        Path(proof_page).unlink(missing_ok=True)
    thumbnails.remove_others(views)
    return Gallery(folder, pages, results, views)


def find_current_pages(settings: Settings, failures: Sequence[str]) -> list[str]:
    """Return the pages if building would not change them, without looking at each file; else none.

    That is so if no folder was changed since, and the same failures are shown. A file that is
    altered in place is made again by a run, which then has to build.
    """
    pages = [f"{settings.gallery}/{INDEX}"]
    if os.path.exists(f"{settings.gallery}/{PROOF_INDEX}"):
        pages.append(f"{settings.gallery}/{PROOF_INDEX}")
    try:
        built = min(os.stat(page).st_mtime_ns for page in pages)
        if _read_failures(settings.gallery) != list(failures):
            return []
        for top in (IMAGES, RESULTS, PROOFS):
            for folder, _, _ in os.walk(f"{settings.data}/{top}"):
                if os.stat(folder).st_mtime_ns >= built:
                    return []
    except OSError:
        return []
    return pages


def _keep_failures(folder: str, failures: Sequence[str] | None) -> Sequence[str]:
    """Keep what failed in a run for later galleries; without a run return what was kept."""
    if failures is None:
        return _read_failures(folder) or []
    _write(f"{folder}/{FAILURES}", [json.dumps(list(failures), indent=1)])
    return failures


def _read_failures(folder: str) -> list[str] | None:
    """Return what failed in the last run; None if that is not known."""
    try:
        kept = json.loads(read_file(Path(folder, FAILURES), PipelineError, MAX_FAILURES_BYTES))
    except (PipelineError, RecursionError, ValueError):
        return None
    return [str(line) for line in kept] if isinstance(kept, list) else None


class _UnchangedError(Exception):
    """A file has the new content already."""


def _write(path: str, chunks: Iterable[str], time_ns: int | None = None) -> None:
    """Write a file, unless it has this content already. It is never in memory as a whole.

    Args:
        path: The file.
        chunks: Its content.
        time_ns: The time that it shows, in nanoseconds since 1970: of a page, when its pictures
            were looked for. None for now.
    """
    with suppress(_UnchangedError), atomic_path(path) as temporary_path:
        with open(temporary_path, "w", encoding="utf-8", newline="") as file:
            file.writelines(chunks)
        if time_ns is not None:
            os.utime(temporary_path, ns=(time_ns, time_ns))
        if os.path.exists(path) and filecmp.cmp(temporary_path, path, shallow=False):
            raise _UnchangedError
