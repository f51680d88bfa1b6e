"""How many workers a machine has room for, and on which devices they paint."""

from __future__ import annotations

from unittest.mock import MagicMock

import pytest

from pset_4.bulk.pools import devices, on_ray
from pset_4.bulk.pools.processes import ProcessPool
from pset_4.bulk.worker.loop import WorkerConfig


def test_each_core_has_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "count_cores", lambda: 7)

    assert devices.list_devices({"threads": "2"}) == ["cpu"] * 3
    assert devices.list_devices({"threads": "8"}) == ["cpu"]


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

    gpus = [torch.device("cuda", index) for index in range(2)]
    memory = gigabytes and gigabytes * 10**9
    monkeypatch.setattr(devices, "count_cores", lambda: cores)
    monkeypatch.setattr(devices, "find_accelerator", lambda name: torch.device(name))
    monkeypatch.setattr(pytorch, "list_alike", lambda device: gpus)
    monkeypatch.setattr(pytorch, "total_memory", lambda device: memory)

    assert devices.list_devices({"threads": "1", "device": "cuda"}) == expected


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

    def start(self: ProcessPool, config: WorkerConfig) -> tuple[Process, Connection]:
        started.append(config.machine["device"])
        return Process(), Connection()

    monkeypatch.setattr(ProcessPool, "_start", start)
    config = WorkerConfig("remote", "run", "in-process", {"device": "cuda", "threads": "1"})
    pool = ProcessPool(config, lambda text: None, 3, ["cuda:0", "cuda:1"])

    assert (pool.refill(), pool.refill()) == (3, 3)
    assert started == ["cuda:0", "cuda:1", "cuda:0"]


@pytest.mark.parametrize(
    ("device", "workers", "size", "resources"),
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
    resources: dict[str, float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ray = MagicMock()
    ray.cluster_resources.return_value = {"CPU": 16.0, "GPU": 4.0}
    ray.remote.return_value.options.return_value.remote.side_effect = lambda config: MagicMock()
    monkeypatch.setattr(on_ray, "connect", lambda address: ray)
    config = WorkerConfig("remote", "run", "in-process", {"device": device, "threads": "2"})
    pool = on_ray.RayPool(config, lambda text: None, "auto", workers)

    assert pool.refill() == pool.size == size
    asked = ray.remote.return_value.options.call_args.kwargs
    assert {name: value for name, value in asked.items() if name.startswith("num_")} == resources
