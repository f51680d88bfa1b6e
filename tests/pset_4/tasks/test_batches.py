"""Tasks that stand for many images: what they make, what fails alone, and what they cost."""

from __future__ import annotations

from pathlib import Path

import luigi
import pytest

from csci_utils.listing import ListedFile
from pset_4.states.listings import FIRST_QUESTIONS, Listings
from pset_4.tasks.batch import join_pairs
from pset_4.tasks.main import MainTask
from pset_4.tasks.parameters import join_images
from pset_4.tasks.stylize import Stylize
from tests.support.pipeline.projects import MakeProject, Project, failures, read_summary
from tests.support.remotes.faults import FaultProxy
from tests.support.remotes.stores import RemoteStore, S3Store

COUNT = 30


def drop_many(project: Project, drawing: bytes, model: bytes) -> list[str]:
    """Drop a style and many images in, and return the names of the images."""
    names = [f"{number:02}.png" for number in range(COUNT)]
    for name in names:
        project.drop(name, drawing)
    project.drop("one.pth", model)
    return names


def list_results(project: Project) -> list[str]:
    return [path.removeprefix("stylized/one.pth/") for path in project.files("stylized")]


def test_a_task_for_several_images_makes_all_of_them(
    in_force: Project, store: RemoteStore, drawing: bytes, model: bytes
) -> None:
    names = drop_many(in_force, drawing, model)[:3]

    assert luigi.build([MainTask(image=join_images(names), model="one.pth")], local_scheduler=True)

    assert list_results(in_force) == names
    assert [path for path in store.list() if path.startswith("stylized/")] == [
        f"stylized/one.pth/{name}" for name in names
    ]


def test_luigi_joins_tasks_for_one_image(
    in_force: Project, store: RemoteStore, drawing: bytes, model: bytes
) -> None:
    names = drop_many(in_force, drawing, model)[:3]
    started: list[int] = []

    def count(task: Stylize) -> None:
        started.append(len(task.names))

    Stylize.event_handler(luigi.Event.START)(count)
    tasks = [MainTask(image=name, model="one.pth") for name in names]
    assert luigi.build(tasks, local_scheduler=True)
    Stylize.remove_event_handler(luigi.Event.START, count)

    assert started == [3]
    assert list_results(in_force) == names


def test_one_bad_image_of_a_batch_fails_alone_and_is_tried_again_alone(
    project: Project, drawing: bytes, model: bytes
) -> None:
    names = drop_many(project, drawing, model)
    project.drop(names[7], b"no image")

    result = project.run("main")

    (failure,) = failures(result)
    assert failure.startswith(f"failed: {project.uploads / names[7]}: ")
    assert read_summary(result)["painted"] == COUNT - 1
    project.drop(names[7], drawing)
    assert project.run_well("main")["painted"] == 1


def test_a_finished_run_asks_s3_little(
    s3_project: Project, proxy: FaultProxy, drawing: bytes, model: bytes
) -> None:
    drop_many(s3_project, drawing, model)
    s3_project.run_well("main")
    proxy.methods.clear()

    summary = s3_project.run_well("main")

    assert summary == {"skipped": COUNT}
    assert len(proxy.methods) <= 2 * (FIRST_QUESTIONS + 1) + 3


def test_an_object_that_was_replaced_is_noticed_in_a_listing(
    s3_project: Project, s3_store: S3Store, photograph: bytes, drawing: bytes, model: bytes
) -> None:
    names = drop_many(s3_project, drawing, model)
    s3_project.run_well("main")
    for name in names:
        (s3_project.uploads / name).unlink()
    s3_store.write(f"images/{names[-1]}", drawing + b"more")
    s3_store.remove(f"images/{names[-2]}")

    result = s3_project.run("main", "--model", "one.pth", *(f"--image={name}" for name in names))

    (failure,) = failures(result)
    assert f"{names[-2]}: not in the remote" in failure
    summary = read_summary(result)
    assert (summary["fetched"], summary["painted"]) == (1, 1)


def test_few_files_are_asked_for_one_by_one_and_many_are_listed() -> None:
    listed: list[str] = []
    files = [ListedFile(f"r/images/{number}", 1, 0.0, "") for number in range(10)]

    def list_files(folder: str) -> list[ListedFile]:
        listed.append(folder)
        return files

    listings = Listings(lambda folder: iter(list_files(folder)), ["r/images"])
    for _ in range(FIRST_QUESTIONS):
        with pytest.raises(LookupError):
            listings.find("r/images/1")
    assert listed == []

    assert listings.find("r/images/1") == files[1]
    assert listings.find("r/images/none") is None
    listings.forget("r/images/1")
    with pytest.raises(LookupError):
        listings.find("r/images/1")
    with pytest.raises(LookupError):
        listings.find("r/other/1")
    assert listed == ["r/images"]


def test_the_images_of_a_model_are_joined_in_the_order_of_the_pairs() -> None:
    pairs = [(image, model) for image in "abc" for model in "12"]

    assert list(join_pairs(pairs, 2)) == [("a|b", "1"), ("a|b", "2"), ("c", "1"), ("c", "2")]


def test_the_id_of_a_task_tells_data_folders_apart(
    make_project: MakeProject, tmp_path: Path
) -> None:
    ids = set()
    for name in ("first", "second"):
        with make_project(name, str(tmp_path / "remote")).in_force():
            ids.add(Stylize(image="a.png", model="one.pth").task_id)

    assert len(ids) == 2
