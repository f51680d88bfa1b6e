"""Contact sheets, made for real: a directory remote, a photograph, thin networks."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import luigi
import pset_4
import pytest
import torch
from click.testing import CliRunner, Result
from neural_style import TransformerNet
from PIL import Image

from {{ cookiecutter.project_slug }}.__main__ import cli
from {{ cookiecutter.project_slug }}.tasks import ContactSheet

STYLES = ["one.pth", "two.pth"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture(autouse=True)
def remote(tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory remote with one image and two styles, for tasks and commands."""
    remote = tmp_path / "remote"
    torch.set_num_threads(1)  # more only wait for each other over pictures this small
    # Away from the project's own folder, whose .env is not for tests.
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PSET_4_DATA", str(data))
    monkeypatch.setenv("PSET_4_REMOTE", str(remote))
    save_photograph(remote / "images" / "photo.png", "coffee.png")
    for seed, style in enumerate(STYLES):
        save_style(remote / "saved_models" / style, seed)
    with pset_4.activated():
        yield remote


def save_photograph(path: Path, name: str) -> None:
    """A photograph of scikit-image, 48x36."""
    spec = find_spec("skimage")
    assert spec and spec.origin
    path.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(Path(spec.origin).parent / "data" / name) as photograph:
        photograph.convert("RGB").resize((48, 36)).save(path)


def save_style(path: Path, seed: int) -> None:
    """A network of random weights, a quarter as wide as the official ones."""
    torch.manual_seed(seed)
    state = TransformerNet(base_width=8).state_dict()
    # Untrained, it would paint in the few levels above black.
    state["deconv3.conv2d.weight"] *= 64
    state["deconv3.conv2d.bias"] += 128
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(state, path)


def make_sheet(styles: list[str] = STYLES) -> ContactSheet:
    sheet = ContactSheet(image="photo.png", models=styles)
    luigi.build([sheet], local_scheduler=True)
    assert sheet.complete()
    return sheet


def test_a_sheet_shows_the_picture_in_each_style() -> None:
    made = make_sheet()
    results = [Image.open(result.path) for result in made.input()]
    assert results[0].tobytes() != results[1].tobytes()
    expected = pset_4.lay_out(list(zip(STYLES, results, strict=True)))
    with Image.open(made.output().path) as sheet:
        assert sheet.tobytes() == expected.tobytes()


def test_a_replaced_style_makes_a_sheet_anew(remote: Path) -> None:
    sheet = make_sheet()
    before = Path(sheet.output().path).read_bytes()
    save_style(remote / "saved_models" / "two.pth", seed=7)
    assert not sheet.complete()
    assert Path(make_sheet().output().path).read_bytes() != before


def test_a_replaced_picture_makes_a_sheet_anew(remote: Path) -> None:
    sheet = make_sheet()
    save_photograph(remote / "images" / "photo.png", "chelsea.png")
    assert not sheet.complete()


def test_another_order_of_styles_is_another_sheet() -> None:
    make_sheet()
    assert not ContactSheet(image="photo.png", models=STYLES[::-1]).complete()


def test_an_altered_sheet_is_made_anew() -> None:
    path = Path(make_sheet().output().path)
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    make_sheet()
    assert path.read_bytes() == whole


def run_command(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--image", "photo.png", "--model", "one.pth", *arguments])


def test_the_command_publishes_the_sheet_and_prints_where(remote: Path, data: Path) -> None:
    result = run_command()
    assert (result.exit_code, result.stdout) == (0, "remote/contact_sheets/photo.png\n")
    published, made = (root / "contact_sheets" / "photo.png" for root in (remote, data))
    assert published.read_bytes() == made.read_bytes()


def test_the_sheet_of_an_image_in_a_folder_lies_in_one(remote: Path) -> None:
    save_photograph(remote / "images" / "lisbon" / "tram.png", "coffee.png")
    result = CliRunner().invoke(cli, ["--image", "lisbon/*", "--style", "one"])
    assert (result.exit_code, result.stdout) == (0, "remote/contact_sheets/lisbon/tram.png\n")


def test_without_upload_the_sheet_stays_here(remote: Path) -> None:
    result = run_command("--no-upload")
    assert (result.exit_code, result.stdout) == (0, "data/contact_sheets/photo.png\n")
    assert not (remote / "contact_sheets").exists()


def test_a_style_that_is_not_there_is_named_and_fails() -> None:
    result = run_command("--model", "three.pth")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "three.pth: not in the remote" in result.stderr
