"""The options --max-side and --content-scale where the remote has a larger result, and --force."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from tests.support.pipeline.projects import (
    MakeProject,
    Project,
    assert_failed,
    failures,
    read_summary,
)
from tests.support.remotes.stores import RemoteStore

pytestmark = pytest.mark.s3_in_soak

RESULT = "stylized/one.pth/photo.jpg"


@pytest.fixture
def painted(filled_project: Project) -> Project:
    """A project with one result of full size, published."""
    filled_project.run_well("main")
    return filled_project


def size(content: bytes) -> tuple[int, int]:
    with Image.open(BytesIO(content)) as image:
        return image.size


@pytest.mark.parametrize(("option", "side"), [("--max-side=16", 16), ("--content-scale=2", 48)])
def test_a_smaller_result_does_not_replace_a_larger_one(
    painted: Project, store: RemoteStore, option: str, side: int
) -> None:
    published = store.read(RESULT)
    width, height = size(published)

    result = painted.run("main", option)

    expected = f"not replaced by a result of at most {side} px: the remote has it at"
    assert_failed(result, f"{expected} {width}x{height}; ")
    assert "add --force to replace it" in result.stderr
    assert len(failures(result)) == 1
    assert store.read(RESULT) == published
    assert (painted.data / RESULT).read_bytes() == published


def test_nor_does_one_that_was_painted_before(
    make_project: MakeProject, painted: Project, store: RemoteStore
) -> None:
    published = store.read(RESULT)
    other = make_project("another machine", store.url)
    words = ("--max-side", "16", "-i", "photo.jpg", "-m", "one.pth")
    other.run_well("stylize", *words)

    assert other.run("main", *words).exit_code == 1
    assert store.read(RESULT) == published


def test_a_dry_run_announces_that(painted: Project) -> None:
    assert_failed(painted.run("main", "--max-side", "16", "--dry-run"), "the remote has it at ")


def test_force_replaces_it(painted: Project, store: RemoteStore) -> None:
    painted.run_well("main", "--max-side", "16", "--force")

    assert max(size(store.read(RESULT))) == 16


@pytest.mark.s3_every_day
def test_a_larger_result_replaces_a_smaller_one(painted: Project, store: RemoteStore) -> None:
    width, height = size(store.read(RESULT))
    painted.run_well("main", "--max-side", "16", "--force")
    painted.run_well("main", "--max-side", "24")
    painted.run_well("main", "--content-scale", "2")

    painted.run_well("main")

    assert size(store.read(RESULT)) == (width, height)


def test_force_paints_once_more(painted: Project) -> None:
    result = painted.run("main", "--force")

    assert read_summary(result)["painted"] == 1
    assert painted.run_well("main")["painted"] == 0


def test_force_paints_again_what_needs_no_publishing(painted: Project) -> None:
    assert painted.run_well("stylize", "--no-upload", "--force")["painted"] == 1
