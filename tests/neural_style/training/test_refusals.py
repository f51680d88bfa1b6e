"""`python -m neural_style train`: what it refuses, and the errors that it prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from neural_style.neural_style import main
from tests.support.networks.styles import make_picture
from tests.support.networks.training import MakeArguments, Train

pytest.importorskip("torch")

import torch


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
def test_a_wrong_option_ends_with_exit_code_2(option: dict[str, object], train: Train) -> None:
    with pytest.raises(SystemExit) as ended:
        train(**option)

    assert ended.value.code == 2


@pytest.mark.parametrize("missing", ["dataset", "style_image", "save_model_dir"])
def test_a_missing_option_ends_with_exit_code_2(
    missing: str, make_arguments: MakeArguments, dataset: Path, tmp_path: Path
) -> None:
    options = {"dataset": dataset, "save_model_dir": tmp_path / "models", missing: None}

    with pytest.raises(SystemExit) as ended:
        main(make_arguments(**options))

    assert ended.value.code == 2


# The output folders


@pytest.mark.parametrize("name", ["", "a/b", "../a", "n" * 201])
def test_a_model_name_that_is_not_a_file_name_is_refused(name: str, train: Train) -> None:
    outcome = train(model_name=name)

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == (
        f"error: expected a file name of at most 200 bytes for the model, got {name!r}; "
        "choose another --model-name\n"
    )


@pytest.mark.parametrize("option", ["save_model_dir", "checkpoint_model_dir"])
def test_a_file_as_an_output_folder_is_refused(option: str, train: Train, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    outcome = train(**{option: tmp_path / "file"})

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == (
        f"error: {tmp_path}/file: not a folder that can be written to (File exists); "
        "choose another folder\n"
    )


@pytest.mark.usefixtures("bound_by_permissions")
def test_a_folder_without_permission_is_refused_before_the_work(
    train: Train, tmp_path: Path
) -> None:
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o500)

    outcome = train(save_model_dir=folder)

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == (
        f"error: {folder}: not a folder that can be written to (Permission denied); "
        "choose another folder\n"
    )


# The pictures


def test_a_dataset_of_damaged_pictures_alone_is_an_error(train: Train, dataset: Path) -> None:
    for path in dataset.iterdir():
        path.write_bytes(path.read_bytes()[:60])

    outcome = train()

    assert outcome.code == 1
    assert outcome.err.splitlines()[-1] == (
        f"error: {dataset}: none of the 5 pictures can be read; replace them, or name another "
        "--dataset"
    )


def test_a_dataset_without_pictures_is_refused(train: Train, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").touch()

    outcome = train(dataset=tmp_path / "empty")

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(
        f"error: {tmp_path}/empty: the folder contains no pictures to train on; "
        "add files that end in .avif, .bmp, "
    )


@pytest.mark.parametrize("name", ["absent", "style.png"])
def test_a_dataset_that_is_not_a_folder_is_refused(
    name: str, train: Train, style_path: Path
) -> None:
    path = style_path.with_name(name)

    outcome = train(dataset=path)

    assert outcome.err == (
        f"error: {path}: expected a folder of pictures, and there is no such folder; "
        "name another --dataset\n"
    )


def test_a_style_picture_that_cannot_be_read_is_refused(train: Train, vgg_path: Path) -> None:
    outcome = train(style_image=vgg_path)

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(f"error: {vgg_path}: expected a picture")


def test_a_style_picture_that_is_too_small_is_refused(train: Train, tmp_path: Path) -> None:
    path = tmp_path / "tiny.png"
    make_picture(30, 7).save(path)

    outcome = train(style_image=path)

    assert outcome.err == (
        f"error: {path}: expected a style picture of at least 8x8 px, got 30x7; "
        "choose a larger one\n"
    )


def test_a_missing_preview_picture_is_refused_before_the_work(train: Train, tmp_path: Path) -> None:
    outcome = train(preview_image=tmp_path / "absent.png")

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(f"error: {tmp_path}/absent.png: there is no such file")


# The training


def test_a_width_that_load_does_not_take_is_refused(train: Train) -> None:
    outcome = train(base_width=129)

    assert outcome.err == (
        "error: expected a base width of at most 128, got 129; lower --base-width\n"
    )


def test_a_missing_accelerator_is_an_error(train: Train) -> None:
    if torch.accelerator.is_available():
        pytest.skip("there is an accelerator")

    outcome = train(cuda=1)

    assert (outcome.code, outcome.out) == (1, "")
    assert "accelerator" in outcome.err
    assert "; leave out --accel, or --cuda 1" in outcome.err


def test_losses_that_are_not_finite_end_the_training(train: Train) -> None:
    outcome = train(lr=1e30)

    assert outcome.code == 1
    assert outcome.err.startswith("error: the losses are not finite (content ")
    assert outcome.err.endswith("; lower --lr, --content-weight or --style-weight\n")
    assert outcome.files == []
