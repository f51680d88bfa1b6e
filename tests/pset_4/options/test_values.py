"""Values of options that nothing can paint with."""

from __future__ import annotations

import pytest

from tests.support.pipeline.projects import Project, assert_failed


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--precision", "half", "'half' is not one of 'exact', 'fast'"),
        ("--max-side", "0", "expected a whole number from 1 to 1000000000, got '0'"),
        ("--max-side", "1" + "0" * 400, "expected a whole number from 1 to 1000000000, got"),
        ("--brush", "1" + "0" * 400, "or a whole number from 16 to 1000000000, got"),
        ("--content-scale", "0", "expected a number above 0, got '0'"),
        ("--content-scale", "nan", "expected a number above 0, got 'nan'"),
        ("--content-scale", "inf", "expected a number above 0, got 'inf'"),
        ("--threads", "0", "from 1 to 1024, got '0'; check --threads or PSET_4_THREADS"),
        ("--threads", "1025", "expected a whole number from 1 to 1024, got '1025'"),
        ("--threads", "two", "expected a whole number from 1 to 1024, got 'two'"),
        ("--memory", "lots", "expected a size such as 512MiB, 1.5GB or 2000000000, got 'lots'"),
        ("--memory", "0", "expected a size"),
        ("--device", "gpu", "device: expected one of cpu, auto, cuda, mps, xpu, got 'gpu'"),
        ("--device", "cuda:x", "device: expected one of cpu, auto, cuda, mps, xpu, got 'cuda:x'"),
    ],
)
@pytest.mark.parametrize("command", ["main", "stylize", "demo"])
def test_a_wrong_value_is_a_usage_error(
    directory_project: Project, command: str, option: str, value: str, message: str
) -> None:
    assert_failed(directory_project.run(command, option, value), message, exit_code=2)


@pytest.mark.parametrize("name", ["PSET_4_THREADS", "PSET_4_MEMORY", "PSET_4_DEVICE"])
def test_a_wrong_value_in_the_environment_is_a_usage_error(
    directory_project: Project, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "nonsense")

    assert_failed(directory_project.run("stylize"), name, exit_code=2)
