import importlib

import pytest

from neural_style.errors import (
    MissingDependencyError,
    needing,
)


def test_a_missing_package_names_the_command_that_installs_it() -> None:
    with pytest.raises(MissingDependencyError) as caught, needing("Nothing", "some"):
        importlib.import_module("no_such_package_anywhere")
    assert "pip install '.[some]'" in str(caught.value)
