"""The listing of a run: streamed, divided into shards, and continued where it stopped."""

from __future__ import annotations

import gzip
import json
import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.scale.driver import REMOTE, make_run, serving
from csci_utils.errors import ChangedError
from pset_4 import context
from pset_4.bulk.listing.manifests import read_manifest
from pset_4.bulk.listing.planning import ShardPlan, ShardPlanner, read_plan
from pset_4.bulk.runs import Run, Runs
from pset_4.bulk.shards import read_shard
from pset_4.errors import PipelineError
from pset_4.settings import Settings, read_settings
from tests.support.bulk import MODEL, write_pictures
from tests.support.remotes.stores import RemoteStore, S3Store

MANY = 6_000


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """The settings of a remote with `MANY` names."""
    monkeypatch.setattr(os, "environ", os.environ.copy())
    with serving(MANY):
        for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, os.environ[name])
        settings = read_settings(REMOTE)
        with context.activated(settings):
            yield settings


def test_names_are_not_held(many: Settings) -> None:
    run = make_run(many)
    planner = ShardPlanner(many, run, "planner")
    peaks: list[int] = []

    def look(plan: ShardPlan) -> None:
        peaks.append(tracemalloc.get_traced_memory()[0])

    tracemalloc.start()
    try:
        plan = planner.write(look)
    finally:
        tracemalloc.stop()

    assert (plan.images, plan.shards, plan.is_complete) == (MANY, 12, True)
    # In the second half, names of 100 bytes each would take 300 kB more.
    assert max(peaks[6:]) < max(peaks[:6]) + 150_000


def test_a_planner_that_is_killed_is_followed_by_another(
    settings: Settings, store: RemoteStore
) -> None:
    names = write_pictures(store, 12)
    runs = Runs(settings)
    run = runs.create(Run(settings.remote_images, {MODEL: "0" * 64}, {}, shard_size=2))
    documents = run.documents(settings)

    def be_killed(plan: ShardPlan) -> None:
        if plan.shards == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ShardPlanner(settings, run, "first").write(be_killed)
    assert not ShardPlanner(settings, run, "second").write().is_complete  # the lease is held
    release(run, settings)
    store.write("images/aaa.png", b"new, and sorted before what is listed already")
    plan = ShardPlanner(settings, run, "third").write()

    assert (plan.images, plan.is_complete) == (12, True)
    assert read_plan(documents) == plan
    listed = [name for number in range(plan.shards) for name in read_shard(documents, number)]
    assert listed == sorted(names)


def release(run: Run, settings: Settings) -> None:
    """Let others have the lease of a planner that was killed."""
    documents = run.documents(settings)
    found = documents.read("planning.json")
    assert found is not None
    free = json.loads(found.data) | {"is_free": True}
    assert documents.replace("planning.json", json.dumps(free).encode(), found.tag)


ROOT = "s3://photos/2024"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b"key,size\nx.jpg,1\nsub/y.jpg,2\n"),
        ("b.csv", b"x.jpg\nsub/y.jpg\n"),
        ("c.csv.gz", gzip.compress(b"\xef\xbb\xbfsize,Key\n1,x.jpg\n2,sub/y.jpg\n", mtime=0)),
        ("d.csv", b"url\ns3://photos/2024/x.jpg\ns3://other/z.jpg\ns3://photos/2024/sub/y.jpg\n"),
    ],
)
def test_names_come_from_a_table(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    assert list(read_manifest(str(path), ROOT, "")) == ["x.jpg", "sub/y.jpg"]
    assert list(read_manifest(str(path), ROOT, "sub/")) == ["sub/y.jpg"]


def test_names_come_from_parquet(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="the extra `parquet` is not installed")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "names.parquet"
    table = {
        "size": [1, 2, 3],
        "key": ["x.jpg", "sub/y.jpg", "old.jpg"],
        "is_delete_marker": [False, False, True],
    }
    parquet.write_table(pyarrow.table(table), str(path))

    assert list(read_manifest(str(path), ROOT, "")) == ["x.jpg", "sub/y.jpg"]


def test_names_come_from_an_inventory(s3_store: S3Store) -> None:
    rows = '"photos","2024/x%20%2B.jpg","true","false"\n"photos","2024/old.jpg","false","false"\n'
    rows += '"photos","2024/gone.jpg","true","true"\n"photos","2025/y.jpg","true","false"\n'
    s3_store.write("inventory/data/1.csv.gz", gzip.compress(rows.encode()))
    report = {
        "sourceBucket": "photos",
        "destinationBucket": f"arn:aws:s3:::{s3_store.bucket}",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, IsLatest, IsDeleteMarker",
        "files": [{"key": f"{s3_store.prefix}inventory/data/1.csv.gz", "size": 1}],
    }
    s3_store.write("inventory/manifest.json", json.dumps(report).encode())

    with context.activated(read_settings(s3_store.url)):
        found = list(read_manifest(f"{s3_store.url}/inventory/manifest.json", ROOT, ""))

    assert found == ["x +.jpg"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("names.txt", b"x.jpg\n", "neither .csv, .csv.gz, .parquet nor manifest.json"),
        ("names.csv", b"\xff\xfe\x00", "not a CSV file"),
        ("names.csv.gz", b"no gzip", "not a CSV file"),
        ("names.parquet", b"no table", "not a Parquet file"),
        ("manifest.json", b"{}", "not a manifest of S3 Inventory"),
        ("manifest.json", b'{"fileFormat": "ORC"}', "S3 Inventory in the format ORC"),
    ],
)
def test_what_is_no_manifest_is_refused(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(PipelineError, match=message):
        list(read_manifest(str(path), ROOT, ""))


def test_a_manifest_that_changed_is_not_gone_on_with(
    settings: Settings, store: RemoteStore, tmp_path: Path
) -> None:
    manifest = tmp_path / "names.csv"
    manifest.write_text("key\na.png\nb.png\n")
    runs = Runs(settings)
    images = settings.remote_images
    run = runs.create(Run(images, {MODEL: "0" * 64}, {}, str(manifest), shard_size=1))

    def be_killed(plan: ShardPlan) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ShardPlanner(settings, run, "first").write(be_killed)
    release(run, settings)
    manifest.write_text("key\nc.png\n")

    with pytest.raises(ChangedError, match=r"a.png is not in it any more"):
        ShardPlanner(settings, run, "second").write()
