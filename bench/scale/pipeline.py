"""Ten thousand images on one machine: ``python -m bench.scale.pipeline``.

Each figure is of whole commands in processes of their own, with drop-ins, remote and data folder in
a scratch folder. CPU seconds are those of the command and its children, so they depend little on
what else the machine does; S3 is a server in memory (`s3_server`) in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import urlopen

import numpy as np
from PIL import Image

from ..programs import ROOT

STYLE = "candy.pth"
SMALL, LARGE = 32, 512
"""Sides of the images, in px."""

_SERVER = "bench.scale.s3_server"
_KEYS = {
    "AWS_ACCESS_KEY_ID": "test-key",
    "AWS_SECRET_ACCESS_KEY": "test-secret",
    "AWS_DEFAULT_REGION": "us-east-1",
}

_LOOP = """
import sys
from pathlib import Path
from neural_style import Painter, PaintingRequest, RenderingOptions
from neural_style.painting import paint_all
images, style, results = map(Path, sys.argv[1:])
results.mkdir()
requests = (
    PaintingRequest(image, style, results / image.name, RenderingOptions())
    for image in sorted(images.iterdir())
)
assert all(not isinstance(result, Exception) for _, result in paint_all(Painter(), requests))
"""
"""The overlapped loop that `main` is compared with: it only paints, from files to files."""

_LUIGI = """
import sys
from pset_4.execution.luigi_configuration import luigi_without_files
with luigi_without_files():
    import time
    from pset_4.execution.run import run_tasks
    from pset_4.tasks.batch import BatchTask, join_batches
    from pset_4.tasks.parameters import ImageParameter

    class NoOp(BatchTask):
        image = ImageParameter(default="a.png")
        def path_of(self, name): raise NotImplementedError
        def output(self): return []
        def is_done(self, name): return False
        def run(self): pass

    names = [f"{number:07}.png" for number in range(int(sys.argv[1]))]
    begin = time.process_time()
    run_tasks([NoOp(image=images) for images in join_batches(names)])
    print(time.process_time() - begin)
"""
"""Tasks that do nothing, in batches as `main` makes them: what is left is Luigi's own cost."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m bench.scale.pipeline")
    parser.add_argument("--counts", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--s3-counts", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--large", type=int, default=100, help=f"images of {LARGE} px")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--style", type=Path, default=find_style())
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "scale-pipeline.json")
    args = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        counts = {"directory": args.counts, "s3": args.s3_counts}
        results = measure(Path(folder), args.style, counts, args.large, args.rounds)
    args.output.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(render(results))
    return 0


def measure(
    folder: Path, style: Path, counts: Mapping[str, Sequence[int]], large: int, rounds: int
) -> dict[str, Any]:
    """Return all figures, as plain JSON values."""
    results: dict[str, Any] = {"small": {}, "luigi": {}, "large": []}
    for count in sorted({*counts["directory"], *counts["s3"]}):
        cost = float(_run([sys.executable, "-c", _LUIGI, str(count)]).output)
        results["luigi"][str(count)] = cost / count
        drop_ins = make_images(folder / f"small-{count}", count, SMALL)
        for kind in (kind for kind in counts if count in counts[kind]):
            key = f"{kind} {count}"
            with _remote(kind, folder / f"{kind}-{count}") as remote:
                results["small"][key] = measure_runs(remote, drop_ins, style, count)
            print(key, results["small"][key], file=sys.stderr, flush=True)
    images = make_images(folder / "large", large, LARGE)
    for number in range(rounds):
        results["large"].append(compare_with_loop(folder / f"round-{number}", images, style, large))
        print(results["large"][-1], file=sys.stderr)
    return results


class Done(NamedTuple):
    """What a process took."""

    output: str
    wall: float
    """Seconds."""
    cpu: float
    """Seconds of processor time."""
    memory: int
    """At most, in bytes."""


def _run(command: Sequence[str], **variables: str) -> Done:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **variables}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    begin, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    script = (
        "import resource, subprocess, sys\n"
        "code = subprocess.run(sys.argv[1:]).returncode\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)\n"
        "sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *command],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Done(
        done.stdout, time.monotonic() - begin, cpu, 1024 * int(done.stderr.splitlines()[-1])
    )


