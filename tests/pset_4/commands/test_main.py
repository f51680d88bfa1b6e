"""The commands main and demo."""

from __future__ import annotations

import pytest
from PIL import Image

from tests.support.pipeline.projects import Project


def test_without_a_command_main_runs(filled_project: Project) -> None:
    assert filled_project.run_well()["painted"] == 1


def test_main_reports_each_step(filled_project: Project) -> None:
    result = filled_project.run("main")

    # Notes depend on how the engine was installed. The image and the model do not wait for each
    # other, so the order may vary.
    lines = [line for line in result.stderr.splitlines() if not line.startswith("note: ")]
    assert sorted(lines) == [
        "fetched images/photo.jpg",
        "fetched saved_models/one.pth",
        "gallery: machine/data/gallery/index.html",
        "painted stylized/one.pth/photo.jpg",
        "published images/photo.jpg",
        "published saved_models/one.pth",
        "published stylized/one.pth/photo.jpg",
    ]


def test_main_prints_a_summary_with_folders(filled_project: Project) -> None:
    result = filled_project.run("main")

    remote = filled_project.remote_url.removeprefix(f"{filled_project.folder.parent}/")
    assert result.stdout.splitlines() == [
        "painted        1  machine/data/stylized",
        f"published      3  {remote}",
        "fetched        2  machine/data",
    ]


def test_demo_paints_its_samples_and_opens_the_gallery(
    directory_project: Project, many_styles: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("pset_4.demo.samples.PHOTOGRAPHS", ("chelsea.png", "rocket.jpg"))
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr("pset_4.commands.gallery._has_screen", lambda: True)

    summary = directory_project.run_well("demo", "--max-side", "64")

    assert opened == [(directory_project.data / "gallery" / "index.html").as_uri()]
    assert (summary["painted"], summary["failed"]) == (2 * (26 + 2), 0)
    assert directory_project.files("stylized/retina.safetensors") == [
        "stylized/retina.safetensors/chelsea.png",
        "stylized/retina.safetensors/rocket.jpg",
    ]
    for path in directory_project.files("stylized"):
        with Image.open(directory_project.data / path) as result:
            assert max(result.size) == 64, path


def test_demo_shows_first_what_it_would_paint(directory_project: Project, model: bytes) -> None:
    directory_project.drop("one.pth", model)

    result = directory_project.run("demo", "--dry-run")

    assert "would drop in coffee.png\n" in result.stderr
    assert "would paint stylized/multistyle26.onnx@25/rocket.jpg: new\n" in result.stdout
    assert "would paint stylized/ihc.safetensors/coffee.png: new\n" in result.stdout
    assert f"to paint {4 * (1 + 26 + 2):>7}  " in result.stdout
    assert directory_project.files("uploads", "images", "stylized") == ["uploads/one.pth"]
