"""The tests of all packages, and the helpers in `tests.support` that they share."""

import pytest

# A failed assertion in a helper shows its values, like one in a test.
pytest.register_assert_rewrite("tests.support")
