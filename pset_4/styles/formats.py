"""The format and the quality of each image, where one request asks for them of many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def split_by_format(
    images: Iterable[str], options: Mapping[str, Any]
) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """Yield images with the options that apply to them, as `fit_options` says."""
    groups: dict[tuple[Any, Any], list[str]] = {}
    for image in images:
        fitted = fit_options(image, options)
        groups.setdefault((fitted["file_format"], fitted["quality"]), []).append(image)
    for (file_format, quality), group in groups.items():
        yield group, {**options, "file_format": file_format, "quality": quality}


def fit_options(image: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that apply to an image.

    A format that is the image's own makes the usual result, and so is none. A quality without a
    format is left out if the image's own has none.

    Args:
        image: The name of the image, whose suffix names its format.
        options: The `RESULT_OPTIONS` by name, perhaps with other parameters of tasks.
    """
    file_format, quality = options["file_format"], options["quality"]
    if file_format is None and quality is None:
        return dict(options)
    from neural_style.pictures.file_formats import format_for, suffix_of

    own = format_for(image)
    if file_format is not None and format_for(suffix_of(file_format), file_format) is own:
        file_format = None
    if file_format is None and not own.has_quality:
        quality = None
    return {**options, "file_format": file_format, "quality": quality}
