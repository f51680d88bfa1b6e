"""The public names of the package, which are imported on first use."""

from __future__ import annotations

import pytest

import neural_style
from tests.support.command_line import run_program


def list_imported(module: str) -> set[str]:
    """Return the names of all modules in a process that imports one."""
    return set(run_program(f"import sys, {module}; print(*sys.modules)").stdout.split())


@pytest.mark.parametrize("module", ["neural_style", "neural_style.neural_style"])
def test_importing_the_package_imports_nothing_heavy(module: str) -> None:
    imported = list_imported(module)

    assert module in imported
    assert not imported & {"torch", "openvino", "luigi", "click", "boto3", "mlflow"}


def test_nothing_is_imported_before_ctrl_c_can_be_answered() -> None:
    assert not list_imported("neural_style") & {"numpy", "PIL", "argparse"}


@pytest.mark.parametrize("name", neural_style.__all__)
def test_every_public_name_exists(name: str) -> None:
    assert getattr(neural_style, name) is not None
    assert name in dir(neural_style)


def test_another_name_does_not_exist() -> None:
    with pytest.raises(AttributeError, match="no attribute 'paint_everything'"):
        getattr(neural_style, "paint_everything")  # noqa: B009  (a type checker would refuse it)
