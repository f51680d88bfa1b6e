"""Checkpoints, and trainings that resume from them as if nothing had interrupted them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from neural_style.neural_style import main
from tests.support.networks.styles import ROOT, make_picture
from tests.support.networks.training import (
    THIN_PROGRAM,
    MakeArguments,
    Outcome,
    Train,
    differing_weights,
    load_state,
    save_to_bytes,
)

pytest.importorskip("torch")

import torch

NAMES = [f"style_epoch_{epoch}_batch_{batch}.ckpt" for epoch in (1, 2) for batch in (2, 3)]
"""The checkpoints of `trained`. The third batch is the last of its epoch."""


class RunsCode:
    """An object whose pickle asks to call `print`."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("unpickled",)


def read_progress(outcome: Outcome) -> list[str]:
    """Return the lines about losses, without their time."""
    return re.findall(r"epoch .*", outcome.out)


def test_checkpoints_are_written_at_intervals_and_at_the_end_of_epochs(
    trained: Outcome, checkpoints: Path
) -> None:
    lines = trained.out.splitlines()

    assert sorted(path.name for path in checkpoints.iterdir()) == NAMES
    assert all(f"wrote {checkpoints}/{name}" in lines for name in NAMES)


# Resuming


@pytest.mark.parametrize("name", NAMES)
def test_a_resumed_training_gives_the_same_weights(
    name: str, trained: Outcome, checkpoints: Path, train: Train
) -> None:
    resumed = train(resume=checkpoints / name)

    assert resumed.code == 0, resumed.err
    assert differing_weights(resumed, trained) == []


def test_resuming_twice_gives_the_same_weights(
    trained: Outcome, checkpoints: Path, train: Train, tmp_path: Path
) -> None:
    folder = tmp_path / "again"
    train(resume=checkpoints / NAMES[0], checkpoint_model_dir=folder, checkpoint_interval=1)

    resumed = train(resume=folder / "style_epoch_2_batch_1.ckpt")

    assert differing_weights(resumed, trained) == []


def test_resuming_after_a_damaged_picture_gives_the_same_weights(
    trained: Outcome, train: Train, dataset: Path, tmp_path: Path
) -> None:
    (dataset / "0a.png").write_bytes(b"no picture")
    train(epochs=1, checkpoint_model_dir=tmp_path / "some", checkpoint_interval=1)

    resumed = train(resume=tmp_path / "some" / "style_epoch_1_batch_1.ckpt")

    assert differing_weights(resumed, trained) == []


def test_a_resumed_training_prints_the_same_losses(
    trained: Outcome, checkpoints: Path, train: Train
) -> None:
    resumed = train(resume=checkpoints / NAMES[0], log_interval=2)

    assert read_progress(resumed) == read_progress(trained)[1:]


def test_a_resumed_training_may_have_more_epochs(
    trained: Outcome, train: Train, tmp_path: Path
) -> None:
    train(epochs=1, checkpoint_model_dir=tmp_path / "short")

    resumed = train(epochs=2, resume=tmp_path / "short" / NAMES[1])

    assert differing_weights(resumed, trained) == []


def test_the_dataset_may_have_moved(
    trained: Outcome, checkpoints: Path, train: Train, dataset: Path
) -> None:
    moved = dataset.rename(dataset.with_name("moved"))

    resumed = train(dataset=moved, resume=checkpoints / NAMES[0])

    assert differing_weights(resumed, trained) == []


# Other settings


def test_a_checkpoint_after_the_last_epoch_is_refused(checkpoints: Path, train: Train) -> None:
    outcome = train(epochs=1, resume=checkpoints / NAMES[2])

    assert outcome.code == 1
    assert outcome.err == (
        f"error: {checkpoints / NAMES[2]}: the checkpoint is in epoch 2, after the last one "
        "(--epochs 1); increase --epochs\n"
    )


@pytest.mark.parametrize(
    ("option", "value", "previous"),
    [
        ("batch_size", 3, 2),
        ("image_size", 20, 16),
        ("base_width", 3, 2),
        ("seed", 7, 42),
        ("content_weight", 5.0, 1e5),
        ("style_weight", 5.0, 1e10),
        ("lr", 0.5, 0.001),
    ],
)
def test_an_option_that_differs_is_named(
    option: str, value: float, previous: float, checkpoints: Path, train: Train
) -> None:
    outcome = train(resume=checkpoints / NAMES[0], **{option: value})

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == (
        f"error: {checkpoints / NAMES[0]}: the checkpoint was trained with another "
        f"--{option.replace('_', '-')} (then: {previous}; now: {value}); "
        "resume with the same options, or train from the start without --resume\n"
    )


def test_another_dataset_is_named(checkpoints: Path, train: Train, dataset: Path) -> None:
    (dataset / "0.png").rename(dataset / "9.png")

    outcome = train(resume=checkpoints / NAMES[0])

    assert "trained with another --dataset (then: 5 pictures, SHA-256 " in outcome.err


def test_another_loss_network_is_named(
    checkpoints: Path, train: Train, vgg_path: Path, tmp_path: Path
) -> None:
    state = load_state(vgg_path)
    state["features.0.bias"][0] += 1
    torch.save(state, tmp_path / "other.pth")

    outcome = train(resume=checkpoints / NAMES[0], vgg_weights=tmp_path / "other.pth")

    assert "trained with another --vgg-weights (then: SHA-256 " in outcome.err


