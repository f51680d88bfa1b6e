"""Manifests: names of images in CSV or Parquet, or a report of S3 Inventory. All are streamed.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory.html
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import posixpath
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote_plus

from csci_utils.errors import DescribedError
from neural_style.errors import install_remedy

from ...errors import MissingError, PipelineError
from ...places import S3_SCHEME, is_s3
from ..transfers import fetch

MAX_MANIFEST_BYTES = 5 << 30
"""Of one file; S3 Inventory divides a report into many."""

MAX_REPORT_BYTES = 64 << 20
"""Of a report's ``manifest.json``, which names its files."""

KEY_COLUMNS = ("key", "image", "name", "url")
"""What the column of names may be called. In a CSV file without such a header it is the first."""

_HIDDEN = {"islatest": "false", "isdeletemarker": "true"}
"""Columns of S3 Inventory with the values of what is not there any more."""


def read_manifest(manifest: str, root: str, prefix: str) -> Iterator[str]:
    """Yield the names of images in a manifest, in its order.

    Args:
        manifest: The URL or path of a ``.csv``, ``.csv.gz`` or ``.parquet`` file, or of the
            ``manifest.json`` of S3 Inventory.
        root: The folder that names are relative to. Keys of a report are relative to their bucket,
            and other names may be whole URLs.
        prefix: What the names have to begin with; others are left out.

    Raises:
        MissingError: A Parquet file needs a package that is not installed.
        PipelineError, S3Error, OSError: The manifest is of another form, or cannot be read.
    """
    with TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        if posixpath.basename(manifest) == "manifest.json":
            names = _read_report(manifest, root, scratch)
        else:
            path = _bring(manifest, scratch, MAX_MANIFEST_BYTES)
            names = (_relative(row, root) for row in _read_rows(path, manifest, None))
        for name in names:
            if name is not None and name.startswith(prefix):
                yield name


def _read_report(manifest: str, root: str, scratch: str) -> Iterator[str | None]:
    """Yield the names in all files of a report of S3 Inventory."""
    report = _load_report(_bring(manifest, scratch, MAX_REPORT_BYTES), manifest)
    bucket = str(report["destinationBucket"]).rpartition(":")[2]
    source = f"{S3_SCHEME}{report['sourceBucket']}"
    columns = [column.strip() for column in str(report.get("fileSchema", "")).split(",")]
    is_csv = str(report["fileFormat"]).upper() == "CSV"
    for file in report["files"]:
        url = f"{S3_SCHEME}{bucket}/{file['key']}"
        if not is_s3(manifest):  # a report that was copied, with its files beside it
            url = os.path.join(os.path.dirname(manifest), posixpath.basename(file["key"]))
        path = _bring(url, scratch, MAX_MANIFEST_BYTES)
        for key in _read_rows(path, url, columns if is_csv else None):
            key = unquote_plus(key) if is_csv else key
            yield _relative(f"{source}/{key}", root)
        if is_s3(url):
            os.remove(path)


def _load_report(path: str, manifest: str) -> Mapping[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            report: dict[str, Any] = json.load(file)
        if str(report["fileFormat"]).upper() not in ("CSV", "PARQUET"):
            raise _refuse(manifest, f"S3 Inventory in the format {report['fileFormat']}")
        for name in ("destinationBucket", "sourceBucket", "files"):
            report[name]
    except (ValueError, KeyError, TypeError) as error:
        raise _refuse(manifest, "not a manifest of S3 Inventory") from error
    return report


def _bring(url: str, scratch: str, max_bytes: int) -> str:
    """Return the path of a file that may be in S3."""
    if not is_s3(url):
        return url
    path = os.path.join(scratch, posixpath.basename(url))
    fetch(url, path, max_bytes)
    return path


def _relative(name: str, root: str) -> str | None:
    """Return a name relative to a folder; None if it is outside."""
    if "://" not in name and not name.startswith("/"):
        return name
    return name.removeprefix(f"{root}/") if name.startswith(f"{root}/") else None


def _read_rows(path: str, url: str, columns: Sequence[str] | None) -> Iterator[str]:
    """Yield the keys in a file.

    Args:
        path: The file on this machine.
        url: Where it is from, which says what it is.
        columns: The columns of a CSV file without a header.
    """
    if url.endswith(".parquet"):
        return _read_parquet(path, url)
    if url.endswith((".csv", ".csv.gz")):
        return _read_csv(path, url, columns)
    raise _refuse(url, "neither .csv, .csv.gz, .parquet nor manifest.json")


def _read_csv(path: str, url: str, columns: Sequence[str] | None) -> Iterator[str]:
    try:
        with _open_text(path, url) as file:
            rows = csv.reader(file)
            if columns is None:
                first = next(rows, [])
                if not _has_key(first):
                    yield from first[:1]
                columns = first if _has_key(first) else ["key"]
            key = _find_key(columns)
            lower = [column.lower() for column in columns]
            hidden = [(lower.index(c), value) for c, value in _HIDDEN.items() if c in lower]
            for row in rows:
                if len(row) > key and not any(row[i].lower() == value for i, value in hidden):
                    yield row[key]
    except (csv.Error, EOFError, ValueError, gzip.BadGzipFile, zlib.error) as error:
        raise _refuse(url, f"not a CSV file ({error})") from error


def _open_text(path: str, url: str) -> Any:
    opener = gzip.open if url.endswith(".gz") else open
    return opener(path, "rt", encoding="utf-8-sig", newline="")


def _read_parquet(path: str, url: str) -> Iterator[str]:
    try:
        import pyarrow.parquet as parquet
    except ModuleNotFoundError:
        remedy = f"{install_remedy('parquet')}, or give a CSV file"
        raise MissingError("pyarrow is not installed", path=url, remedy=remedy) from None
    try:
        with parquet.ParquetFile(path) as file:
            names = file.schema_arrow.names
            key = names[_find_key(names)]
            hidden = {c: _HIDDEN[s] for c in names if (s := c.lower().replace("_", "")) in _HIDDEN}
            for batch in file.iter_batches(columns=[key, *hidden]):
                for row in batch.to_pylist():
                    if not any(str(row[c]).lower() == value for c, value in hidden.items()):
                        yield str(row[key])
    except (OSError, ValueError, KeyError) as error:
        if isinstance(error, DescribedError):
            raise
        raise _refuse(url, f"not a Parquet file ({error})") from error


def _has_key(columns: Sequence[str]) -> bool:
    return any(column.lower() in KEY_COLUMNS for column in columns)


def _find_key(columns: Sequence[str]) -> int:
    lower = [column.lower() for column in columns]
    for name in KEY_COLUMNS:
        with suppress(ValueError):
            return lower.index(name)
    raise ValueError(f"no column {', '.join(KEY_COLUMNS)}")


def _refuse(url: str, problem: str) -> PipelineError:
    return PipelineError(
        problem,
        path=url,
        remedy="give the manifest.json of S3 Inventory (CSV or Parquet), or a .csv, .csv.gz or "
        ".parquet file with a column of keys",
    )
