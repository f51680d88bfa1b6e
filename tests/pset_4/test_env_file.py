"""What the file ``.env`` of the current folder may set, and what it must not."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pset_4.env_file import load_env_file
from pset_4.errors import SettingsError
from tests.support.pipeline.projects import Project

KEYS = {"AWS_ACCESS_KEY_ID": "file", "AWS_SECRET_ACCESS_KEY": "file"}
REAL_KEYS = dict.fromkeys(KEYS, "real")
ENDPOINT = {"AWS_ENDPOINT_URL": "http://file.example"}
CANVAS = {"CANVAS_URL": "https://file.example", "CANVAS_TOKEN": "file"}


@pytest.fixture(autouse=True)
def restored_environment() -> Iterator[None]:
    """The environment is afterwards as it was before."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def load(values: Mapping[str, str]) -> tuple[set[str], list[str]]:
    """Return which variables a ``.env`` of the current folder sets, and the notes."""
    text = "".join(f"{name}={value}\n" for name, value in values.items())
    write_env_file(text.encode())
    before = set(os.environ)
    notes: list[str] = []
    load_env_file(Path.cwd(), notes.append)
    return set(os.environ) - before, notes


def write_env_file(content: bytes, mode: int = 0o600) -> None:
    path = Path(".env")
    path.write_bytes(content)
    path.chmod(mode)


@pytest.mark.parametrize(
    "name",
    [
        "PSET_4_REMOTE",
        "PSET_4_DATA",
        "PSET_4_THREADS",
        "PSET_4_MEMORY",
        "PSET_4_DEVICE",
        "PSET_4_HOURS",
        "AWS_PROFILE",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "CANVAS_COURSE",
        "CANVAS_ASSIGNMENT",
        "CANVAS_QUIZ",
    ],
)
def test_a_setting_of_data_counts(name: str) -> None:
    assert load({name: "value"}) == ({name}, [])


@pytest.mark.parametrize(
    "name",
    [
        "PSET_4_PYTHON",
        "PSET_4_RUNNER",
        "LD_PRELOAD",
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_CA_BUNDLE",
        "AWS_DATA_PATH",
        "BOTO_CONFIG",
        "HTTPS_PROXY",
        "LUIGI_CONFIG_PATH",
        "NEURAL_STYLE_CACHE",
        "REQUESTS_CA_BUNDLE",
        "anything",
    ],
)
def test_any_other_variable_is_named_and_not_set(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(name, raising=False)

    added, notes = load({name: "value", "PSET_4_DATA": "there"})

    assert added == {"PSET_4_DATA"}
    assert notes == [
        f"{Path.cwd()}/.env: not used: {name}; set in the environment what should count"
    ]


def test_a_variable_like_path_is_named_though_the_environment_has_it() -> None:
    before = os.environ["PATH"]

    _, notes = load({"PATH": "/evil", "LD_AUDIT": "/evil"})

    assert os.environ["PATH"] == before
    assert len(notes) == 1 and "LD_AUDIT, PATH;" in notes[0]


@pytest.mark.parametrize("values", [CANVAS, KEYS, KEYS | ENDPOINT])
def test_an_address_and_its_credentials_count_together(values: dict[str, str]) -> None:
    assert load(values) == (set(values), [])


def test_variables_that_were_loaded_before_do_not_count_as_the_environment_s() -> None:
    load({"CANVAS_TOKEN": "file"})

    assert load(CANVAS) == ({"CANVAS_URL"}, [])


@pytest.mark.parametrize(
    ("environment", "values", "unused"),
    [
        ({"CANVAS_TOKEN": "real"}, {"CANVAS_URL": "https://file.example"}, "CANVAS_URL"),
        ({"CANVAS_TOKEN": "real"}, CANVAS, "CANVAS_URL"),
        ({"CANVAS_URL": "https://real.example"}, CANVAS, "CANVAS_TOKEN"),
        ({"AWS_SECRET_ACCESS_KEY": "real"}, KEYS, "AWS_ACCESS_KEY_ID"),
        (
            {"AWS_ACCESS_KEY_ID": "real", "AWS_SECRET_ACCESS_KEY": "real"},
            ENDPOINT,
            "AWS_ENDPOINT_URL",
        ),
        ({"AWS_SESSION_TOKEN": "real"}, ENDPOINT | KEYS, ", ".join(sorted(ENDPOINT | KEYS))),
        ({}, ENDPOINT, "AWS_ENDPOINT_URL"),
        ({}, ENDPOINT | {"AWS_PROFILE": "me"}, "AWS_ENDPOINT_URL"),
    ],
)
def test_an_address_is_not_combined_with_the_credentials_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    values: dict[str, str],
    unused: str,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    added, notes = load(values)

    assert added.isdisjoint(unused.split(", "))
    assert len(notes) == 1 and f"not used: {unused};" in notes[0]
    assert all(os.environ[name] == value for name, value in environment.items())


def test_values_are_not_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")

    load({"PSET_4_REMOTE": "s3://bucket/${AWS_SECRET_ACCESS_KEY}"})

    assert os.environ["PSET_4_REMOTE"] == "s3://bucket/${AWS_SECRET_ACCESS_KEY}"


def test_an_empty_value_counts_as_none() -> None:
    assert load({"PSET_4_REMOTE": "", "LD_PRELOAD": ""}) == (set(), [])


def test_a_byte_order_mark_is_skipped() -> None:
    write_env_file(b"\xef\xbb\xbfPSET_4_DATA=there\n")

    load_env_file(Path.cwd(), pytest.fail)

    assert os.environ["PSET_4_DATA"] == "there"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no POSIX permissions")
@pytest.mark.parametrize("mode", [0o660, 0o606, 0o622])
def test_a_file_that_others_can_write_to_is_refused(mode: int) -> None:
    write_env_file(b"PSET_4_DATA=there\n", mode)

    with pytest.raises(SettingsError) as refusal:
        load_env_file(Path.cwd(), pytest.fail)

    assert str(refusal.value) == (
        f"{Path.cwd()}/.env: other users can write to it; make sure that it is yours, and run "
        "chmod go-w .env"
    )


@pytest.mark.skipif(
    not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give files away"
)
def test_a_file_of_another_user_is_refused() -> None:
    write_env_file(b"PSET_4_DATA=there\n")
    os.chown(".env", 12345, -1)

    with pytest.raises(SettingsError, match="belongs to another user"):
        load_env_file(Path.cwd(), pytest.fail)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"PSET_4_DATA=a\0b\n"])
