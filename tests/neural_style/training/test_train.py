"""`python -m neural_style train`: what it writes and prints."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from neural_style import load, load_picture
from neural_style.training.events import Event, Started
from neural_style.training.options import TrainingOptions
from tests.support.networks.styles import make_picture
from tests.support.networks.training import Outcome, Train, differing_weights, read_losses

pytest.importorskip("torch")

import torch

from neural_style.training import trainer
from neural_style.transformer_net import TransformerNet

TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
NUMBER = r"[\d.e+]+"
LOSSES = f"content {NUMBER} style {NUMBER} total {NUMBER}"


# The model


def test_the_trained_model_paints(trained: Outcome, style_path: Path) -> None:
    style = load(trained.folder / "style.pth")

    painted = style(load_picture(style_path))

    assert painted.size == (40, 48)


def test_a_training_writes_nothing_but_the_model(trained: Outcome) -> None:
    assert (trained.code, trained.err, trained.files) == (0, "", ["style.pth"])


def test_the_model_is_a_state_dict_with_the_names_of_the_reference(train: Train) -> None:
    outcome = train(base_width=None, epochs=1, batch_size=5, image_size=8)

    shapes = {key: value.shape for key, value in outcome.weights.items()}
    assert shapes == {key: value.shape for key, value in TransformerNet().state_dict().items()}
    assert {value.dtype for value in outcome.weights.values()} == {torch.float32}


def test_training_changes_every_weight_a_little(train: Train, trained: Outcome) -> None:
    first, second = train(epochs=1).weights, trained.weights

    assert all((first[key] != second[key]).any() for key in first)
    assert all((first[key] - second[key]).abs().max() < 0.01 for key in first)


def test_the_style_is_learned(train: Train) -> None:
    outcome = train(epochs=4, lr=0.01, content_weight=0)

    first, *_, last = read_losses(outcome)
    assert last.style < 0.8 * first.style


def test_the_same_seed_gives_the_same_weights(train: Train, trained: Outcome) -> None:
    assert differing_weights(train(), trained) == []


def test_another_seed_gives_other_weights(train: Train, trained: Outcome) -> None:
    assert differing_weights(train(seed=43), trained) != []


def test_the_callers_random_numbers_are_left_alone(train: Train) -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)

    train(epochs=1, batch_size=5)

    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("side", [8, 30])
def test_the_smallest_side_and_others_than_multiples_of_four_work(side: int, train: Train) -> None:
    outcome = train(epochs=1, batch_size=5, image_size=side, style_size=8)

    assert outcome.code == 0


# The output


def test_losses_are_printed_at_intervals_and_at_the_end_of_epochs(
    trained: Outcome,
) -> None:
    lines = [line for line in trained.out.splitlines() if not line.endswith(".ckpt")]

    progress = [rf"epoch {epoch}/2 pictures {seen}/5" for epoch in (1, 2) for seen in (4, 5)]
    expected = [
        "training on 5 pictures, on cpu",
        *(f"{TIME} {part} {LOSSES}" for part in progress),
        r"wrote .*/style\.pth",
    ]
    assert len(lines) == len(expected)
    for line, pattern in zip(lines, expected, strict=True):
        assert re.fullmatch(pattern, line), line


def test_the_total_is_the_sum_of_both_losses(trained: Outcome) -> None:
    for losses in read_losses(trained):
        assert losses.total == pytest.approx(losses.content + losses.style, rel=1e-6)


# The dataset


@pytest.mark.parametrize("names", [["0.png", "b/1.png"], ["a/0.png", "a/b/1.png"]])
def test_pictures_in_subfolders_are_trained_on(
    names: list[str], train: Train, dataset: Path
) -> None:
    for target, name in zip(names, ["0.png", "1.png"], strict=True):
        (dataset / target).parent.mkdir(exist_ok=True)
        (dataset / name).rename(dataset / target)

    outcome = train(epochs=1, batch_size=5)

    assert "training on 5 pictures" in outcome.out


def test_a_flat_and_a_nested_dataset_give_the_same_weights(
    train: Train, trained: Outcome, dataset: Path
) -> None:
    nested = dataset.rename(dataset.with_name("class"))
    dataset.mkdir()
    nested.rename(dataset / "class")

    outcome = train()

    assert differing_weights(outcome, trained) == []


def test_a_damaged_picture_is_skipped_with_one_line(train: Train, dataset: Path) -> None:
    (dataset / "1a.jpg").write_bytes(b"no picture")

    outcome = train()

    assert outcome.code == 0
    assert len(outcome.err.splitlines()) == 1
    assert outcome.err.startswith(f"skipped {dataset}/1a.jpg: expected a picture")


def test_a_damaged_picture_does_not_change_the_weights(
    train: Train, trained: Outcome, dataset: Path
) -> None:
    (dataset / "1a.jpg").write_bytes(b"no picture")

    outcome = train()

    assert differing_weights(outcome, trained) == []


def test_a_picture_too_long_to_be_scaled_is_skipped(train: Train, dataset: Path) -> None:
    Image.new("L", (1, 400_000)).save(dataset / "long.png")

    outcome = train(epochs=1)

    assert outcome.code == 0
    assert outcome.err.startswith(f"skipped {dataset}/long.png: too long for training")


# The model's name


def test_a_model_can_be_named(train: Train) -> None:
    outcome = train(epochs=1, batch_size=5, model_name="starry.night")

    assert outcome.files == ["starry.night.pth"]


def test_an_existing_model_is_not_overwritten(train: Train, tmp_path: Path) -> None:
    (tmp_path / "style.pth").write_text("another")

    outcome = train(save_model_dir=tmp_path)

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == (
        f"error: {tmp_path}/style.pth: a model of this name exists already; choose another "
        "--model-name, or move the model away\n"
    )
    assert (tmp_path / "style.pth").read_text() == "another"


def test_a_model_that_appears_meanwhile_is_not_overwritten(options: TrainingOptions) -> None:
    other_path = options.save_model_dir / "style.pth"

    def write_another_model(event: Event) -> None:
        if isinstance(event, Started):
            other_path.write_text("another")

    path = trainer.train(replace(options, epochs=1, batch_size=5), write_another_model)

    assert path == options.save_model_dir / "style-2.pth"
    assert path.exists()
    assert other_path.read_text() == "another"


# Previews


def test_previews_are_painted_at_intervals_and_at_the_end_of_epochs(
    train: Train, picture_path: Path
) -> None:
    outcome = train(preview_image=picture_path, preview_interval=2)

    previews = [f"style_epoch_{epoch}_batch_{batch}.png" for epoch in (1, 2) for batch in (2, 3)]
    assert outcome.files == ["style.pth", *previews]
    for name in previews:
        assert f"wrote {outcome.folder}/{name}" in outcome.out.splitlines()
        assert load_picture(outcome.folder / name).size == (37, 23)


def test_the_last_preview_is_what_the_model_paints(train: Train, picture_path: Path) -> None:
    outcome = train(epochs=1, preview_image=picture_path)

    painted = load(outcome.folder / "style.pth")(load_picture(picture_path))
    assert load_picture(outcome.folder / "style_epoch_1_batch_3.png") == painted


def test_previews_do_not_change_the_training(
    train: Train, trained: Outcome, picture_path: Path
) -> None:
    outcome = train(preview_image=picture_path, preview_interval=1)

    assert differing_weights(outcome, trained) == []


def test_a_preview_is_at_most_512_px_a_side(train: Train, tmp_path: Path) -> None:
    make_picture(1024, 100).save(tmp_path / "large.png")

    outcome = train(epochs=1, batch_size=5, preview_image=tmp_path / "large.png")

    assert load_picture(outcome.folder / "style_epoch_1_batch_1.png").size == (512, 50)
