"""Trainings that start from a model: `--start-from` and `--train`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")

import torch

from neural_style.backends.loading import load_network
from neural_style.formats.safetensors_file import encode_network
from neural_style.networks.description import NetworkDescription
from neural_style.neural_style import main
from neural_style.training.models import build_network
from neural_style.training.options import NORMS, TrainingOptions
from neural_style.transformer_net import TransformerNet
from tests.support.networks.family import make_family_network
from tests.support.networks.training import (
    MakeArguments,
    Outcome,
    Train,
    differing_weights,
    load_state,
)

NORM_KEYS = {
    f"{name}.{part}"
    for name in (
        *(f"in{number}" for number in range(1, 6)),
        *(f"res{block}.in{number}" for block in range(1, 6) for number in (1, 2)),
    )
    for part in ("weight", "bias")
}


@pytest.fixture(scope="session")
def start_path(trained: Outcome) -> Path:
    """A model of base width 2."""
    return trained.folder / "style.pth"


def changed(outcome: Outcome, start_path: Path) -> set[str]:
    """Return the names of the weights that the training changed."""
    start = load_state(start_path)
    return {key for key, value in outcome.weights.items() if not torch.equal(value, start[key])}


def test_a_training_starts_from_the_weights_of_a_model(train: Train, start_path: Path) -> None:
    outcome = train(start_from=start_path, base_width=None, lr=1e-9)

    start = load_state(start_path)
    assert outcome.code == 0, outcome.err
    assert all((value - start[key]).abs().max() < 1e-7 for key, value in outcome.weights.items())


def test_all_weights_are_trained_by_default(train: Train, start_path: Path) -> None:
    outcome = train(start_from=start_path, base_width=None, epochs=1)

    assert changed(outcome, start_path) == outcome.weights.keys()


def test_only_scales_and_shifts_are_trained(train: Train, start_path: Path) -> None:
    outcome = train(start_from=start_path, base_width=None, train="norms", epochs=1)

    assert changed(outcome, start_path) == NORM_KEYS


def test_scales_and_shifts_are_3200_of_the_numbers_in_an_official_model(
    options: TrainingOptions, weights_dir: Path
) -> None:
    path = weights_dir / "candy.pth"

    network = build_network(replace(options, start_from=path, train=NORMS))

    counts = [0, 0]
    for parameter in network.parameters():
        counts[parameter.requires_grad] += parameter.numel()
    assert (counts[True], sum(counts)) == (3_200, 1_679_235)


def test_what_is_not_trained_gets_no_gradients(options: TrainingOptions, start_path: Path) -> None:
    network = build_network(replace(options, start_from=start_path, train=NORMS))

    network(torch.rand(1, 3, 16, 16) * 255).sum().backward()

    with_gradients = {name for name, value in network.named_parameters() if value.grad is not None}
    assert with_gradients == NORM_KEYS


def test_a_training_of_scales_and_shifts_resumes_with_the_same_weights(
    train: Train, start_path: Path, tmp_path: Path
) -> None:
    settings = {"start_from": start_path, "base_width": None, "train": "norms"}
    whole = train(**settings, checkpoint_model_dir=tmp_path / "some", checkpoint_interval=1)

    resumed = train(**settings, resume=tmp_path / "some" / "style_epoch_1_batch_2.ckpt")

    assert resumed.code == 0, resumed.err
    assert differing_weights(resumed, whole) == []


@pytest.mark.parametrize("changes", [{"train": "norms"}, {"start_from": None}])
def test_resuming_from_another_start_is_refused(
    changes: dict[str, object], train: Train, start_path: Path, tmp_path: Path
) -> None:
    settings = {"start_from": start_path, "base_width": None, "epochs": 1, "batch_size": 5}
    train(**settings, checkpoint_model_dir=tmp_path / "some")
    checkpoint = tmp_path / "some" / "style_epoch_1_batch_1.ckpt"

    outcome = train(**{**settings, "resume": checkpoint, "base_width": None, **changes})

    name = "--train" if "train" in changes else "--start-from"
    assert f"trained with another {name} (then: " in outcome.err


def test_a_safetensors_file_gives_one(train: Train, tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    description = NetworkDescription(
        channels=(4, 5, 6, 4, 3), blocks=2, unnormalized=frozenset(), output="sigmoid"
    )
    (tmp_path / "start.safetensors").write_bytes(encode_network(make_family_network(description)))

    outcome = train(start_from=tmp_path / "start.safetensors", base_width=None, epochs=1)

    assert (outcome.code, outcome.files) == (0, ["style.safetensors"])
    assert load_network(outcome.folder / "style.safetensors").description == description


def test_a_missing_model_is_an_error(train: Train, tmp_path: Path) -> None:
    outcome = train(start_from=tmp_path / "absent.pth", base_width=None)

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(f"error: {tmp_path}/absent.pth: there is no such file")


def test_a_recognized_graph_gives_a_safetensors_file(train: Train, onnx_path: Path) -> None:
    pytest.importorskip("safetensors")
    start = load_network(onnx_path)

    outcome = train(start_from=onnx_path, base_width=None, train="norms", epochs=1, batch_size=5)

    assert (outcome.code, outcome.err, outcome.files) == (0, "", ["style.safetensors"])
    network = load_network(outcome.folder / "style.safetensors")
    assert network.description == start.description
    moved = {key for key, value in network.weights.items() if (value != start.weights[key]).any()}
    assert moved == NORM_KEYS


def test_a_graph_of_many_styles_is_refused(train: Train, many_styles_path: Path) -> None:
    outcome = train(start_from=many_styles_path, base_width=None)

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(
        f"error: {many_styles_path}: expected a model of one style to train, got one of 26"
    )


def test_a_model_of_several_styles_is_refused(train: Train, tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    path = tmp_path / "many.safetensors"
    path.write_bytes(
        encode_network(make_family_network(NetworkDescription((2, 4, 8, 4, 2), styles=3)))
    )

    outcome = train(start_from=path, base_width=None)

    assert outcome.err == (
        f"error: {path}: expected a model of one style to train, got one of 3; name another model\n"
    )


def test_scales_and_shifts_of_a_new_network_are_not_trained_alone(train: Train) -> None:
    outcome = train(train="norms")

    assert (outcome.code, outcome.files) == (1, [])
    assert outcome.err.endswith("name a model with --start-from, or leave out --train norms\n")


def test_a_width_beside_a_model_ends_with_exit_code_2(
    make_arguments: MakeArguments, tmp_path: Path, start_path: Path
) -> None:
    arguments = make_arguments(
        dataset=tmp_path, save_model_dir=tmp_path, start_from=start_path, base_width=3
    )

    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2


def test_a_new_network_is_that_of_the_seed(options: TrainingOptions) -> None:
    torch.manual_seed(options.seed)
    expected = TransformerNet(options.base_width).state_dict()

    built = build_network(options).state_dict()

    assert all(torch.equal(built[key], expected[key]) for key in expected)