def test_a_file_that_is_no_text_is_refused(content: bytes) -> None:
    write_env_file(content)

    with pytest.raises(SettingsError, match=r"\.env: expected UTF-8 text"):
        load_env_file(Path.cwd(), pytest.fail)


@pytest.mark.parametrize(
    "line",
    ["PSET_4_REMOTE s3://mine", 'PSET_4_REMOTE="s3://mine', "a: b", "PSET_4_REMOTE", "export A"],
)
def test_a_line_that_sets_nothing_is_an_error(line: str) -> None:
    write_env_file(f"# my settings\n\n{line}\nPSET_4_DATA=mine\n".encode())

    with pytest.raises(SettingsError, match=r"\.env: line 3: expected NAME=value; repair"):
        load_env_file(Path.cwd(), pytest.fail)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_a_fifo_is_not_waited_for() -> None:
    os.mkfifo(".env", 0o600)

    with pytest.raises(SettingsError, match="expected a regular file"):
        load_env_file(Path.cwd(), pytest.fail)


def test_a_command_names_once_what_it_does_not_use(directory_project: Project) -> None:
    write_env_file(b"PSET_4_RUNNER=program\nPSET_4_PYTHON=/bin/false\n")

    result = directory_project.run_apart("models", "list")

    assert result.returncode == 0, result.stderr
    assert result.stderr.count("PSET_4_PYTHON, PSET_4_RUNNER") == 1
    assert result.stderr.startswith(f"note: {Path.cwd()}/.env: not used: ")


def test_the_template_s_example_is_used_in_full() -> None:
    root = Path(__file__).resolve().parents[2] / "template"
    (example,) = root.glob("*/.env.example")
    lines = example.read_text().replace("\n#", "\n").splitlines()
    settings = dict(line.split("=", 1) for line in lines if "=" in line)

    added, notes = load({name: value or "value" for name, value in settings.items()})

    assert (added, notes) == (set(settings), [])
