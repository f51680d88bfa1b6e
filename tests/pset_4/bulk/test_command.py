"""The command `bulk` as people run it, with workers in processes of their own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pset_4.bulk import pools, starting
from pset_4.bulk.pools.processes import ProcessPool
from pset_4.settings import Settings
from tests.support.bulk import MODEL, list_results, read_run, write_pictures
from tests.support.pipeline.projects import MakeProject, Project, assert_failed
from tests.support.remotes.stores import DirectoryStore, RemoteStore

pytestmark = pytest.mark.s3_in_soak


@pytest.mark.s3_every_day
def test_a_run_paints_everything_and_leaves_nothing_here(
    project: Project, store: RemoteStore
) -> None:
    names = write_pictures(store, 10)

    result = project.run("bulk", "-m", MODEL, "--workers", "2", "--shard-size", "3")

    assert result.exit_code == 0, result.output
    assert "done      10 of 10 pictures (100.0%)" in result.stdout
    assert list_results(store) == sorted(names)
    assert read_run(project)["shards_done"] == 4
    assert project.files() == []


def test_a_dry_run_counts_and_writes_nothing(project: Project, store: RemoteStore) -> None:
    names = write_pictures(store, 5)
    store.write("images/CON.png", store.read(f"images/{names[0]}"))
    before = store.list()

    result = project.run("bulk", "-m", MODEL, "--dry-run")
    as_json = json.loads(project.run("bulk", "-m", MODEL, "--dry-run", "--json").stdout)

    assert result.exit_code == 0, result.output
    begin, *lines = result.stdout.splitlines()
    assert begin == f"would begin run {as_json['run']}"
    assert lines == [
        f"images    5  {store.url}/images",
        "refused   1  names of images that cannot be used",
        f"styles    1  {MODEL}",
        "results   5  those that are published are not painted again",
        "nothing was written",
    ]
    assert (as_json["images"], as_json["refused"], as_json["is_under_way"]) == (5, 1, False)
    assert store.list() == before
    project.run("bulk", "-m", MODEL, "--workers", "1")
    assert read_run(project)["run"] == as_json["run"]


@pytest.mark.parametrize("text", ["m", "*.pth"])
def test_styles_are_found_without_suffix_and_by_pattern(
    project: Project, store: RemoteStore, text: str
) -> None:
    write_pictures(store, 1)

    result = project.run("bulk", "-m", text, "--dry-run", "--json")

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["models"] == [MODEL]


def test_a_run_without_images_says_so(
    directory_project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ProcessPool, "refill", lambda pool: 0)  # starts no workers
    write_pictures(DirectoryStore(directory_project.remote_url), 0)
    (tmp_path / "empty").mkdir()

    result = directory_project.run("bulk", "-m", MODEL, "--images", str(tmp_path / "empty"))

    assert result.exit_code == 0, result.output
    assert "no images found: check --images, --manifest and --remote" in result.stdout


def test_a_dry_run_joins_no_run(directory_project: Project) -> None:
    result = directory_project.run("bulk", "--worker", "--dry-run")

    assert_failed(result, "leave it out, or see bulk status", exit_code=2)


def test_failures_are_listed_and_tried_again(
    directory_project: Project, directory_store: DirectoryStore
) -> None:
    names = write_pictures(directory_store, 3)
    good = directory_store.read(f"images/{names[1]}")
    directory_store.write(f"images/{names[1]}", b"no picture")

    first = directory_project.run("bulk", "-m", MODEL, "--workers", "1")
    table = directory_project.run("bulk", "status", "--failures")
    directory_store.write(f"images/{names[1]}", good)
    second = directory_project.run("bulk", "-m", MODEL, "--workers", "1", "--retry-failed")

    assert (first.exit_code, second.exit_code) == (1, 0), first.output + second.output
    lines = [json.loads(line) for line in table.stdout.splitlines()]
    assert [(line["image"], line["model"]) for line in lines] == [(names[1], MODEL)]
    assert read_run(directory_project)["pictures"] == 1
    assert list_results(directory_store) == sorted(names)


def test_images_from_elsewhere_are_painted_to_the_remote(
    directory_project: Project, directory_store: DirectoryStore, tmp_path: Path
) -> None:
    write_pictures(directory_store, 2)
    Path(directory_store.url, "images").rename(tmp_path / "photographs")

    result = directory_project.run(
        "bulk", "-m", MODEL, "--workers", "1", "--images", str(tmp_path / "photographs")
    )

    assert result.exit_code == 0, result.output
    assert list_results(directory_store) == ["p0001.png", "sub/p0000.png"]


def test_a_folder_in_the_remote_keeps_the_names_that_main_knows(
    directory_project: Project, directory_store: DirectoryStore
) -> None:
    write_pictures(directory_store, 4)

    folder = f"{directory_store.url}/images/sub"
    result = directory_project.run("bulk", "-m", MODEL, "--workers", "1", "--images", folder)

    assert result.exit_code == 0, result.output
    assert list_results(directory_store) == ["sub/p0000.png", "sub/p0003.png"]


@pytest.mark.parametrize(
    ("arguments", "message", "exit_code"),
    [
        (("--worker",), "no run is under way", 1),
        (("--run", "0123456789ab-0001"), "there is no such run", 1),
        (("-m", "absent.pth"), "saved_models/absent.pth: not in the remote; drop it in", 1),
        (("-m", "mm"), "no style model has such a name; did you mean m.pth?", 1),
        (("-m", "m@strength=0.5"), "give the look as options", 2),
        (("-m", MODEL, "--images", "."), "the remote lies in this folder", 2),
        (("-m", MODEL, "--images", "absent"), "there is no such directory", 1),
        (("-m", MODEL, "--manifest", "absent.csv"), "there is no such file", 1),
        (("--worker", "-m", MODEL), "knows its images and styles", 2),
        (("-m", MODEL, "--runner", "mlflow"), "does not paint with the runner mlflow", 2),
        (("-m", "broken.pth"), "saved_models/broken.pth: expected a style model", 1),
        (("-m", MODEL, "--lease", "1s"), "expected a lease of 2 seconds", 1),
    ],
)
def test_what_cannot_be_run_is_refused_before_any_worker_starts(
    directory_project: Project,
    directory_store: DirectoryStore,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    message: str,
    exit_code: int,
) -> None:
    monkeypatch.delattr(pools, "ProcessPool")
    write_pictures(directory_store, 1)
    directory_store.write("saved_models/broken.pth", b"some text")

    assert_failed(directory_project.run("bulk", *arguments), message, exit_code)


def test_a_run_over_other_images_is_joined_only_by_naming_them(
    make_project: MakeProject, directory_store: DirectoryStore, tmp_path: Path
) -> None:
    write_pictures(directory_store, 1)
    Path(directory_store.url, "images").rename(tmp_path / "private")
    project = make_project("machine", directory_store.url)
    private = str(tmp_path / "private")
    begun = project.run("bulk", "-m", MODEL, "--workers", "1", "--images", private)
    assert begun.exit_code == 0, begun.output
    assert f"bulk --worker --images {private}\n" in begun.stderr
    run_id = read_run(project)["run"]

    refused = project.run("bulk", "--run", run_id)
    joined = project.run("bulk", "--run", run_id, "--images", private)

    assert_failed(refused, "private: the run reads this, which is not in the remote; if it may be")
    assert joined.exit_code == 0, joined.output


def test_a_run_that_was_altered_is_not_joined(
    directory_project: Project, directory_store: DirectoryStore
) -> None:
    write_pictures(directory_store, 1)
    directory_project.run("bulk", "-m", MODEL, "--workers", "1")
    path = f"bulk/runs/{read_run(directory_project)['run']}.json"
    altered = directory_store.read(path).replace(b"/images", b"/private")
    directory_store.write(path, altered)

    assert_failed(
        directory_project.run("bulk", "--run", Path(path).stem), "somebody has altered it"
    )


def test_no_worker_is_told_a_secret(
    settings: Settings, store: RemoteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pictures(store, 1)
    request = starting.RunRequest(None, [MODEL], None, False, 10, 60)
    run, _ = starting.start_run(settings, request, {})

    pool = pools.make_pool(settings, run, lambda text: None, 3, None)

    assert isinstance(pool, ProcessPool) and pool.size == 3
    assert "test-secret" not in repr(pool.config) and "test-key" not in repr(pool.config)
    assert set(pool.config.machine) <= {"threads", "memory"}


def test_the_last_workers_end_a_run_whose_driver_is_gone(
    make_project: MakeProject, directory_store: DirectoryStore
) -> None:
    write_pictures(directory_store, 6)
    driver, other = (make_project(name, directory_store.url) for name in ("driver", "other"))
    first = driver.run("bulk", "-m", MODEL, "--workers", "1", "--shard-size", "2")
    assert first.exit_code == 0, first.output
    run = Path(directory_store.url, "bulk", read_run(other)["run"])
    for done in sorted(run.glob("done/*"))[:2]:
        done.unlink()
    (run / "finished.json").unlink()
    shutil.rmtree(run / "claims")

    joined = other.run("bulk", "--worker", "--workers", "1")

    assert joined.exit_code == 0, joined.output
    assert "done      6 of 6 pictures" in joined.stdout
    assert (run / "finished.json").is_file()
