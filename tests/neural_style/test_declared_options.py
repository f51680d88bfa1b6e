"""Every declared option appears wherever options are taken."""

from __future__ import annotations

import argparse

import pytest

from neural_style.neural_style import _build_parser
from neural_style.option_kinds import Choice
from neural_style.options import OPTIONS, Option
from pset_4.cli import cli
from pset_4.rendering_options import MACHINE_OPTIONS, variable_of
from pset_4.tasks.stylize import Stylize

NUMBER = "number"
"""The option that is part of a model's name in the pipeline: ``many.onnx@7``."""

every_option = pytest.mark.parametrize("option", OPTIONS, ids=[option.name for option in OPTIONS])


@pytest.fixture(scope="module")
def eval_help() -> str:
    """The help text of `eval`, on one line."""
    parser = _build_parser()
    (commands,) = (
        action for action in parser._actions if isinstance(action, argparse._SubParsersAction)
    )
    return " ".join(commands.choices["eval"].format_help().split())


# python -m neural_style eval


@every_option
def test_eval_explains_the_option(option: Option, eval_help: str) -> None:
    metavar = option.kind.metavar and f" {option.kind.metavar}"
    if isinstance(option.kind, Choice):
        metavar = f" {{{','.join(option.kind.choices)}}}"

    assert f"--{option.flag}{metavar} {option.help}" in eval_help


def test_no_two_options_share_a_name() -> None:
    assert len({option.name for option in OPTIONS}) == len(OPTIONS)
    assert len({option.flag for option in OPTIONS}) == len(OPTIONS)


# The pipeline


@pytest.mark.parametrize("command", ["main", "stylize", "demo"])
@every_option
def test_commands_of_the_pipeline_take_the_option(option: Option, command: str) -> None:
    parameters = cli.commands[command].params

    if option.name == NUMBER:
        assert option.name not in {parameter.name for parameter in parameters}
    else:
        assert f"--{option.flag}" in {flag for each in parameters for flag in each.opts}


@every_option
def test_tasks_take_the_option_if_it_changes_the_result(option: Option) -> None:
    parameters = dict(Stylize.get_params())

    if option.name == NUMBER:
        assert "model" in parameters
    elif option.changes_result:
        assert parameters[option.name].task_value("Stylize", option.name) == option.default
    else:
        assert option.name not in parameters


@every_option
def test_another_option_is_a_setting_with_a_variable(option: Option) -> None:
    is_setting = option in MACHINE_OPTIONS

    assert is_setting is not option.changes_result
    assert variable_of(option) == f"PSET_4_{option.name.upper()}"
