"""Many transfers at once: as single ones, in fewer requests."""

from __future__ import annotations

from pathlib import Path

import pytest
from luigi.contrib.s3 import S3Target
from luigi.format import Nop

from csci_utils.errors import AlreadyExistsError
from csci_utils.luigi import (
    S3Client,
    SuffixPreservingLocalTarget,
    Transfer,
    transfer_many,
)
from tests.support.remotes.stores import S3Store
from tests.support.remotes.targets import MakeTarget

COUNT = 30


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    """Local files of different contents."""
    folder = tmp_path / "files"
    folder.mkdir()
    paths = [folder / f"{number}.jpg" for number in range(COUNT)]
    for path in paths:
        path.write_bytes(path.name.encode() * 10)
    return paths


def local(path: Path) -> SuffixPreservingLocalTarget:
    return SuffixPreservingLocalTarget(str(path), format=Nop)


def s3(client: S3Client, store: S3Store, name: str, **options: str) -> S3Target:
    return S3Target(f"{store.url}/{name}", format=Nop, client=client, **options)


def test_uploads_of_new_files_cost_one_request_each(
    s3_store: S3Store, sent: tuple[S3Client, list[str]], paths: list[Path]
) -> None:
    client, operations = sent
    targets = [s3(client, s3_store, path.name, IfNoneMatch="*") for path in paths]

    outcomes = list(transfer_many(map(Transfer, map(local, paths), targets)))

    assert [each.error for each in outcomes] == [None] * COUNT
    assert s3_store.list() == sorted(path.name for path in paths)
    # The first one finds out what the server does.
    assert sorted(operations) == ["GetObject", "HeadObject"] + ["PutObject"] * (COUNT + 1)


def test_downloads_cost_one_request_each_and_tell_the_version(
    s3_store: S3Store, sent: tuple[S3Client, list[str]], tmp_path: Path
) -> None:
    client, operations = sent
    for number in range(COUNT):
        s3_store.write(f"{number}.jpg", b"bytes" * number or b"few")
    names = [f"{number}.jpg" for number in range(COUNT)]
    sources = [s3(client, s3_store, name) for name in names]
    targets = [local(tmp_path / "fetched" / name) for name in names]

    outcomes = list(transfer_many(map(Transfer, sources, targets)))

    assert operations == ["GetObject"] * COUNT
    versions = {each.item.source.path: each.get().version for each in outcomes}
    assert versions == {source.path: S3Client().version(source.path) for source in sources}
    for name in names:
        assert (tmp_path / "fetched" / name).read_bytes() == s3_store.read(name)


def test_one_bad_transfer_fails_alone(make_target: MakeTarget, paths: list[Path]) -> None:
    names = [path.name for path in paths]
    transfers = [Transfer(local(path), make_target(path.name)) for path in paths]
    missing = Transfer(local(paths[0].with_name("missing.jpg")), make_target("missing.jpg"))

    outcomes = list(transfer_many([missing, *transfers]))

    (failed,) = (each for each in outcomes if each.error)
    assert failed.item is missing
    assert isinstance(failed.error, FileNotFoundError)
    for path, name in zip(paths, names, strict=True):
        with make_target(name).open("r") as file:
            assert file.read() == path.read_bytes()


def test_of_many_uploads_one_conflict_fails_alone(s3_store: S3Store, paths: list[Path]) -> None:
    client = S3Client()
    s3_store.write(paths[7].name, b"other bytes")
    targets = [s3(client, s3_store, path.name, IfNoneMatch="*") for path in paths]

    outcomes = list(transfer_many(map(Transfer, map(local, paths), targets)))

    (failed,) = (each for each in outcomes if each.error)
    assert failed.item.destination.path == f"{s3_store.url}/{paths[7].name}"
    assert isinstance(failed.error, AlreadyExistsError)
    assert s3_store.read(paths[7].name) == b"other bytes"
