"""`--precision fast`: bf16 where the processor has it."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

import torch

from neural_style.backends.pytorch import has_bf16
from neural_style.training import trainer
from tests.support.networks.training import (
    Outcome,
    Train,
    differing_weights,
    read_losses,
)


@pytest.fixture(params=[True, False], ids=["bf16", "no bf16"])
def in_bf16(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the processor has bf16; PyTorch computes in it either way."""
    found = bool(request.param)
    monkeypatch.setattr(trainer, "has_bf16", lambda: found)
    return found


def test_the_first_line_says_what_is_computed_in(in_bf16: bool, train: Train) -> None:
    outcome = train(precision="fast", epochs=1, batch_size=5)

    how = "in bf16" if in_bf16 else "in fp32, because this processor has no bf16"
    assert outcome.out.splitlines()[0] == f"training on 5 pictures, on cpu, {how}"


def test_losses_are_close_to_those_in_fp32(in_bf16: bool, train: Train, trained: Outcome) -> None:
    fast = train(precision="fast", log_interval=2)

    for loss, expected in zip(read_losses(fast), read_losses(trained), strict=True):
        assert loss.content == pytest.approx(expected.content, rel=0.01)
        assert loss.style == pytest.approx(expected.style, rel=0.02)


def test_weights_stay_in_fp32(in_bf16: bool, train: Train, trained: Outcome) -> None:
    fast = train(precision="fast")

    assert {value.dtype for value in fast.weights.values()} == {torch.float32}
    assert differing_weights(fast, trained) != []


def test_a_resumed_training_gives_the_same_weights(
    in_bf16: bool, train: Train, tmp_path: Path
) -> None:
    whole = train(precision="fast", checkpoint_model_dir=tmp_path / "some", checkpoint_interval=1)

    resumed = train(precision="fast", resume=tmp_path / "some" / "style_epoch_1_batch_2.ckpt")

    assert resumed.code == 0, resumed.err
    assert differing_weights(resumed, whole) == []


def test_a_checkpoint_of_another_precision_is_refused(train: Train, checkpoints: Path) -> None:
    outcome = train(precision="fast", resume=checkpoints / "style_epoch_1_batch_2.ckpt")

    assert "trained with another --precision (then: exact; now: fast)" in outcome.err


def test_a_checkpoint_of_an_earlier_release_counts_as_exact(
    train: Train, trained: Outcome, checkpoints: Path, tmp_path: Path
) -> None:
    saved = torch.load(checkpoints / "style_epoch_1_batch_2.ckpt", weights_only=True)
    for name in ("--precision", "--train", "--start-from"):
        del saved["settings"][name]
    for name in ("recent_losses", "unchecked", "lowest_loss"):
        del saved["position"][name]
    torch.save(saved, tmp_path / "earlier.ckpt")

    resumed = train(resume=tmp_path / "earlier.ckpt")

    assert resumed.code == 0, resumed.err
    assert differing_weights(resumed, trained) == []


def test_an_accelerator_is_refused_beside_it(train: Train) -> None:
    outcome = train(precision="fast", cuda=1)

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == (
        "error: --precision fast is for trainings on the CPU; leave it out, or the accelerator\n"
    )


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({"avx512_bf16": True, "amx_bf16": False}, True),
        ({"avx512_bf16": False, "amx_bf16": True}, True),
        ({"avx512_bf16": False, "amx_bf16": False, "avx512_f": True}, False),
        ({"architecture": "aarch64"}, False),
    ],
)
def test_only_instructions_for_bf16_count(
    capabilities: dict[str, object], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)

    assert has_bf16() is expected


def test_a_version_of_pytorch_that_does_not_tell_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)

    assert not has_bf16()
