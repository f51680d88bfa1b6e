"""The public names of the package, which are imported on first use."""

from __future__ import annotations

import pytest

import neural_style
from tests.support.command_line import run_program

NAME_IMPORTED = """
import sys, neural_style
print(*sorted(sys.modules))
"""


@pytest.mark.parametrize("name", ["torch", "openvino", "luigi", "click", "boto3", "mlflow"])
@pytest.mark.parametrize("module", ["neural_style", "neural_style.neural_style"])
def test_importing_the_package_does_not_import(module: str, name: str) -> None:
    result = run_program(f"import sys, {module}; sys.exit({name!r} in sys.modules)")

    assert result.returncode == 0


@pytest.mark.parametrize("name", ["numpy", "PIL", "argparse"])
def test_nothing_is_imported_before_ctrl_c_can_be_answered(name: str) -> None:
    assert name not in run_program(NAME_IMPORTED).stdout.split()


@pytest.mark.parametrize("name", neural_style.__all__)
def test_every_public_name_exists(name: str) -> None:
    assert getattr(neural_style, name) is not None
    assert name in dir(neural_style)


def test_another_name_does_not_exist() -> None:
    with pytest.raises(AttributeError, match="no attribute 'paint_everything'"):
        getattr(neural_style, "paint_everything")  # noqa: B009  (a type checker would refuse it)
