"""A program: publish or fetch a folder as the pipeline does, without its checks of pictures.

Usage: ``python -m bench.scale.syncing FOLDER URL`` or ``URL FOLDER``. Like ``aws s3 sync``, it asks
for a listing first and transfers what is missing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator

from csci_utils.s3 import ObjectState, S3Client
from csci_utils.transfers import work_on_many


def plan(source: str, destination: str) -> tuple[Callable[[str], ObjectState], Iterator[str]]:
    """Return how a file is transferred by its name, and the names of those that are missing."""
    client = S3Client()
    is_upload = destination.startswith("s3://")
    url, folder = (destination, source) if is_upload else (source, destination)
    remote = {file.path.removeprefix(f"{url}/") for file in client.list_files(url)}
    local = set(os.listdir(folder))

    def publish(name: str) -> ObjectState:
        return client.put(f"{folder}/{name}", f"{url}/{name}", IfNoneMatch="*")

    def fetch(name: str) -> ObjectState:
        return client.fetch(f"{url}/{name}", f"{folder}/{name}")

    return (publish, iter(local - remote)) if is_upload else (fetch, iter(remote - local))


if __name__ == "__main__":
    work, names = plan(sys.argv[1], sys.argv[2])
    for outcome in work_on_many(work, names):
        outcome.get()
