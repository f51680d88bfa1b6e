"""What a user reads if a program fails to paint."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
from pathlib import Path

import pytest

from tests.support.pipeline.painting import PAINT, RESULT, paint_with
from tests.support.pipeline.programs import FIND_OUTPUT, MakePython
from tests.support.pipeline.projects import Project, assert_failed

REPORT_SUCCESS = """echo '{"result": {"has_more_frames": false}}'"""
"""A line of a shell script that reports a finished painting."""

PAINT_BADLY = f"""{FIND_OUTPUT}
{REPORT_SUCCESS}
if [ "$2" = mlflow ]; then echo '{{"predictions": [{{"picture": "aGk="}}]}}' > "${{10}}"
else echo hi > "$out"; fi"""
"""Lines of a shell script that writes something else than an image, for both runners."""

COPY_IMAGE = """
for word in "$@"; do
    case "$word" in
        --output-image=*) to="${word#*=}" ;;
        --content-image=*) from="${word#*=}" ;;
    esac
done
cp "$from" "$to"
"""
"""Lines of a shell script that returns the image that it is asked to paint."""

REPORT_SLOWNESS = """echo '{"note": "it will be slow"}'"""
"""A line of a shell script that reports a note."""

REPORT_ERROR = """
printf '{{"error": {{"type": "PictureError", "path": "%s", "reason": "dry", "remedy": "wet it"}}}}'\
    "{path}"
exit 1
"""
"""Lines of a shell script that reports an error about a file."""

COMMANDS = {"program": "neural_style eval", "mlflow": "mlflow models predict"}
"""What each runner starts, as its messages name it."""

both_runners = pytest.mark.parametrize("runner", ["program", "mlflow"])


def fail_as_full(*arguments: object) -> None:
    """Stand in for a write on a full disk."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (
            "echo the paint is dry >&2; exit 3",
            "failed with return code 3 (the paint is dry)",
        ),
        ("printf 'Traceback:\n  x\nE: dry\n\n' >&2; exit 1", "failed with return code 1 (E: dry)"),
        (
            "printf 'gr\\374n' >&2; exit 1",
            "return code 1 (gr\N{REPLACEMENT CHARACTER}n)",
        ),
        ("echo note >&2; kill -9 $$", "was killed; if memory was short, try --max-side"),
        ("exit 1", "failed with return code 1 (it did not say why)"),
        ("", "reported no result that is understood here; check that --python"),
        (REPORT_SUCCESS, "painted nothing; check --python"),
    ],
    ids=["a-line", "a-traceback", "not-utf-8", "killed", "silent", "no-report", "nothing-painted"],
)
@both_runners
def test_the_message_of_a_failing_program_is_passed_on(
    runner: str, script: str, message: str, published: Project, make_python: MakePython
) -> None:
    python = make_python(script)

    result = published.run(*paint_with(runner, python))

    assert_failed(result, message)
    assert f"{python} -m {COMMANDS[runner]} " in result.stderr
    assert published.files("stylized") == []


@both_runners
def test_the_error_that_a_program_reports_is_passed_on(
    runner: str, published: Project, make_python: MakePython
) -> None:
    python = make_python(REPORT_ERROR.format(path="candy.pth"))

    result = published.run(*paint_with(runner, python))

    assert_failed(result, "failed: candy.pth: dry; wet it")
    assert published.files("stylized") == []


def test_the_notes_of_a_program_are_passed_on(published: Project, make_python: MakePython) -> None:
    python = make_python(f"{COPY_IMAGE}\n{REPORT_SLOWNESS}\n{REPORT_SUCCESS}")

    result = published.run(*paint_with("program", python))

    lines = result.stderr.splitlines()
    assert lines[-3:-1] == ["note: it will be slow", f"painted {RESULT}"]


def test_a_failure_of_mlflow_names_the_image(published: Project, make_python: MakePython) -> None:
    result = published.run(*paint_with("mlflow", make_python("exit 1")))

    assert f"failed: {published.data}/images/drawing.png: " in result.stderr


def test_a_result_that_a_program_cannot_write_has_its_final_name(
    published: Project, make_python: MakePython
) -> None:
    failing = make_python(FIND_OUTPUT + REPORT_ERROR.format(path="$out"))

    result = published.run(*paint_with("program", failing))

    assert_failed(result, f"failed: {published.data}/{RESULT}: dry; wet it")


@both_runners
def test_a_full_disk_is_reported_with_the_name_of_the_result(
    runner: str, published: Project, make_python: MakePython, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "write_bytes", fail_as_full)

    result = published.run(*paint_with(runner, make_python(PAINT_BADLY)))

    message = f"{published.data}/{RESULT}: cannot be written: No space left on device; make room"
    assert_failed(result, f"failed: {message}")


def test_a_full_disk_of_temporary_files_is_reported_with_its_folder(
    published: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "write_text", fail_as_full)

    result = published.run(*paint_with("mlflow", Path(sys.executable)))

    assert_failed(result, f"failed: {tempfile.gettempdir()}/.luigi-tmp-")
    assert_failed(result, "No space left on device; make room on that disk")


@pytest.mark.parametrize(
    ("command", "names"), [("stylize", PAINT[1:]), ("upload", ())], ids=["stylize", "upload"]
)
def test_a_program_that_does_not_start_is_reported(
    command: str, names: tuple[str, ...], published: Project, make_python: MakePython
) -> None:
    published.drop("other.pth", b"only to be inspected")
    no_program = make_python("")
    no_program.write_bytes(b"\0")

    result = published.run(command, *names, "--runner", "program", "--python", str(no_program))

    assert_failed(result, f"failed: {no_program}: cannot be started (Exec format error); check")
