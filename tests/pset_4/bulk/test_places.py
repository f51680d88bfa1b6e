"""How many workers a machine has room for, and on which devices they paint."""

from __future__ import annotations

from unittest.mock import MagicMock

import pytest

from pset_4.bulk.crews import on_ray, places
from pset_4.bulk.crews.processes import ProcessCrew
from pset_4.bulk.working.worker import Job


def test_each_core_has_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "count_cores", lambda: 7)

    assert places.list_places({"threads": "2"}) == ["cpu"] * 3
    assert places.list_places({"threads": "8"}) == ["cpu"]


@pytest.mark.parametrize(
    ("cores", "gigabytes", "expected"),
    [
        (64, 80, ["cuda:0", "cuda:1"] * 5),
        (64, 200, ["cuda:0", "cuda:1"] * 8),
        (64, 40, ["cuda:0", "cuda:1"] * 2),
        (64, 8, ["cuda:0", "cuda:1"]),
        (64, None, ["cuda:0", "cuda:1"]),
        (16, 80, ["cuda:0", "cuda:1"] * 4),
        (2, 80, ["cuda:0", "cuda:1"]),
    ],
)
def test_some_workers_share_an_accelerator(
    cores: int, gigabytes: int | None, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch")
    from neural_style.backends import pytorch

    devices = [torch.device("cuda", index) for index in range(2)]
    memory = gigabytes and gigabytes * 10**9
    monkeypatch.setattr(places, "count_cores", lambda: cores)
    monkeypatch.setattr(places, "find_accelerator", lambda name: torch.device(name))
    monkeypatch.setattr(pytorch, "list_alike", lambda device: devices)
    monkeypatch.setattr(pytorch, "total_memory", lambda device: memory)

    assert places.list_places({"threads": "1", "device": "cuda"}) == expected


def test_a_device_with_an_index_stands_for_itself() -> None:
    torch = pytest.importorskip("torch")
    from neural_style.backends.pytorch import list_alike

    assert list_alike(torch.device("cuda:3")) == [torch.device("cuda:3")]


def test_workers_take_the_devices_by_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []

    class Process:
        exitcode = None

        def is_alive(self) -> bool:
            return True

    class Connection:
        def poll(self) -> bool:
            return False

    def start(self: ProcessCrew, job: Job) -> tuple[Process, Connection]:
        started.append(job.machine["device"])
        return Process(), Connection()

    monkeypatch.setattr(ProcessCrew, "_start", start)
    job = Job("remote", "run", "in-process", {"device": "cuda", "threads": "1"})
    crew = ProcessCrew(job, lambda text: None, 3, ["cuda:0", "cuda:1"])

    assert (crew.tend(), crew.tend()) == (3, 3)
    assert started == ["cuda:0", "cuda:1", "cuda:0"]


@pytest.mark.parametrize(
    ("device", "workers", "size", "place"),
    [
        ("cpu", None, 8, {"num_cpus": 2}),
        ("cpu", 3, 3, {"num_cpus": 2}),
        ("cuda", None, 4, {"num_gpus": 1}),
        ("cuda", 2, 2, {"num_gpus": 1}),
        ("cuda", 10, 10, {"num_gpus": 1 / 3}),
    ],
)
def test_workers_on_ray_have_a_gpu_or_share_it(
    device: str,
    workers: int | None,
    size: int,
    place: dict[str, float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ray = MagicMock()
    ray.cluster_resources.return_value = {"CPU": 16.0, "GPU": 4.0}
    ray.remote.return_value.options.return_value.remote.side_effect = lambda job: MagicMock()
    monkeypatch.setattr(on_ray, "connect", lambda address: ray)
    job = Job("remote", "run", "in-process", {"device": device, "threads": "2"})
    crew = on_ray.RayCrew(job, lambda text: None, "auto", workers)

    assert crew.tend() == crew.size == size
    asked = ray.remote.return_value.options.call_args.kwargs
    assert {name: value for name, value in asked.items() if name.startswith("num_")} == place
