"""The command prune."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from pset_4.cli import cli
from pset_4.settings import Settings
from pset_4.upkeep import pruning
from tests.support.networks.models import make_model
from tests.support.pipeline.database import list_records
from tests.support.pipeline.projects import MakeProject, Project, assert_failed
from tests.support.remotes import faults
from tests.support.remotes.faults import FaultProxy
from tests.support.remotes.outages import out_of_reach
from tests.support.remotes.stores import RemoteStore

on_directory = pytest.mark.parametrize("store", ["directory"], indirect=True)
"""For what does not depend on the kind of the remote."""

KEPT = ["stylized/one.pth/kept.png"]


@pytest.fixture
def orphaned(
    project: Project,
    store: RemoteStore,
    drawing: bytes,
    model: bytes,
) -> Project:
    """A project that painted two images in two styles, of which one each is gone."""
    for name, content in {"kept.png": drawing, "gone.png": drawing}.items():
        store.write(f"images/{name}", content)
    store.write("saved_models/one.pth", model)
    store.write("saved_models/gone.pth", make_model(2))
    project.run_well("main", "--all")
    project.run_well("main", "--all", "--proof", "-i", "gone.png", "-m", "one.pth")
    assert project.run("sheet").exit_code == 0
    store.remove("images/gone.png")
    store.remove("saved_models/gone.pth")
    return project


@on_directory
def test_prune_shows_and_removes_nothing(orphaned: Project, store: RemoteStore) -> None:
    before = orphaned.files(""), store.list()

    result = orphaned.run("prune")

    assert result.exit_code == 0, result.output
    assert "would remove" in result.stderr
    assert "nothing was removed: add --yes" in result.stderr
    assert (orphaned.files(""), store.list()) == before


def test_prune_removes_what_belongs_to_gone_names(orphaned: Project, store: RemoteStore) -> None:
    published = store.list()

    result = orphaned.run("prune", "--yes")

    assert result.exit_code == 0, result.output
    assert orphaned.files("images", "saved_models", "stylized", "proofs", "contact_sheets") == [
        "contact_sheets/kept.png",
        "images/kept.png",
        "saved_models/one.pth",
        *KEPT,
    ]
    records = [path.rpartition("/")[2] for path in list_records(orphaned.data)]
    assert sorted(records) == ["kept.png", "kept.png", "one.pth"]
    assert store.list() == published


@on_directory
@pytest.mark.parametrize("listed", ["list_remote", "list_drop_ins", "list_cache"])
def test_what_another_process_makes_meanwhile_stays(
    listed: str,
    orphaned: Project,
    store: RemoteStore,
    drawing: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    list_place = getattr(pruning, listed)

    new = ["images/new.png", "stylized/one.pth/new.png"]

    def list_and_paint(settings: Settings) -> object:
        monkeypatch.undo()
        found = list_place(settings)
        store.write("images/new.png", drawing)
        for name in new:
            (orphaned.data / name).write_bytes(drawing)
        return found

    monkeypatch.setattr(pruning, listed, list_and_paint)
    assert orphaned.run("prune", "--yes").exit_code == 0

    assert {*new} <= {*orphaned.files("images", "stylized")}


@on_directory
def test_a_file_that_is_there_again_keeps_its_record(
    orphaned: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = orphaned.data / "images" / "kept.png"
    content = path.read_bytes()
    path.unlink()

    def find_and_restore(settings: Settings, in_remote: bool) -> pruning.Leftovers:
        found = find_leftovers(settings, in_remote)
        path.write_bytes(content)  # by another process
        return found

    find_leftovers = pruning.find_leftovers
    monkeypatch.setattr(pruning, "find_leftovers", find_and_restore)
    assert orphaned.run("prune", "--yes").exit_code == 0

    assert path.read_bytes() == content
    assert "images/kept.png" in list_records(orphaned.data)


@on_directory
def test_the_gallery_forgets_them(orphaned: Project) -> None:
    orphaned.run("prune", "--yes")

    page = (orphaned.data / "gallery/index.html").read_text(encoding="utf-8")
    assert "kept.png" in page
    assert "gone" not in page
    assert not (orphaned.data / "gallery/proofs.html").exists()


@pytest.mark.parametrize("words", [("--in-remote",), ("--remote",), ("--remote", "--json")])
def test_results_in_the_remote_are_removed_on_request(
    orphaned: Project, store: RemoteStore, words: tuple[str, ...]
) -> None:
    store.write("mlflow/gone.pth/manifest.json", b"{}")
    store.write("mlflow/one.pth/manifest.json", b"{}")

    orphaned.run("prune", "--yes", *words)

    assert store.list() == [
        "images/kept.png",
        "mlflow/one.pth/manifest.json",
        "saved_models/one.pth",
        *KEPT,
    ]


@on_directory
def test_an_address_may_be_given_besides(orphaned: Project, store: RemoteStore) -> None:
    result = CliRunner().invoke(
        cli, ["prune", "--yes", "--remote", store.url, "--remote", "--data", str(orphaned.data)]
    )

    assert result.exit_code == 0, result.output
    assert store.list() == ["images/kept.png", "saved_models/one.pth", *KEPT]


@on_directory
def test_an_address_alone_extends_nothing(orphaned: Project, store: RemoteStore) -> None:
    before = store.list()

    result = CliRunner().invoke(
        cli, ["prune", "--yes", "--remote", store.url, "--data", str(orphaned.data)]
    )

    assert result.exit_code == 0, result.output
    assert store.list() == before


@on_directory
def test_a_second_time_there_is_nothing_to_remove(orphaned: Project) -> None:
    orphaned.run("prune", "--yes")

    found = json.loads(orphaned.run("prune", "--json").stdout)

    assert found == {"is_removed": False, "paths": [], "kept": 4}


def test_an_empty_remote_does_not_cost_everything(orphaned: Project, store: RemoteStore) -> None:
    store.remove("images/kept.png")
    store.remove("saved_models/one.pth")
    before = orphaned.files(""), store.list()

    result = orphaned.run("prune", "--yes", "--in-remote")

    assert_failed(result, "check --remote; if they really are gone, add --even-all")
    assert (orphaned.files(""), store.list()) == before


@on_directory
def test_everything_is_removed_on_request(orphaned: Project, store: RemoteStore) -> None:
    store.remove("images/kept.png")
    store.remove("saved_models/one.pth")

    orphaned.run("prune", "--yes", "--even-all")

    assert orphaned.files("images", "saved_models", "stylized", "proofs", "contact_sheets") == []


@on_directory
def test_a_remote_with_other_names_does_not_cost_everything(
    orphaned: Project, store: RemoteStore, drawing: bytes
) -> None:
    for name in ("images/kept.png", "saved_models/one.pth"):
        store.remove(name)
    store.write("images/of-somebody-else.png", drawing)

    assert_failed(orphaned.run("prune", "--yes"), "add --even-all")


@on_directory
def test_an_unreachable_remote_costs_nothing(
    orphaned: Project, store: RemoteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = orphaned.files("")

    with out_of_reach(store, monkeypatch):
        result = orphaned.run("prune", "--yes", "--even-all")

    assert result.exit_code != 0
    assert orphaned.files("") == before


@pytest.mark.parametrize("store", ["s3"], indirect=True)
def test_a_remote_that_refuses_costs_nothing(proxy: FaultProxy, orphaned: Project) -> None:
    before = orphaned.files("")

    proxy.permanent_faults["GET"] = faults.refuse(403, "AccessDenied")
    result = orphaned.run("prune", "--yes", "--even-all")

    assert result.exit_code != 0
    assert orphaned.files("") == before


@on_directory
def test_what_is_dropped_in_or_waits_to_be_published_stays(
    make_project: MakeProject, store: RemoteStore, drawing: bytes, model: bytes
) -> None:
    project = make_project("machine", store.url)
    project.drop("waiting.png", drawing)
    project.drop("waiting.pth", model)
    project.run_well("main", "--offline")
    (project.uploads / "waiting.png").unlink()
    before = project.files("images", "saved_models", "stylized")

    project.run("prune", "--yes")

    assert len(before) == 3
    assert project.files("images", "saved_models", "stylized") == before
