"""State dicts in checkpoints: where they are, and how their names become the network's."""

from __future__ import annotations

import numpy as np
import pytest

from neural_style import StyleError
from neural_style.formats.state_dict import find_state_dict
from neural_style.formats.tensors import StoredTensor
from neural_style.networks.weights import canonicalize_names

WEIGHT = StoredTensor("F32", np.zeros(2, np.float32))


@pytest.mark.parametrize(
    "checkpoint",
    [
        {"in1.weight": WEIGHT},
        {"state_dict": {"in1.weight": WEIGHT}},
        {"model_state_dict": {"in1.weight": WEIGHT}},
        {"epoch": 2, "loss": 0.5, "state_dict": {"module.in1.weight": WEIGHT}, "args": [None]},
        {"optimizer": {"state": {}}, "model_state_dict": {"in1.weight": WEIGHT}},
    ],
)
def test_a_state_dict_is_found(checkpoint: object) -> None:
    assert find_state_dict(checkpoint) == {"in1.weight": WEIGHT}


NETWORK = {"conv1.conv2d.weight": WEIGHT, "in1.weight": WEIGHT}


@pytest.mark.parametrize(
    "checkpoint",
    [
        {"model": NETWORK, "epoch": 3},
        {"params_ema": NETWORK},
        {"generator": NETWORK, "discriminator": {"conv.weight": WEIGHT}},
        {"model": NETWORK, "optimizer": {"state": {0: {"step": WEIGHT, "exp_avg": WEIGHT}}}},
        {"model": {"state_dict": NETWORK}},
        {"state_dict": {"state_dict": NETWORK}},
        {"state_dict": {f"model.{name}": weight for name, weight in NETWORK.items()}},
        {"state_dict": NETWORK, "state_dict_ema": {"conv1.conv2d.weight": WEIGHT}},
    ],
)
def test_the_only_network_is_found_under_any_name(checkpoint: object) -> None:
    assert find_state_dict(checkpoint) == NETWORK


def test_several_networks_are_named() -> None:
    checkpoint = {"a": {"state_dict": NETWORK}, "b": NETWORK}

    with pytest.raises(StyleError, match=r"got 2 of them: \['a'\]\['state_dict'\], \['b'\]"):
        find_state_dict(checkpoint)


@pytest.mark.parametrize(
    ("checkpoint", "message"),
    [
        ([], "expected a state dict, got a list"),
        (WEIGHT, "expected a state dict, got a Tensor"),
        ({"state_dict": None}, "'state_dict' with a NoneType"),
        ({"state_dict": {"epoch": 1}}, "'epoch' with a int"),
        ({"network": {"in1.weight": WEIGHT}}, "'network' with a dict"),
        ({0: WEIGHT}, "0 with a Tensor"),
        ({"steps": StoredTensor("I64", np.zeros(2, "<i8"))}, "got 'steps' of I64"),
    ],
)
def test_something_else_is_described(checkpoint: object, message: str) -> None:
    with pytest.raises(StyleError) as caught:
        find_state_dict(checkpoint)

    assert message in str(caught.value)


@pytest.mark.parametrize(
    "prefix", ["", "module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module."]
)
def test_the_prefixes_of_wrappers_are_removed(prefix: str) -> None:
    state = {f"{prefix}in1.weight": 1, f"{prefix}in1.bias": 2}

    assert canonicalize_names(state) == {"in1.weight": 1, "in1.bias": 2}


@pytest.mark.parametrize("prefix", ["model.", "generator.", "module.model.", "a.b.c."])
def test_the_name_of_the_module_around_a_network_is_removed(prefix: str) -> None:
    names = ["res1.conv1.conv2d.weight", "conv1.conv2d.bias", "conv1.conv2d.weight"]
    state = {f"{prefix}{name}": name for name in names}

    assert canonicalize_names(state) == {name: name for name in names}
    assert canonicalize_names({**state, "b": "c"}) == {**state, "b": "c"}


@pytest.mark.parametrize(
    "names", [[], ["module.a", "a"], ["a", "module.a"], ["submodule.a"], ["in1.module.a"]]
)
def test_other_names_stay(names: list[str]) -> None:
    state = dict.fromkeys(names, 1)

    assert canonicalize_names(state) == state


@pytest.mark.parametrize("prefix", ["", "module."])
def test_old_statistics_are_dropped(prefix: str) -> None:
    names = ["in1.weight", "in1.running_mean", "res1.in2.running_var"]

    state = canonicalize_names({f"{prefix}{name}": name for name in names})

    assert state == {"in1.weight": "in1.weight"}


def test_a_state_dict_is_not_changed() -> None:
    state = {"module.in1.weight": 1, "module.in1.running_mean": 2}

    canonicalize_names(state)

    assert list(state) == ["module.in1.weight", "module.in1.running_mean"]