def make_images(folder: Path, count: int, side: int) -> Path:
    """Write JPEG files that all differ, and return their folder."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(side)
    noise = Image.fromarray(rng.integers(0, 256, (side // 4, side // 4, 3), dtype=np.uint8))
    large = np.asarray(noise.resize((2 * side, 2 * side), Image.Resampling.BICUBIC))
    for number in range(count):
        top, left = rng.integers(0, side, 2)
        pixels = large[top : top + side, left : left + side].copy()
        pixels[0, :4] = [(number >> shift) & 255 for shift in (0, 8, 16)]
        Image.fromarray(pixels).save(folder / f"{number:06}.jpg", quality=90)
        os.utime(folder / f"{number:06}.jpg", (1e9, 1e9))
    return folder


@contextmanager
def _remote(kind: str, folder: Path) -> Iterator[tuple[str, dict[str, str], Callable[[], int]]]:
    """Yield a remote, the variables that it needs, and a function that counts its requests."""
    folder.mkdir()
    if kind == "directory":
        yield str(folder / "remote"), {}, lambda: 0
        return
    with subprocess.Popen(
        [sys.executable, "-m", _SERVER], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()

        def count_requests() -> int:
            with urlopen(f"{url}/?requests") as answer:
                return sum(json.load(answer).values())

        try:
            yield "s3://scale/images", {**_KEYS, "AWS_ENDPOINT_URL": url}, count_requests
        finally:
            server.terminate()


def measure_runs(
    remote: tuple[str, dict[str, str], Callable[[], int]], drop_ins: Path, style: Path, count: int
) -> dict[str, float]:
    """Return what a first run of main costs, and one after it."""
    url, variables, count_requests = remote
    data = drop_ins.parent / "data"
    shutil.rmtree(data, ignore_errors=True)
    shutil.copytree(drop_ins, data / "uploads")
    shutil.copy2(style, data / "uploads")
    os.utime(data / "uploads" / style.name, (1e9, 1e9))
    command = [sys.executable, "-m", "pset_4", "--data", str(data), "--remote", url, "main", "-q"]
    begun = count_requests()
    first = _run(command, **variables)
    between = count_requests()
    time.sleep(3)  # until files count as being at rest
    _run(command, **variables)  # which reads them once more
    later = count_requests()
    again = _run(command, **variables)
    found = {
        "first_cpu_ms": 1000 * first.cpu / count,
        "first_wall_s": first.wall,
        "first_requests": (between - begun) / count,
        "memory_mb": first.memory / 1e6,
        "again_cpu_s": again.cpu,
        "again_wall_s": again.wall,
        "again_requests": count_requests() - later,
    }
    shutil.rmtree(data)
    return {name: round(value, 3) for name, value in found.items()}


def compare_with_loop(folder: Path, images: Path, style: Path, count: int) -> dict[str, float]:
    """Return the seconds of main, from a remote with a cold cache to published, and of the loop."""
    folder.mkdir()
    remote = folder / "remote"
    shutil.copytree(images, remote / "images")
    (remote / "saved_models").mkdir()
    shutil.copy2(style, remote / "saved_models")
    words = ["--data", str(folder / "data"), "--remote", str(remote), "main", "-q", "--all"]
    loop = _run([sys.executable, "-c", _LOOP, str(images), str(style), str(folder / "loop")])
    whole = _run([sys.executable, "-m", "pset_4", *words])
    published = len(list((remote / "stylized" / style.name).iterdir()))
    assert published == count, published
    shutil.rmtree(folder)
    return {
        "main_wall_s": round(whole.wall, 2),
        "loop_wall_s": round(loop.wall, 2),
        "main_cpu_ms": round(1000 * whole.cpu / count, 1),
        "loop_cpu_ms": round(1000 * loop.cpu / count, 1),
    }


def render(results: dict[str, Any]) -> str:
    """Return the figures as tables in Markdown."""
    lines = [
        "| images of 32x32 | first run, CPU a picture | requests a picture | memory |"
        " run again, CPU | run again, requests |",
        "|---|---|---|---|---|---|",
    ]
    for key, found in results["small"].items():
        lines.append(
            f"| {key} | {found['first_cpu_ms']:.1f} ms | {found['first_requests']:.1f} |"
            f" {found['memory_mb']:.0f} MB | {found['again_cpu_s']:.2f} s |"
            f" {found['again_requests']:.0f} |"
        )
    lines += ["", "| tasks that do nothing | Luigi's cost, CPU a picture |", "|---|---|"]
    lines += [f"| {count} | {1000 * cost:.3f} ms |" for count, cost in results["luigi"].items()]
    lines += [
        "",
        "| round | main | loop | rate of main | CPU of main | CPU of loop |",
        "|---|---|---|---|---|---|",
    ]
    for number, found in enumerate(results["large"], 1):
        rate = found["loop_wall_s"] / found["main_wall_s"]
        lines.append(
            f"| {number} | {found['main_wall_s']:.1f} s | {found['loop_wall_s']:.1f} s |"
            f" {rate:.0%} | {found['main_cpu_ms']:.0f} ms | {found['loop_cpu_ms']:.0f} ms |"
        )
    return "\n".join(lines)


def find_style() -> Path:
    """Return the path of the style among the official models, or in the current folder."""
    return Path(os.environ.get("STYLE_WEIGHTS_DIR", ".")) / STYLE


if __name__ == "__main__":
    sys.exit(main())
