"""Publishing packages, also by several processes at once."""

from __future__ import annotations

import json
import sys

import pytest

from csci_utils.errors import ChangedError
from pset_4.packaging import transfer
from tests.support.pipeline.projects import Project
from tests.support.pipeline.published import (
    MANIFEST_PATH,
    PACKAGE,
    Files,
    MakePublisher,
    call_after_copy,
    call_at_once,
    read_published,
)
from tests.support.remotes import faults
from tests.support.remotes.faults import FaultProxy
from tests.support.remotes.stores import RemoteStore, S3Store

CODE_PATH = "mlflow/model.pth/code/neural_style/errors.py"
OLD_CODE_PATH = "mlflow/model.pth/code/neural_style/gone.py"


def outdate(store: RemoteStore) -> str:
    """Change the digest of the code in the published manifest, and return the original one."""
    manifest = json.loads(store.read(MANIFEST_PATH))
    store.write(MANIFEST_PATH, json.dumps({**manifest, "code_digest": "older"}).encode())
    return str(manifest["code_digest"])


def test_a_current_package_is_not_published_again(packaged: Project) -> None:
    assert packaged.run_well(*PACKAGE)["published"] == 0


def test_packaging_needs_the_model_in_the_remote(directory_project: Project) -> None:
    result = directory_project.run("package", "--model", "absent.pth")

    assert result.exit_code == 1
    assert "absent.pth: not in the remote; drop it into" in result.stderr


def test_a_package_of_other_code_is_replaced(packaged: Project, store: RemoteStore) -> None:
    digest = outdate(store)

    counts = packaged.run_well(*PACKAGE)

    assert counts["published"] == 1
    assert json.loads(store.read(MANIFEST_PATH))["code_digest"] == digest


def test_a_package_whose_publishing_was_interrupted_is_published_again(
    packaged: Project, store: RemoteStore
) -> None:
    store.remove(MANIFEST_PATH)
    store.remove(CODE_PATH)

    counts = packaged.run_well(*PACKAGE)

    assert counts["published"] == 1
    assert CODE_PATH in store.list()


def test_a_package_that_was_damaged_in_the_remote_is_published_again(
    packaged: Project, store: RemoteStore, package_files: Files
) -> None:
    store.write("mlflow/model.pth/painter.py", b"raise SystemExit")

    counts = packaged.run_well(*PACKAGE)

    assert counts["published"] == 1
    assert read_published(store) == package_files


@pytest.mark.parametrize("content", [b"{", b"[" * 100_000], ids=["short", "deep"])
def test_packaging_repairs_a_damaged_manifest(
    content: bytes, packaged: Project, store: RemoteStore
) -> None:
    store.write(MANIFEST_PATH, content)

    counts = packaged.run_well(*PACKAGE)

    assert counts["published"] == 1
    assert packaged.run_well(*PACKAGE)["published"] == 0


def test_files_that_only_an_older_package_has_are_removed(
    packaged: Project, store: RemoteStore
) -> None:
    store.write(OLD_CODE_PATH, b"pass")
    outdate(store)

    packaged.run_well(*PACKAGE)

    assert OLD_CODE_PATH not in store.list()


def test_publishers_of_the_same_bytes_at_once_all_succeed(
    store: RemoteStore, make_publisher: MakePublisher, package_files: Files
) -> None:
    publishers = [make_publisher(name, package_files) for name in ("one", "two", "three")]
    publishers[0]()

    errors = call_at_once(publishers)

    assert errors == [None] * 3
    assert read_published(store) == package_files


def test_a_fault_while_the_published_package_is_read_is_mended(
    s3_project: Project, proxy: FaultProxy, s3_store: S3Store, model: bytes, package_files: Files
) -> None:
    for path, content in {"saved_models/model.pth": model, **package_files}.items():
        s3_store.write(path, content)
    s3_project.run_well("download", "--model", "model.pth")
    check_access = faults.pass_on
    read_manifest, read_first_file = faults.flip, faults.truncate
    proxy.faults["GET"] = [check_access, read_manifest, faults.pass_on, read_first_file]

    counts = s3_project.run_well(*PACKAGE)

    assert counts["published"] == 0


def test_publishing_the_same_bytes_never_removes_them(
    store: RemoteStore,
    make_publisher: MakePublisher,
    package_files: Files,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish = make_publisher("one", package_files)
    publish()
    call_after_copy("MLmodel", lambda: sys.exit("interrupted"), monkeypatch)

    with pytest.raises(SystemExit):
        publish()

    assert read_published(store) == package_files


def test_a_file_that_another_process_removed_is_ignored(
    store: RemoteStore,
    make_publisher: MakePublisher,
    package_files: Files,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transfer, "list_paths", lambda folder: ["gone.py"])

    make_publisher("one", package_files)()

    assert read_published(store) == package_files


@pytest.mark.soak
def test_files_that_another_process_overwrites_are_sent_again(
    store: RemoteStore,
    make_publisher: MakePublisher,
    package_files: Files,
    other_package_files: Files,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish = make_publisher("one", package_files)
    call_after_copy("MLmodel", make_publisher("other", other_package_files), monkeypatch)

    publish()

    assert read_published(store) == package_files


def test_a_package_that_another_process_replaces_is_given_up(
    store: RemoteStore,
    make_publisher: MakePublisher,
    package_files: Files,
    other_package_files: Files,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish = make_publisher("one", package_files)
    call_after_copy("manifest.json", make_publisher("other", other_package_files), monkeypatch)

    with pytest.raises(ChangedError, match="another package was published here at the same time"):
        publish()

    assert read_published(store) == other_package_files


@pytest.mark.soak
def test_one_of_two_packages_published_at_once_is_left_whole(
    store: RemoteStore,
    make_publisher: MakePublisher,
    package_files: Files,
    other_package_files: Files,
) -> None:
    one = make_publisher("one", package_files)
    other = make_publisher("other", other_package_files)

    errors = call_at_once([one, other])

    assert {type(error) for error in errors} <= {type(None), ChangedError}
    assert read_published(store) in (package_files, other_package_files)


def test_a_refused_removal_is_reported_with_the_needed_permission(
    without_removal: Project, s3_store: S3Store
) -> None:
    s3_store.write(OLD_CODE_PATH, b"pass")

    result = without_removal.run(*PACKAGE)

    assert result.exit_code == 1
    assert "; allow s3:DeleteObject, which replacing a package" in result.stderr


def test_a_package_of_the_same_files_is_replaced_without_a_removal(
    without_removal: Project, s3_store: S3Store, package_files: Files
) -> None:
    without_removal.run_well(*PACKAGE)

    assert read_published(s3_store) == package_files
