"""Checkpoints, and trainings that go on from them as if nothing had interrupted them."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

torch = pytest.importorskip("torch")

Arguments = Callable[..., list[str]]
MakePicture = Callable[..., Image.Image]
Training = Callable[..., Any]

# Five pictures in batches of two make three batches; the last is the end of the epoch.
NAMES = [f"style_epoch_{epoch}_batch_{batch}.ckpt" for epoch in (1, 2) for batch in (2, 3)]


@pytest.fixture(scope="session")
def checkpoints(trained: Any) -> Path:
    """The folder of those of `trained`."""
    folder: Path = trained.folder.with_name("checkpoints")
    return folder


def test_checkpoints_are_written_at_each_interval_and_at_the_end_of_each_epoch(
    trained: Any, checkpoints: Path
) -> None:
    assert sorted(path.name for path in checkpoints.iterdir()) == NAMES
    for name in NAMES:
        assert f"wrote {checkpoints}/{name}" in trained.out.splitlines()


@pytest.mark.parametrize("name", NAMES)
def test_a_resumed_training_ends_with_the_same_weights(
    name: str, trained: Any, checkpoints: Path, train: Training
) -> None:
    resumed = train(resume=checkpoints / name)
    assert resumed.code == 0, resumed.err
    assert resumed.differs_in(trained) == []


def test_a_training_resumed_twice_ends_with_the_same_weights(
    trained: Any, checkpoints: Path, train: Training, tmp_path: Path
) -> None:
    folder = tmp_path / "again"
    train(resume=checkpoints / NAMES[0], checkpoint_model_dir=folder, checkpoint_interval=1)
    resumed = train(resume=folder / "style_epoch_2_batch_1.ckpt")
    assert resumed.differs_in(trained) == []


def test_a_training_resumed_after_a_damaged_picture_ends_with_the_same_weights(
    trained: Any, train: Training, dataset: Path, tmp_path: Path
) -> None:
    (dataset / "0a.png").write_bytes(b"no picture")
    train(epochs=1, checkpoint_model_dir=tmp_path / "some", checkpoint_interval=1)
    resumed = train(resume=tmp_path / "some" / "style_epoch_1_batch_1.ckpt")
    assert resumed.differs_in(trained) == []


def test_a_resumed_training_reports_the_same_means(
    trained: Any, checkpoints: Path, train: Training
) -> None:
    def losses(outcome: Any) -> list[str]:
        return re.findall(r"epoch .*", outcome.out)

    assert losses(train(resume=checkpoints / NAMES[0], log_interval=2)) == losses(trained)[1:]


def test_a_resumed_training_may_have_more_epochs(
    trained: Any, train: Training, tmp_path: Path
) -> None:
    train(epochs=1, checkpoint_model_dir=tmp_path / "short")
    longer = train(epochs=2, resume=tmp_path / "short" / NAMES[1])
    assert longer.differs_in(trained) == []


def test_a_checkpoint_from_beyond_the_last_epoch_is_refused(
    checkpoints: Path, train: Training
) -> None:
    outcome = train(epochs=1, resume=checkpoints / NAMES[2])
    assert outcome.code == 1
    assert "--epochs 1, got one from epoch 2; ask for more epochs" in outcome.err


def test_the_dataset_may_have_moved_meanwhile(
    trained: Any, checkpoints: Path, train: Training, dataset: Path
) -> None:
    moved = dataset.rename(dataset.with_name("moved"))
    resumed = train(dataset=moved, resume=checkpoints / NAMES[0])
    assert resumed.differs_in(trained) == []


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"batch_size": 3}, "expected --batch-size as in the training of this checkpoint, 2, got"),
        ({"image_size": 20}, "expected --image-size as"),
        ({"base_width": 3}, "expected --base-width as"),
        ({"seed": 7}, "expected --seed as"),
        ({"content_weight": 5}, "expected --content-weight as"),
        ({"style_weight": 5}, "expected --style-weight as"),
        ({"lr": 0.5}, "expected --lr as"),
        ({"style_size": 20}, "expected --style-image and --style-size as"),
    ],
)
def test_an_option_that_differs_is_said(
    option: dict[str, object],
    message: str,
    checkpoints: Path,
    train: Training,
) -> None:
    outcome = train(resume=checkpoints / NAMES[0], **option)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(f"error: {checkpoints / NAMES[0]}: {message}")


def test_a_dataset_that_differs_is_said(checkpoints: Path, train: Training, dataset: Path) -> None:
    (dataset / "0.png").rename(dataset / "9.png")
    assert "expected --dataset as" in train(resume=checkpoints / NAMES[0]).err


def test_another_network_to_judge_is_said(
    checkpoints: Path, train: Training, vgg_path: Path, tmp_path: Path
) -> None:
    state = torch.load(vgg_path, weights_only=True)
    state["features.0.bias"][0] += 1
    torch.save(state, tmp_path / "other.pth")
    outcome = train(resume=checkpoints / NAMES[0], vgg_weights=tmp_path / "other.pth")
    assert "expected --vgg-weights as" in outcome.err


class RunsCode:
    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("unpickled",)


def saved(content: object) -> bytes:
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "got other or damaged data"),
        (b"no checkpoint", "got other or damaged data"),
        (saved({"network": RunsCode()}), "got one that asks to run code, which was not done"),
        (saved({"conv1.conv2d.weight": torch.zeros(1)}), "got something else that PyTorch saved"),
        (
            saved(dict.fromkeys(("network", "optimizer", "position", "settings"), 1)),
            "got something else that PyTorch saved",
        ),
        (saved(torch.zeros(1)), "got something else that PyTorch saved"),
    ],
)
def test_what_is_no_checkpoint_is_refused(
    content: bytes, message: str, train: Training, tmp_path: Path
) -> None:
    (tmp_path / "file.ckpt").write_bytes(content)
    outcome = train(resume=tmp_path / "file.ckpt")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(f"error: {tmp_path}/file.ckpt: expected")
    assert message in outcome.err


def test_a_checkpoint_that_is_not_there_is_said(train: Training, tmp_path: Path) -> None:
    outcome = train(resume=tmp_path / "absent.ckpt")
    assert outcome.err == (
        f"error: {tmp_path}/absent.ckpt: there is no such file; check its name and folder\n"
    )


def test_a_flipped_bit_in_a_checkpoint_is_found(
    checkpoints: Path, train: Training, tmp_path: Path
) -> None:
    data = bytearray((checkpoints / NAMES[0]).read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "flipped.ckpt").write_bytes(data)
    assert "got other or damaged data" in train(resume=tmp_path / "flipped.ckpt").err


@pytest.mark.parametrize("part", ["network", "optimizer", "position"])
def test_a_checkpoint_that_lacks_something_is_refused(
    part: str, checkpoints: Path, train: Training, tmp_path: Path
) -> None:
    content = torch.load(checkpoints / NAMES[0], weights_only=True)
    content[part] = {"nothing": 1}
    torch.save(content, tmp_path / "lacking.ckpt")
    assert "got a damaged one" in train(resume=tmp_path / "lacking.ckpt").err


def test_a_style_picture_of_the_same_name_is_told_apart(
    checkpoints: Path,
    train: Training,
    make_picture: MakePicture,
    tmp_path: Path,
) -> None:
    make_picture().save(tmp_path / "style.png")
    outcome = train(resume=checkpoints / NAMES[0], style_image=tmp_path / "style.png")
    assert "expected --style-image and --style-size as" in outcome.err


# Ctrl-C, in a process of its own


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Processes that a test starts get Ctrl-C, also where this one was started to ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_leaves_the_last_checkpoint_and_nothing_half_written(
    make_arguments: Arguments,
    interruptible: None,
    dataset: Path,
    train: Training,
    trained: Any,
    tmp_path: Path,
) -> None:
    folder, checkpoints = tmp_path / "interrupted", tmp_path / "checkpoints"
    options = make_arguments(
        dataset=dataset,
        epochs=100_000,
        save_model_dir=folder,
        checkpoint_model_dir=checkpoints,
        checkpoint_interval=2,
    )
    with subprocess.Popen(
        [sys.executable, "-m", "neural_style", *options],
        env={**os.environ, "OMP_NUM_THREADS": "1"},  # as `train`
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            next(line for line in process.stdout if NAMES[2] in line)
            process.send_signal(signal.SIGINT)
            err = process.communicate(timeout=60)[1]
        finally:
            process.kill()
    assert process.returncode == 130
    assert err == f"interrupted; --resume goes on from the last checkpoint in {checkpoints}\n"
    assert list(folder.iterdir()) == []
    assert all(path.name.startswith("style_epoch_") for path in checkpoints.iterdir())
    assert train(resume=checkpoints / NAMES[2]).differs_in(trained) == []
