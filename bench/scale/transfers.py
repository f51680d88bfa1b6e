"""Measure transfers of many files: ``python -m bench.scale.transfers``.

Each round runs all programs one after the other, so that whatever else the machine does meets them
alike. The figures go to docs/scale.md and docs/scale-transfers.svg.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from textwrap import fill
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from ..machine import describe
from ..programs import ROOT
from ..report.bars import draw_bars
from ..report.sections import write_section
from ..report.tables import format_memory, format_table, format_times
from .transfer_tools import (
    AWS,
    OURS,
    PIPELINE,
    TOOLS_BESIDE,
    Tool,
    describe_versions,
    path_of_rclone,
)

FILES, FILE_BYTES = 2000, 60 << 10
LARGE_BYTES = 500 << 20
ROUNDS = 5
PUBLISH, FETCH = "publish", "fetch"
IN_MEMORY, RCLONE = "a server in memory that honors conditions", "rclone serve s3"
_RESULTS = ROOT / "build" / "bench" / "transfers.json"
_DOCUMENT = ROOT / "docs" / "scale.md"
_BUCKET = "bucket"
_SIDE, _JPEG_QUALITY = 248, 92  # of pictures of noise with `FILE_BYTES`
_WIDTH = 100  # of lines of text


class Run(NamedTuple):
    """What one run of one program took."""

    server: str
    tool: str
    what: str
    """`PUBLISH` or `FETCH`."""
    files: int
    seconds: float
    cpu_seconds: float
    peak_memory: int


@contextmanager
def serve(server: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """Run a server; yield its URL, and the folder of its buckets if it has one."""
    command = [sys.executable, "-m", "bench.scale.s3_server"]
    if server == RCLONE:
        command = [str(path_of_rclone()), "serve", "s3", "--addr", "127.0.0.1:0", "--config", ""]
        command += ["--auth-key", "test-key,test-secret", str(folder)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            for line in process.stdout or ():
                if (at := line.find("http://127.0.0.1:")) >= 0:
                    yield line[at:].split()[0].rstrip("]/"), folder
                    break
        finally:
            process.terminate()


def run(tool: Tool, source: str, destination: str, endpoint: str) -> tuple[float, float, int]:
    """Run a program; return its seconds, its CPU seconds and its peak memory in bytes."""
    settings = {
        "AWS_ACCESS_KEY_ID": "test-key",
        "AWS_SECRET_ACCESS_KEY": "test-secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": endpoint,
        "S3_ENDPOINT_URL": endpoint,
    }
    begin = time.perf_counter()
    process = subprocess.Popen(
        tool.command(source, destination, endpoint), cwd=ROOT, env={**os.environ, **settings}
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - begin
    if process.returncode:
        raise RuntimeError(f"{tool.name} ended with {process.returncode}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def measure_round(server: str, files: Path, tools: Sequence[Tool]) -> Iterator[Run]:
    """Publish a folder and fetch it again with each program, each with a new server."""
    count = len(list(files.iterdir()))
    for tool in tools:
        with tempfile.TemporaryDirectory(dir=files.parent) as folder:
            buckets, fetched = Path(folder, "buckets"), Path(folder, "fetched")
            (buckets / _BUCKET).mkdir(parents=True)
            fetched.mkdir()
            with serve(server, buckets) as (endpoint, _):
                url = f"s3://{_BUCKET}/files"
                for what, ends in ((PUBLISH, (str(files), url)), (FETCH, (url, str(fetched)))):
                    yield Run(server, tool.name, what, count, *run(tool, *ends, endpoint))
            if len(list(fetched.rglob("*.jpg"))) + len(list(fetched.rglob("*.tiff"))) != count:
                raise RuntimeError(f"{tool.name} did not fetch all files")


def measure(rounds: int, folder: Path) -> Iterator[Run]:
    """Measure everything."""
    tools = [tool for tool in TOOLS_BESIDE if tool.find()]
    many, large = folder / "many", folder / "large"
    many.mkdir()
    large.mkdir()
    _write_pictures(many)
    with open(large / "large.tiff", "wb") as file:
        for _ in range(LARGE_BYTES >> 20):
            file.write(os.urandom(1 << 20))
    servers = [IN_MEMORY, RCLONE] if path_of_rclone() else [IN_MEMORY]
    for _, server in itertools.product(range(rounds), servers):
        yield from measure_round(server, many, tools)
    if path_of_rclone():
        others = [tool for tool in tools if tool.name != PIPELINE]  # it is no picture
        yield from measure_round(RCLONE, large, others)


def _write_pictures(folder: Path) -> None:
    """Write JPEG files of noise, which all differ, of about `FILE_BYTES` each."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (4 * _SIDE, 4 * _SIDE, 3), dtype=np.uint8)
    for number in range(FILES):
        top, left = rng.integers(0, 3 * _SIDE, 2)
        picture = Image.fromarray(noise[top : top + _SIDE, left : left + _SIDE])
        picture.save(folder / f"{number:05}.jpg", quality=_JPEG_QUALITY)


