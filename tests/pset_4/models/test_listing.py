"""The command ``models list``."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from neural_style import StyleDescription
from pset_4.errors import RunnerError
from pset_4.models import listing
from pset_4.settings import Settings
from tests.support.networks.models import MODEL_WIDTH, make_model
from tests.support.pipeline.projects import Project
from tests.support.remotes.stores import DirectoryStore, RemoteStore, S3Store

pytestmark = pytest.mark.s3_in_soak

Listed = dict[str, object]
"""A model in the JSON output."""


def read_models(output: str) -> list[Listed]:
    models: list[Listed] = json.loads(output)["models"]
    return models


def list_models(project: Project) -> list[Listed]:
    result = project.run("models", "list", "--json")
    assert result.exit_code == 0, result.output
    return read_models(result.stdout)


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.mark.s3_every_day
def test_each_model_is_listed_in_each_place(project: Project, store: RemoteStore) -> None:
    contents = {"drop-in": make_model(1), "remote": make_model(2), "cache": make_model(3)}
    project.drop("one.pth", contents["drop-in"])
    store.write("saved_models/one.pth", contents["remote"])
    cached = project.data / "saved_models" / "one.pth"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(contents["cache"])

    models = list_models(project)

    assert models == [
        {
            "name": "one.pth",
            "place": place,
            "size": len(content),
            "sha256": digest_of(content),
            "loads": True,
            "base_width": MODEL_WIDTH,
            "styles": None,
            "reason": None,
        }
        for place, content in contents.items()
    ]


def test_listing_writes_nothing(project: Project, store: RemoteStore, model: bytes) -> None:
    store.write("saved_models/one.pth", model)

    models = list_models(project)

    assert [found["place"] for found in models] == ["remote"]
    assert store.list() == ["saved_models/one.pth"]
    assert list(project.data.iterdir()) == []


def test_the_number_of_styles_in_a_file_is_listed(
    project: Project, store: RemoteStore, many_styles: bytes
) -> None:
    store.write("saved_models/many.onnx", many_styles)

    (model,) = list_models(project)

    assert (model["loads"], model["base_width"], model["styles"]) == (True, 32, 26)


@pytest.mark.s3_every_day
@pytest.mark.parametrize("place", ["cache", "drop-in"])
def test_a_local_file_with_the_bytes_in_s3_is_not_downloaded(
    project: Project, model: bytes, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    path = project.drop("one.pth", model)
    project.run_well("upload")
    if place == "cache":
        project.run_well("download")
        path.unlink()
    monkeypatch.delattr(listing, "copy")

    models = list_models(project)

    digests = {found["place"]: found["sha256"] for found in models}
    assert digests == dict.fromkeys([place, "remote"], digest_of(model))


def test_a_model_that_does_not_load_is_listed_with_the_reason(
    project: Project, store: RemoteStore, model: bytes
) -> None:
    store.write("saved_models/bad.pth", b"<html>")
    store.write("saved_models/good.pth", model)

    bad, good = list_models(project)

    assert (bad["loads"], good["loads"]) == (False, True)
    assert str(bad["reason"]).startswith("expected a style model, got text that begins")


def test_an_object_that_is_too_large_for_a_model_is_not_read(
    s3_project: Project, s3_store: S3Store, model: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MAX_STYLE_BYTES", len(model) - 1)
    s3_store.write("saved_models/one.pth", model)

    (found,) = list_models(s3_project)

    assert (found["loads"], found["size"], found["sha256"]) == (False, len(model), None)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_neither_links_nor_fifos_are_read(
    directory_project: Project, directory_store: DirectoryStore, tmp_path: Path, model: bytes
) -> None:
    directory_store.write("saved_models/one.pth", model)
    (tmp_path / "private.pth").write_bytes(model)
    published = Path(directory_store.url, "saved_models")
    (published / "link.pth").symlink_to(tmp_path / "private.pth")
    os.mkfifo(published / "fifo.pth")
    (directory_project.data / "saved_models").mkdir()
    os.mkfifo(directory_project.data / "saved_models" / "cached.pth")

    result = directory_project.run("models", "list", "--json")
    models = {model["name"]: model for model in read_models(result.stdout)}

    assert "which is not followed" in str(models["link.pth"]["reason"])
    assert [model["sha256"] for model in models.values()].count(None) == 3
    assert models["one.pth"]["loads"]


@pytest.mark.usefixtures("bound_by_permissions")
def test_an_unreadable_model_fails_the_command_and_lists_the_others(
    directory_project: Project, model: bytes
) -> None:
    directory_project.drop("locked.pth", model).chmod(0)
    directory_project.drop("one.pth", model)

    result = directory_project.run("models", "list", "--json")

    loads = {found["name"]: found["loads"] for found in read_models(result.stdout)}
    assert result.exit_code == 1
    assert loads == {"locked.pth": None, "one.pth": True}


def test_a_model_that_cannot_be_loaded_here_is_listed_as_unknown(
    directory_project: Project, model: bytes
) -> None:
    def fail(path: str) -> StyleDescription:
        raise RunnerError("does not start", path="/no/python", remedy="check --python")

    directory_project.drop("one.pth", model)
    settings = Settings(str(directory_project.data), directory_project.remote_url, False)

    (found,) = listing.list_models(settings, fail).models

    assert found.loads is None
    assert found.reason == "/no/python: does not start; check --python"
    assert found.sha256 == digest_of(model)


def test_an_invalid_name_is_listed_as_refused(
    project: Project, store: RemoteStore, model: bytes
) -> None:
    store.write("saved_models/CON.pth", model)

    result = project.run("models", "list")

    assert result.exit_code == 0
    assert "refused: CON.pth: Windows reserves the name for a device; " in result.stdout


def test_the_output_is_a_table(directory_project: Project, many_styles: bytes) -> None:
    directory_project.drop("bad.pth", b"<html>")
    directory_project.drop("many.onnx", many_styles)

    result = directory_project.run("models", "list")

    digest, bad_digest = digest_of(many_styles)[:12], digest_of(b"<html>")[:12]
    assert result.stdout.splitlines() == [
        "remote  remote-directory",
        "data    machine/data",
        "",
        "MODELS     place    size      width      SHA-256        loads",
        f"bad.pth    drop-in  6 bytes   -          {bad_digest}…  no",
        f"many.onnx  drop-in  {len(many_styles) / 1e3:.1f} kB  26 styles  {digest}…  yes",
        "",
        "bad.pth (drop-in): expected a style model, got text that begins '<html>'; "
        "download the model again",
    ]


def test_a_listing_without_models_is_empty(project: Project) -> None:
    assert list_models(project) == []
