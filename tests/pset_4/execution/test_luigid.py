"""Runs under luigid, a real one: what its page shows, and how processes share the tasks."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import quote
from urllib.request import urlopen

import pytest

from tests.support.pipeline.projects import MakeProject, Project, assert_failed
from tests.support.remotes.stores import DirectoryStore
from tests.support.servers import serve_program

LUIGID = """
import tornado.netutil
from luigi.cmdline import luigid

bind_sockets = tornado.netutil.bind_sockets

def bind_and_tell(*arguments, **options):
    sockets = bind_sockets(*arguments, **options)
    print("http://127.0.0.1:%d" % sockets[0].getsockname()[1], flush=True)
    return sockets

tornado.netutil.bind_sockets = bind_and_tell
luigid()
"""
"""luigid, which prints the free port that it takes."""


@pytest.fixture(scope="module")
def luigid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a luigid on a free port of the loopback interface."""
    folder = tmp_path_factory.mktemp("luigid")
    arguments = ["--address", "127.0.0.1", "--port", "0", "--state-path", str(folder / "state")]
    with serve_program([sys.executable, "-c", LUIGID, *arguments], folder / "log") as url:
        yield url.removeprefix("http://")


def list_done(luigid: str) -> list[str]:
    """Return the tasks that the page shows as done."""
    query = quote(json.dumps({"status": "DONE", "upstream_status": ""}))
    with urlopen(f"http://{luigid}/api/task_list?data={query}") as reply:
        return [task["display_name"] for task in json.load(reply)["response"].values()]


def test_the_page_shows_the_tasks_of_a_run(
    luigid: str, project: Project, drawing: bytes, model: bytes
) -> None:
    project.drop("shown.png", drawing)
    project.drop("one.pth", model)

    summary = project.run_well("main", "--scheduler-host", luigid)

    assert (summary["painted"], summary["failed"]) == (1, 0)
    done = "\n".join(list_done(luigid))
    for task in ("UploadImage", "DownloadImage", "ResultToPublish", "UploadResult", "MainTask"):
        assert any(task in line and "shown.png" in line for line in done.splitlines())


def test_a_run_after_a_failure_finishes_the_work(
    luigid: str, directory_project: Project, drawing: bytes, model: bytes
) -> None:
    directory_project.drop("again.png", b"no image")
    directory_project.drop("one.pth", model)
    assert_failed(directory_project.run("main", "--scheduler-host", luigid), "again.png")

    directory_project.drop("again.png", drawing)

    assert directory_project.run_well("main", "--scheduler-host", luigid)["painted"] == 1


def test_two_machines_with_equal_names_do_not_wait_for_each_other(
    luigid: str,
    make_project: MakeProject,
    directory_store: DirectoryStore,
    drawing: bytes,
    model: bytes,
) -> None:
    directory_store.write("images/equal.png", drawing)
    directory_store.write("saved_models/one.pth", model)
    names = ("--image", "equal.png", "--model", "one.pth", "--scheduler-host", luigid)

    for name in ("first", "second"):
        machine = make_project(name, directory_store.url)
        assert machine.run_well("stylize", *names)["painted"] == 1


@pytest.mark.s3_in_soak
@pytest.mark.parametrize("workers", ["2", pytest.param("1", marks=pytest.mark.soak)])
def test_two_processes_share_the_work(
    workers: str, luigid: str, project: Project, drawing: bytes, model: bytes
) -> None:
    images = [f"shared-{workers}-{number}.png" for number in range(6)]
    for image in images:
        project.drop(image, drawing)
    project.drop("one.pth", model)
    command = project.command("main", "--scheduler-host", luigid, "--workers", workers)

    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [process.communicate(timeout=300)[0] for process in processes]

    assert [process.returncode for process in processes] == [0, 0]
    rows = [line.split() for text in answers for line in text.splitlines()]
    assert sum(int(row[1]) for row in rows if row[0] == "painted") == len(images)
    assert project.files("stylized") == [f"stylized/one.pth/{image}" for image in images]


def test_two_processes_paint_again_what_is_current(
    luigid: str, directory_project: Project, drawing: bytes, model: bytes
) -> None:
    for name in ("first.png", "second.png", "third.png", "fourth.png"):
        directory_project.drop(name, drawing)
    directory_project.drop("one.pth", model)
    directory_project.run_well("main")
    words = ("main", "--force", "--scheduler-host", luigid, "--workers", "2")
    command = directory_project.command(*words)

    processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    errors = [process.communicate(timeout=60)[1] for process in processes]

    assert [process.returncode for process in processes] == [0, 0], errors


def test_one_process_waits_for_what_another_one_does_with_several_files(
    luigid: str, directory_project: Project, drawing: bytes, model: bytes
) -> None:
    directory_project.drop("one.pth", model)
    directory_project.run_well("upload")
    with ExitStack() as stack:
        for name in ("first.png", "second.png"):  # for which a second is waited
            drop_in = directory_project.drop(name, drawing)
            os.utime(drop_in, (time.time() + 60, time.time() + 60))
            stack.enter_context(drop_in.open("r+b"))
        command = directory_project.command("main", "--scheduler-host", luigid, "--workers", "2")
        processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
        errors = [process.communicate(timeout=300)[1] for process in processes]

    assert [process.returncode for process in processes] == [0, 0], errors


def test_a_luigid_that_does_not_answer_is_reported_at_once(
    published: Project, pauses: list[float]
) -> None:
    with socket.socket() as probe:  # bound and not listening: nothing else takes the port
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
        result = published.run("download", "--scheduler-host", address)

    assert_failed(result, f"error: http://{address}/: no luigid answers there")
    assert pauses == []


@pytest.mark.parametrize("address", ["", ":80", "host:", "host:0", "http://host:80", "host:many"])
def test_a_wrong_address_is_a_usage_error(address: str, directory_project: Project) -> None:
    result = directory_project.run("main", "--scheduler-host", address)

    assert_failed(result, "--scheduler-host", exit_code=2)