def _times(runs: Sequence[Run], server: str, tool: str, what: str, files: int) -> list[Run]:
    return [each for each in runs if each[:4] == (server, tool, what, files)]


def format_many(runs: Sequence[Run], server: str) -> str:
    """Return the table of many files on one server."""
    rows = []
    for tool in TOOLS_BESIDE:
        row = [tool.name]
        for what in (PUBLISH, FETCH):
            found = _times(runs, server, tool.name, what, FILES)
            if not found:
                row += ["not installed", ""]
                continue
            theirs = _times(runs, server, AWS, what, FILES)
            # Of each round its own ratio: what else the machine does changes between rounds.
            ratios = [a.seconds / b.seconds for a, b in zip(theirs, found, strict=False)]
            ratio = f"{median(ratios):.2f}" if ratios else ""
            cpu = f"{median(each.cpu_seconds for each in found):.2f}"
            row += [format_times([each.seconds for each in found]), cpu, ratio]
        rows.append(row)
    header = ["program"]
    for what in (PUBLISH, FETCH):
        header += [f"{what}, s", "CPU, s", f"speed against {AWS}"]
    return format_table(header, rows)


def format_large(runs: Sequence[Run]) -> str:
    """Return the table of one large file."""
    rows = []
    for tool in TOOLS_BESIDE:
        row = [tool.name]
        for what in (PUBLISH, FETCH):
            for each in _times(runs, RCLONE, tool.name, what, 1):
                row += [format_times([each.seconds]), format_memory(each.peak_memory)]
        if len(row) > 1:
            rows.append(row)
    header = ["program", "publish, s", "memory", "fetch, s", "memory"]
    return format_table(header, rows)


def render(runs: Sequence[Run], facts: dict[str, str]) -> str:
    """Return the section of the document."""
    many = f"{FILES:,} JPEG files of about {FILE_BYTES >> 10} KB"
    return "\n\n".join(
        [
            fill(
                "`python -m bench.scale.transfers`, a part of `make bench`, writes this section. "
                f"{many} are published to an S3 server on the loopback interface and fetched "
                "again, by whole processes. `csci_utils` is `bench/scale/syncing.py`: "
                "`S3Client.put` and `S3Client.fetch` in the threads of `work_on_many`, with "
                "conditional puts, SHA-256 of all bytes, and files that are synced to the disk "
                "before they count. `pset_4` runs the commands, which also decode each picture "
                "before it is published, and keep records. The others sync nothing. Medians, with "
                "the smallest and the largest of all rounds; the speeds are medians of the ratios "
                "of each round.",
                _WIDTH,
            ),
            "![Seconds of each program](scale-transfers.svg)",
            f"On {IN_MEMORY} (`bench/scale/s3_server.py`):",
            format_many(runs, IN_MEMORY),
            fill(
                f"On `{RCLONE}`, which ignores conditions. There, `csci_utils` asks for each "
                "object before and after it publishes it, so that it overwrites nothing:",
                _WIDTH,
            ),
            format_many(runs, RCLONE),
            f"One file of {LARGE_BYTES >> 20} MiB, on `{RCLONE}`:",
            format_large(runs),
            fill("; ".join(f"{name}: {value}" for name, value in facts.items()) + ".", _WIDTH),
        ]
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale.transfers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, metavar="N")
    parser.add_argument("--results", type=Path, default=_RESULTS, metavar="PATH")
    parser.add_argument("--output", type=Path, default=_DOCUMENT, metavar="PATH")
    parser.add_argument("--render", action="store_true", help="measure nothing")
    args = parser.parse_args(arguments)
    if not args.render:
        _measure_to(args.results, args.rounds)
    recorded: dict[str, Any] = json.loads(args.results.read_text(encoding="utf-8"))
    runs = [Run(*each) for each in recorded["runs"]]
    panels = {
        f"{FILES:,} files, {what}": {
            tool.name: [each.seconds for each in found]
            for tool in TOOLS_BESIDE
            if (found := _times(runs, IN_MEMORY, tool.name, what, FILES))
        }
        for what in (PUBLISH, FETCH)
    }
    plot = draw_bars("Seconds of transfers", panels, OURS)
    args.output.with_name("scale-transfers.svg").write_text(plot, encoding="utf-8")
    write_section(args.output, "Scale", "Transfers", render(runs, recorded["facts"]))
    print(f"wrote {args.output}")


def _measure_to(path: Path, rounds: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    load, machine = os.getloadavg()[0], describe()
    facts = {name: machine[name] for name in ("processor", "cores", "system")}
    facts["programs"] = describe_versions() or "as found on the path"
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        runs = []
        for each in measure(rounds, Path(folder)):
            print(f"{each.server}: {each.tool}, {each.what}: {each.seconds:.1f} s", file=sys.stderr)
            runs.append(each)
            facts["load at the beginning and the end"] = f"{load:.0f} and {os.getloadavg()[0]:.0f}"
            path.write_text(json.dumps({"facts": facts, "runs": runs}), encoding="utf-8")


if __name__ == "__main__":
    main()
