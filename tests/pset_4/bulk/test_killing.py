"""Workers, nodes and drivers that are killed: afterwards every picture is there, once."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import pytest

from pset_4 import context
from pset_4.bulk.coordination.leases import LeaseState
from pset_4.bulk.pools import processes
from pset_4.bulk.runs import Runs
from pset_4.bulk.shards import CLAIMS, Tally, list_done
from pset_4.bulk.worker.loop import WorkerConfig
from pset_4.settings import read_settings
from tests.support.bulk import MODEL, list_results, read_made, read_run, write_pictures
from tests.support.pipeline.programs import is_running
from tests.support.pipeline.projects import MakeProject, Project
from tests.support.remotes.stores import DirectoryStore, RemoteStore

MakeCluster = Callable[[int], Any]
"""Starts a `ray.cluster_utils.Cluster` with a number of nodes."""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no process groups")

COUNT = 40
SIDE = 160
"""Of the pictures, in px: large enough that a worker is killed while it paints."""
RUN = ("bulk", "-m", MODEL, "--shard-size", "3", "--lease", "2s")
PATIENCE = 300  # seconds, on a machine that is busy with other tests
RAY_LIMITS = {
    "RAY_agent_register_timeout_ms": 1000 * PATIENCE,
    "RAY_gcs_server_port_wait_time_s": PATIENCE,
    "RAY_raylet_start_wait_time_s": PATIENCE,
    "RAY_worker_register_timeout_seconds": PATIENCE,
}
"""Variables for how long Ray waits for its own processes; it reads them when it is imported."""


@contextmanager
def running(project: Project, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in a process group of its own, which is killed at the end."""
    process = subprocess.Popen(
        project.command(*arguments),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        kill_group(process)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a driver with all workers that it started itself."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stderr is not None:
        process.stderr.close()


def wait_for(condition: Callable[[], object], process: subprocess.Popen[bytes]) -> None:
    """Wait until a condition holds while a command runs."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if process.poll() is not None:
            stderr = process.stderr.read().decode() if process.stderr else ""
            pytest.fail(f"it ended with {process.returncode}: {stderr}")
        assert time.monotonic() < end, "nothing happens"
        time.sleep(0.02)


def list_workers(project: Project, run_id: str) -> list[int]:
    """Return the numbers of the processes that hold leases, as the leases name them."""
    settings = read_settings(project.remote_url, str(project.data))
    with context.activated(settings):
        documents = Runs(settings).load(run_id).documents(settings)
        found = [documents.read(name) for name, _ in documents.list(CLAIMS)]
    states = [LeaseState.from_bytes(each.data) for each in found if each]
    return [int(state.owner.split("-")[-2]) for state in states if not state.is_free]


def kill_worker(project: Project) -> bool:
    """Kill a worker of the run under way; return whether there was one."""
    return end_worker(project, signal.SIGKILL)


def end_worker(project: Project, number: int) -> bool:
    """Send a signal to a worker of the run under way; return whether there was one."""
    pids = [pid for pid in list_workers(project, read_run(project)["run"]) if is_running(pid)]
    with suppress(IndexError, ProcessLookupError):  # there is none; it has just ended
        os.kill(random.choice(pids), number)
        return True
    return False


def check_all(
    project: Project, store: RemoteStore, names: list[str], scratch: Path, given_up: int = 0
) -> None:
    """Check that each picture is published once, and that each is counted once."""
    assert list_results(store) == sorted(names)
    for name in names:
        made = read_made(store, name, scratch)
        assert made is not None and (made.image, made.model) == (name, MODEL)
    settings = read_settings(project.remote_url, str(project.data))
    with context.activated(settings):
        documents = Runs(settings).load(read_run(project)["run"]).documents(settings)
        total = sum((tally for _, tally, _ in list_done(documents)), Tally())
    assert (total.painted + total.current, total.failed) == (len(names), given_up)


def test_after_a_worker_and_the_driver_were_killed_a_run_goes_on(
    directory_project: Project, directory_store: DirectoryStore, tmp_path: Path
) -> None:
    names = write_pictures(directory_store, COUNT, SIDE)
    count = lambda: len(list_results(directory_store))  # noqa: E731

    with running(directory_project, *RUN, "--workers", "2") as driver:
        wait_for(lambda: count() >= 3 and kill_worker(directory_project), driver)
        wait_for(lambda: count() >= 10, driver)
    assert count() < COUNT
    again = directory_project.run(*RUN, "--workers", "2")

    assert again.exit_code == 0, again.output
    assert "going on with run" in again.stderr
    check_all(directory_project, directory_store, names, tmp_path)


def test_a_worker_that_is_asked_to_end_is_replaced(
    directory_project: Project, directory_store: DirectoryStore, tmp_path: Path
) -> None:
    names = write_pictures(directory_store, COUNT // 2, SIDE)

    with running(directory_project, *RUN, "--workers", "1") as driver:
        wait_for(lambda: len(list_results(directory_store)) >= 3, driver)
        end_worker(directory_project, signal.SIGTERM)
        assert driver.wait(PATIENCE) == 0

    check_all(directory_project, directory_store, names, tmp_path)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2))
def test_after_kills_at_random_moments_a_run_goes_on(
    project: Project, store: RemoteStore, tmp_path: Path, make_project: MakeProject, seed: int
) -> None:
    names = write_pictures(store, 2 * COUNT, SIDE)
    chance = random.Random(seed)
    other = make_project("other", project.remote_url)

    for _ in range(4):
        with (
            running(project, *RUN, "--workers", "2") as driver,
            running(other, "bulk", "--worker", "--workers", "1"),
        ):
            end = time.monotonic() + chance.uniform(0.5, 8)
            while time.monotonic() < end and driver.poll() is None:
                time.sleep(chance.uniform(0, 2))
                if project.run("bulk", "status").stdout != "no runs\n":
                    kill_worker(project)
    again = project.run(*RUN, "--workers", "2")

    # Chance may kill three workers at one image, which is given up then.
    table = json.loads(project.run("bulk", "status", "--failures", "--json").stdout)
    given_up = {failure["image"] for failure in table}
    assert all("its worker was killed" in failure["reason"] for failure in table), table
    assert again.exit_code == bool(given_up), again.output
    left = [name for name in names if name not in given_up]
    check_all(project, store, left, tmp_path, len(given_up))


@pytest.fixture
def make_cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeCluster]:
    """Starts a cluster of Ray on this machine, with a number of nodes for one worker each."""
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    for name, limit in RAY_LIMITS.items():
        monkeypatch.setenv(name, str(limit))
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    from ray.cluster_utils import Cluster

    with ExitStack() as stack:

        def make(nodes: int) -> Any:
            small = {"num_cpus": 1, "object_store_memory": 80 << 20}
            head = {**small, "include_dashboard": False, "num_cpus": int(nodes == 1)}
            cluster = Cluster(initialize_head=True, head_node_args=head)
            stack.callback(cluster.shutdown)
            if nodes > 1:  # the driver's own node survives
                for _ in range(nodes):
                    cluster.add_node(**small)
            return cluster

        yield make


def test_a_worker_on_ray_paints_everything(
    directory_project: Project,
    directory_store: DirectoryStore,
    make_cluster: MakeCluster,
    tmp_path: Path,
) -> None:
    names = write_pictures(directory_store, 4)

    result = directory_project.run(*RUN, "--ray", make_cluster(1).address)

    assert result.exit_code == 0, result.output
    check_all(directory_project, directory_store, names, tmp_path)


@pytest.mark.soak
def test_ray_loses_a_worker_a_node_and_the_driver(
    project: Project, store: RemoteStore, make_cluster: MakeCluster, tmp_path: Path
) -> None:
    names = write_pictures(store, COUNT, SIDE)
    cluster = make_cluster(2)
    arguments = (*RUN, "--ray", cluster.address)

    with running(project, *arguments) as driver:
        wait_for(lambda: len(list_results(store)) >= 3 and kill_worker(project), driver)
        wait_for(lambda: len(list_results(store)) >= 10, driver)
        cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)
        wait_for(lambda: len(list_results(store)) >= 16, driver)
    assert len(list_results(store)) < COUNT
    again = project.run_apart(*arguments)

    assert again.returncode == 0, again.stderr
    check_all(project, store, names, tmp_path)


def test_a_worker_that_is_told_to_end_in_its_first_moment_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def set_and_send(number: int, handler: Any) -> None:
        if number == signal.SIGTERM and handler is not signal.default_int_handler:
            handler(number, None)

    monkeypatch.setattr(signal, "signal", set_and_send)
    monkeypatch.setattr(processes, "run_worker", lambda config, stop, notify: not stop.is_set())
    ours, theirs = Pipe()
    with ours, pytest.raises(SystemExit) as ended:
        processes._work_in_process(WorkerConfig("", "", ""), theirs)

    assert ended.value.code == processes._STOPPED
