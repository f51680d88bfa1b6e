"""Measure the driver of `bulk` with many names and no painting: ``python -m bench.scale.driver``.

Three processes: an S3 server that makes names up (`s3_server`), workers that claim shards and
mark them as done without painting, and the driver, whose time and memory count.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from pset_4 import context
from pset_4.bulk.driver import Driver
from pset_4.bulk.pools.base import WorkerPool
from pset_4.bulk.runs import Run, Runs
from pset_4.bulk.shards import Tally, mark_done, read_shard
from pset_4.bulk.worker.loop import WorkerConfig
from pset_4.bulk.worker.shard_queue import ShardQueue
from pset_4.settings import Settings, read_settings

REMOTE = "s3://bucket/remote"
MAX_SECONDS, MAX_BYTES = 300, 300e6
"""The goals for a million names."""

_SERVER = Path(__file__).with_name("s3_server.py")


@dataclass(frozen=True)
class DriverCost:
    """What driving a run cost."""

    names: int
    shards: int
    seconds: float
    cpu_seconds: float
    max_bytes: int
    """The largest resident memory of the driver's process."""
    requests: dict[str, int]
    """Of the driver and of the workers that paint nothing, by kind."""


class AbsentPool(WorkerPool):
    """A process that works off shards without painting, as many workers would."""

    size = 1

    def __init__(self, config: WorkerConfig) -> None:
        """Take what a worker would be told."""
        super().__init__(config, lambda text: None)
        self._process: subprocess.Popen[bytes] | None = None

    def refill(self) -> int:
        """Start the process once."""
        if self._process is None:
            command = [sys.executable, "-m", "bench.scale.driver", "work", self.config.run_id]
            self._process = subprocess.Popen(command)
        return 1

    def stop(self) -> None:
        """Wait for the process."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()


def make_run(settings: Settings) -> Run:
    """Return a run over all names, in a style that nobody loads."""
    wanted = Run(settings.remote_images, {"style.pth": "0" * 64}, {})
    return Runs(settings).create(wanted)


def work_off(settings: Settings, run: Run) -> None:
    """Claim each shard, read its names, and mark it as done."""
    documents = run.documents(settings)
    queue = ShardQueue(documents, run.lease_seconds, "nobody")
    while not queue.is_finished:
        claimed = queue.claim()
        if claimed is None:
            time.sleep(0.2)
            continue
        names = read_shard(documents, claimed[0])
        mark_done(documents, claimed[0], Tally(painted=len(names), milliseconds=1))


@contextmanager
def serving(count: int) -> Iterator[str]:
    """Run the server, and set the variables of AWS to it."""
    server = subprocess.Popen([sys.executable, str(_SERVER), str(count)], stdout=subprocess.PIPE)
    assert server.stdout is not None
    url = server.stdout.readline().decode().strip()
    keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
    os.environ.update({"AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": "us-east-1", **keys})
    try:
        yield url
    finally:
        server.terminate()
        server.wait()


def measure(count: int) -> DriverCost:
    """Drive a run over so many names, in this process, to its end."""
    import resource

    with serving(count) as url:
        settings = read_settings(REMOTE)
        with context.activated(settings):
            run = make_run(settings)
            pool = AbsentPool(WorkerConfig(REMOTE, run.id, settings.runner))
            begin, cpu = time.monotonic(), time.process_time()
            progress = Driver(settings, run, pool).bring_to_end()
            seconds, cpu_seconds = time.monotonic() - begin, time.process_time() - cpu
        assert progress.painted == count
        with urllib.request.urlopen(f"{url}/?requests") as reply:
            requests = json.load(reply)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    return DriverCost(count, progress.shards, seconds, cpu_seconds, memory, requests)


def main(arguments: list[str]) -> int:
    """Print the cost for a million names, or another number of them; 1 if it is too high."""
    if arguments[:1] == ["work"]:
        settings = read_settings(REMOTE)
        with context.activated(settings):
            work_off(settings, Runs(settings).load(arguments[1]))
        return 0
    cost = measure(int(arguments[0]) if arguments else 1_000_000)
    print(json.dumps(asdict(cost), indent=1))
    return int(cost.seconds > MAX_SECONDS or cost.max_bytes > MAX_BYTES)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
