"""`python -m neural_style train`: what it writes, says and refuses."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from neural_style import load, load_picture

torch = pytest.importorskip("torch")

MakePicture = Callable[..., Image.Image]
Training = Callable[..., Any]


# What is written and said


def test_a_trained_style_paints(trained: Any, style_path: Path) -> None:
    assert (trained.code, trained.err, trained.files) == (0, "", ["style.pth"])
    assert load(trained.folder / "style.pth")(load_picture(style_path)).size == (40, 48)


def test_the_model_is_a_plain_state_dict_of_the_names_of_the_reference(
    train: Training, make_state: Callable[..., dict[str, Any]]
) -> None:
    weights = train(
        base_width=None, epochs=1, batch_size=5, image_size=8
    ).weights  # the reference's width
    expected = make_state(32)
    assert {key: value.shape for key, value in weights.items()} == {
        key: value.shape for key, value in expected.items()
    }
    assert {value.dtype for value in weights.values()} == {torch.float32}


def test_training_changes_every_weight_but_not_beyond_measure(
    train: Training, trained: Any
) -> None:
    first, second = train(epochs=1).weights, trained.weights
    assert all((first[key] != second[key]).any() for key in first)
    assert all((first[key] - second[key]).abs().max() < 0.01 for key in first)


def test_lines_tell_the_losses_at_each_interval_and_at_the_end_of_each_epoch(
    trained: Any,
) -> None:
    lines = [line for line in trained.out.splitlines() if not line.endswith(".ckpt")]
    number = r"[\d.e+]+"
    losses = f"content {number} style {number} total {number}"
    clock = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
    expected = ["training on 5 pictures, on cpu"]
    expected += [
        f"{clock} epoch {epoch}/2 pictures {seen}/5 {losses}" for epoch in (1, 2) for seen in (4, 5)
    ]
    expected += [r"wrote .*/style\.pth"]
    assert len(lines) == len(expected)
    for line, pattern in zip(lines, expected, strict=True):
        assert re.fullmatch(pattern, line), line


def test_the_total_is_the_sum_of_both_losses(trained: Any) -> None:
    for line in losses_in(trained):
        assert line["total"] == pytest.approx(line["content"] + line["style"], rel=1e-6)


def test_the_style_is_learned(train: Training) -> None:
    first, *_, last = losses_in(train(epochs=4, lr=0.01, content_weight=0))
    assert last["style"] < 0.8 * first["style"]


def losses_in(outcome: Any) -> list[dict[str, float]]:
    found = re.findall(r"content (\S+) style (\S+) total (\S+)", outcome.out)
    assert found, outcome.out
    return [
        dict(zip(("content", "style", "total"), map(float, line), strict=True)) for line in found
    ]


@pytest.mark.parametrize("names", [["0.png", "b/1.png"], ["a/0.png", "a/b/1.png"]])
def test_pictures_are_found_in_folders_inside_it_too(
    names: list[str], train: Training, dataset: Path
) -> None:
    for place, name in zip(names, ["0.png", "1.png"], strict=True):
        (dataset / place).parent.mkdir(exist_ok=True)
        (dataset / name).rename(dataset / place)
    assert "training on 5 pictures" in train(epochs=1, batch_size=5).out


def test_a_flat_and_a_nested_folder_give_the_same_weights(
    train: Training, trained: Any, dataset: Path
) -> None:
    nested = dataset.rename(dataset.with_name("class"))
    dataset.mkdir()
    nested.rename(dataset / "class")
    assert train().differs_in(trained) == []


def test_the_same_seed_gives_the_same_weights(train: Training, trained: Any) -> None:
    assert train().differs_in(trained) == []


def test_another_seed_gives_other_weights(train: Training, trained: Any) -> None:
    assert train(seed=43).differs_in(trained) != []


def test_training_leaves_the_callers_random_numbers_alone(train: Training) -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    train(epochs=1, batch_size=5)
    assert torch.equal(torch.rand(3), expected)


def test_a_size_that_is_no_multiple_of_4_is_trained_on_too(train: Training) -> None:
    assert train(epochs=1, batch_size=5, image_size=30).code == 0


def test_the_smallest_size_is_trained_on(train: Training) -> None:
    assert train(epochs=1, batch_size=5, image_size=8, style_size=8).code == 0


# Names and folders


def test_a_model_of_that_name_is_not_overwritten(train: Training, tmp_path: Path) -> None:
    (tmp_path / "style.pth").write_text("another")
    outcome = train(save_model_dir=tmp_path)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == (
        f"error: {tmp_path}/style.pth: expected no model of this name yet; give another "
        "--model-name, or take this one away\n"
    )
    assert (tmp_path / "style.pth").read_text() == "another"


def test_a_model_written_meanwhile_is_not_overwritten(
    train: Training, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from neural_style.training import trainer

    def run_slowly(training: Any) -> None:
        (tmp_path / "models-0" / "style.pth").write_text("another")
        original(training)

    original = trainer._Training.run
    monkeypatch.setattr(trainer._Training, "run", run_slowly)
    outcome = train(epochs=1, batch_size=5)
    assert outcome.out.splitlines()[-1] == f"wrote {outcome.folder}/style-2.pth"
    assert (outcome.folder / "style.pth").read_text() == "another"


def test_a_model_can_be_named(train: Training) -> None:
    outcome = train(epochs=1, batch_size=5, model_name="starry.night")
    assert outcome.files == ["starry.night.pth"]


@pytest.mark.parametrize("name", ["", "a/b", "../a", "n" * 201])
def test_a_model_name_that_is_no_files_name_is_refused(name: str, train: Training) -> None:
    outcome = train(model_name=name)
    assert (outcome.code, outcome.out) == (1, "")
    assert "expected the name of a file" in outcome.err


@pytest.mark.parametrize("option", ["save_model_dir", "checkpoint_model_dir"])
def test_a_folder_that_cannot_be_made_is_said(option: str, train: Training, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    outcome = train(**{option: tmp_path / "file"})
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(f"error: {tmp_path}/file: expected a folder to write to, got: ")


def test_a_folder_that_may_not_be_written_to_is_said_before_the_work(
    train: Training, tmp_path: Path, bound_by_permissions: None
) -> None:
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o500)
    outcome = train(save_model_dir=folder)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(f"error: {folder}: expected a folder to write to, got: ")


# Damaged pictures


def test_a_damaged_picture_is_skipped_with_one_line(
    train: Training, trained: Any, dataset: Path
) -> None:
    (dataset / "1a.jpg").write_bytes(b"no picture")
    outcome = train()
    assert outcome.code == 0
    assert len(outcome.err.splitlines()) == 1
    assert outcome.err.startswith(f"skipped {dataset}/1a.jpg: expected a picture")
    assert outcome.differs_in(trained) == []


def test_a_picture_too_long_to_be_scaled_is_skipped(train: Training, dataset: Path) -> None:
    Image.new("L", (1, 400_000)).save(dataset / "long.png")
    outcome = train(epochs=1)
    assert outcome.code == 0
    assert outcome.err.startswith(f"skipped {dataset}/long.png: expected a picture less long")


def test_a_dataset_of_damaged_pictures_alone_is_an_error(train: Training, dataset: Path) -> None:
    for path in dataset.iterdir():
        path.write_bytes(path.read_bytes()[:60])
    outcome = train()
    assert outcome.code == 1
    assert outcome.err.splitlines()[-1] == (
        f"error: {dataset}: expected pictures to train on, but none of its 5 can be read"
    )


def test_a_dataset_without_pictures_is_an_error(train: Training, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").touch()
    outcome = train(dataset=tmp_path / "empty")
    assert (outcome.code, outcome.out) == (1, "")
    assert "expected pictures to train on, got a folder without any" in outcome.err


@pytest.mark.parametrize("name", ["absent", "style.png"])
def test_a_dataset_that_is_no_folder_is_an_error(
    name: str, train: Training, style_path: Path
) -> None:
    outcome = train(dataset=style_path.with_name(name))
    assert outcome.err.startswith(f"error: {style_path.with_name(name)}: expected a folder")


def test_a_style_picture_that_cannot_be_read_is_an_error(train: Training, vgg_path: Path) -> None:
    outcome = train(style_image=vgg_path)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(f"error: {vgg_path}: expected a picture")


def test_a_style_picture_that_is_too_small_is_an_error(
    train: Training, make_picture: MakePicture, tmp_path: Path
) -> None:
    make_picture(30, 7).save(tmp_path / "tiny.png")
    outcome = train(style_image=tmp_path / "tiny.png")
    assert "expected a style picture of at least 8x8 px, got 30x7" in outcome.err


# Options


@pytest.mark.parametrize(
    "option",
    [
        {"epochs": 0},
        {"batch_size": "many"},
        {"image_size": 7},
        {"base_width": -1},
        {"lr": "nan"},
        {"content_weight": -1},
        {"style_weight": "inf"},
        {"seed": 2**32},
        {"log_interval": 0},
        {"cuda": 2},
        {"speed": 9},
    ],
)
def test_a_wrong_option_ends_with_2(option: dict[str, object], train: Training) -> None:
    with pytest.raises(SystemExit) as ended:
        train(**option)
    assert ended.value.code == 2


@pytest.mark.parametrize("missing", ["dataset", "style_image", "save_model_dir"])
def test_a_missing_option_ends_with_2(missing: str, train: Training) -> None:
    with pytest.raises(SystemExit) as ended:
        train(**{missing: None})
    assert ended.value.code == 2


def test_a_width_that_could_not_be_loaded_again_is_an_error(train: Training) -> None:
    assert "expected a base width of at most 128, got 129" in train(base_width=129).err


def test_an_accelerator_that_is_not_there_is_an_error(train: Training) -> None:
    if torch.accelerator.is_available():
        pytest.skip("there is one")
    outcome = train(cuda=1)
    assert outcome.code == 1
    assert (
        "expected an accelerator, and PyTorch finds none on this machine; leave out" in outcome.err
    )


def test_losses_that_are_no_numbers_end_the_training(train: Training) -> None:
    outcome = train(lr=1e30)
    assert outcome.code == 1
    assert "expected finite losses" in outcome.err
    assert outcome.files == []


# Previews


def test_previews_are_painted_at_each_interval_and_at_the_end_of_each_epoch(
    train: Training, picture_path: Path
) -> None:
    outcome = train(preview_image=picture_path, preview_interval=2)
    previews = [f"style_epoch_{epoch}_batch_{batch}.png" for epoch in (1, 2) for batch in (2, 3)]
    assert outcome.files == ["style.pth", *previews]
    for name in previews:
        assert f"wrote {outcome.folder}/{name}" in outcome.out.splitlines()
        assert load_picture(outcome.folder / name).size == (37, 23)


def test_the_last_preview_is_what_the_model_paints(train: Training, picture_path: Path) -> None:
    outcome = train(epochs=1, preview_image=picture_path)
    painted = load(outcome.folder / "style.pth")(load_picture(picture_path))
    assert load_picture(outcome.folder / "style_epoch_1_batch_3.png") == painted


def test_previews_do_not_change_the_training(
    train: Training, trained: Any, picture_path: Path
) -> None:
    previewed = train(preview_image=picture_path, preview_interval=1)
    assert previewed.differs_in(trained) == []


def test_a_preview_of_a_large_picture_is_smaller(
    train: Training, make_picture: MakePicture, tmp_path: Path
) -> None:
    make_picture(1024, 100).save(tmp_path / "large.png")
    outcome = train(epochs=1, batch_size=5, preview_image=tmp_path / "large.png")
    assert load_picture(outcome.folder / "style_epoch_1_batch_1.png").size == (512, 50)


def test_a_preview_picture_that_is_not_there_is_said_before_the_work(
    train: Training, tmp_path: Path
) -> None:
    outcome = train(preview_image=tmp_path / "absent.png")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(f"error: {tmp_path}/absent.png: there is no such file")
