"""The options of the command `eval`, and their values."""

from __future__ import annotations

from pathlib import Path

import pytest

from neural_style import load_picture
from neural_style.neural_style import main
from tests.support.command_line import eval_arguments

PATHS = (Path("a.png"), Path("b.pth"), Path("c.png"))


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ([], (37, 23)),
        (["--content-scale", 2], (18, 11)),
        (["--max-side", 20], (20, 12)),
        (["--content-scale", 2, "--max-side", 9], (9, 6)),
        (["--max-side", 1000], (37, 23)),
        (["--cuda", 0], (37, 23)),
    ],
)
def test_options_decide_about_the_size(
    options: list[object],
    size: tuple[int, int],
    picture_path: Path,
    checkpoint_path: Path,
    tmp_path: Path,
) -> None:
    output_path = tmp_path / "painted.png"

    assert main(eval_arguments(picture_path, checkpoint_path, output_path, *options)) == 0

    assert load_picture(output_path).size == size


@pytest.mark.parametrize(
    "options",
    [
        ["--precision", "exact", "--threads", "1", "--memory", "4GiB"],
        ["--device", "cpu"],
        ["--device", "auto", "--threads", "2"],
    ],
)
def test_options_of_the_machine_are_accepted(
    options: list[str], picture_path: Path, checkpoint_path: Path, tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    output_path = tmp_path / "painted.png"

    assert main(eval_arguments(picture_path, checkpoint_path, output_path, *options)) == 0

    assert load_picture(output_path).size == (37, 23)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["eval"],
        ["paint"],
        ["eval", "--cuda", "2"],
        eval_arguments(*PATHS, "--memory", "much"),
        eval_arguments(*PATHS, "--memory", "0"),
        eval_arguments(*PATHS, "--threads", "0"),
        eval_arguments(*PATHS, "--threads", "1025"),
        eval_arguments(*PATHS, "--precision", "good"),
        eval_arguments(*PATHS, "--device", ""),
        eval_arguments(*PATHS, "--device", "cpu", "--accel"),
        eval_arguments(*PATHS, "--device", "cpu", "--cuda", "1"),
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_is_a_usage_error(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ending:
        main(arguments)

    assert ending.value.code == 2


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("--content-scale=0", "a number above 0, got '0'"),
        ("--content-scale=nan", "a number above 0, got 'nan'"),
        ("--content-scale=x", "a number above 0, got 'x'"),
        ("--max-side=0", "a whole number from 1 to 1000000000, got '0'"),
        ("--max-side=1.5", "a whole number from 1 to 1000000000, got '1.5'"),
        ("--style=q", "a whole number from 0, or such as 3:0.5,12:0.5, got 'q'"),
        ("--style=-1", "a whole number from 0, or such as 3:0.5,12:0.5, got '-1'"),
        ("--cuda=x", "a whole number from 0 to 1, got 'x'"),
        ("--threads=abc", "a whole number from 1 to 1024, got 'abc'"),
        ("--threads=99999999999", "a whole number from 1 to 1024, got '99999999999'"),
    ],
)
def test_an_impossible_number_is_answered_with_the_possible_ones(
    option: str, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ending:
        main(eval_arguments(*PATHS, option))

    assert ending.value.code == 2
    assert capsys.readouterr().err.endswith(f": expected {expected}\n")


def test_a_usage_error_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["eval", "--content-image", "a.png"])

    assert capsys.readouterr().err == (
        "error: the following arguments are required: --model, --output-image\n"
    )