def test_another_size_of_the_style_picture_is_named(checkpoints: Path, train: Train) -> None:
    outcome = train(resume=checkpoints / NAMES[0], style_size=20)

    assert "trained with another --style-image and --style-size (then: " in outcome.err


def test_another_style_picture_of_the_same_name_is_named(
    checkpoints: Path, train: Train, tmp_path: Path
) -> None:
    make_picture().save(tmp_path / "style.png")

    outcome = train(resume=checkpoints / NAMES[0], style_image=tmp_path / "style.png")

    assert "trained with another --style-image and --style-size (then: " in outcome.err


# Other files


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "got other or damaged data"),
        (b"no checkpoint", "got other or damaged data"),
        (save_to_bytes({"network": RunsCode()}), "which was not imported"),
        (save_to_bytes({"conv1.weight": torch.zeros(1)}), "got something else that PyTorch saved"),
        (
            save_to_bytes(dict.fromkeys(("network", "optimizer", "position", "settings"), 1)),
            "got something else that PyTorch saved",
        ),
        (save_to_bytes(torch.zeros(1)), "got something else that PyTorch saved"),
    ],
    ids=["empty", "text", "code", "style model", "numbers", "tensor"],
)
def test_a_file_that_is_not_a_checkpoint_is_refused(
    content: bytes, reason: str, train: Train, tmp_path: Path
) -> None:
    (tmp_path / "file.ckpt").write_bytes(content)

    outcome = train(resume=tmp_path / "file.ckpt")

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(f"error: {tmp_path}/file.ckpt: expected")
    assert reason in outcome.err


def test_a_missing_checkpoint_is_an_error(train: Train, tmp_path: Path) -> None:
    outcome = train(resume=tmp_path / "absent.ckpt")

    assert outcome.err == (
        f"error: {tmp_path}/absent.ckpt: there is no such file; check its name and folder\n"
    )


def test_a_flipped_bit_in_a_checkpoint_is_found(
    checkpoints: Path, train: Train, tmp_path: Path
) -> None:
    data = bytearray((checkpoints / NAMES[0]).read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "flipped.ckpt").write_bytes(data)

    outcome = train(resume=tmp_path / "flipped.ckpt")

    assert outcome.code == 1
    assert outcome.err.startswith(f"error: {tmp_path}/flipped.ckpt: expected")
    assert "got other or damaged data" in outcome.err


@pytest.mark.parametrize("part", ["network", "optimizer", "position"])
def test_a_checkpoint_with_an_incomplete_part_is_refused(
    part: str, checkpoints: Path, train: Train, tmp_path: Path
) -> None:
    content = torch.load(checkpoints / NAMES[0], weights_only=True)
    content[part] = {"nothing": 1}
    torch.save(content, tmp_path / "incomplete.ckpt")

    outcome = train(resume=tmp_path / "incomplete.ckpt")

    assert outcome.err == (
        f"error: {tmp_path}/incomplete.ckpt: the checkpoint is incomplete or damaged; "
        "resume from another one\n"
    )


# Ctrl-C


@pytest.fixture
def child_processes_get_ctrl_c() -> Iterator[None]:
    """Ctrl-C interrupts processes that the test starts, even if this one ignores it."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)


def interrupt_after(line_part: str, arguments: list[str]) -> tuple[int, str]:
    """Run the command line, interrupt it after a line, and return its exit code and stderr."""
    with subprocess.Popen(
        [sys.executable, "-c", THIN_PROGRAM, *arguments],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},  # as `train`
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            next(line for line in process.stdout if line_part in line)
            process.send_signal(signal.SIGINT)
            err = process.communicate(timeout=300)[1]
        finally:
            process.kill()
    return process.returncode, err


def test_without_a_checkpoint_ctrl_c_suggests_no_resuming(
    make_arguments: MakeArguments,
    dataset: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("neural_style.training.trainer.train", interrupt)
    (tmp_path / "other_epoch_1_batch_1.ckpt").touch()  # of another training in this folder
    arguments = make_arguments(
        dataset=dataset, save_model_dir=tmp_path, checkpoint_model_dir=tmp_path
    )

    with pytest.raises(SystemExit):
        main(arguments)

    assert capsys.readouterr().err == "interrupted\n"


@pytest.mark.usefixtures("child_processes_get_ctrl_c")
def test_ctrl_c_leaves_the_last_checkpoint_and_nothing_incomplete(
    make_arguments: MakeArguments, dataset: Path, train: Train, trained: Outcome, tmp_path: Path
) -> None:
    folder, checkpoints = tmp_path / "interrupted", tmp_path / "checkpoints"
    arguments = make_arguments(
        dataset=dataset,
        epochs=100_000,
        save_model_dir=folder,
        checkpoint_model_dir=checkpoints,
        checkpoint_interval=2,
    )

    code, err = interrupt_after(NAMES[2], arguments)

    assert code == 130
    assert err == f"interrupted; resume from the last checkpoint in {checkpoints} with --resume\n"
    assert list(folder.iterdir()) == []
    assert all(path.name.startswith("style_epoch_") for path in checkpoints.iterdir())
    resumed = train(resume=checkpoints / NAMES[2])
    assert differing_weights(resumed, trained) == []
