"""What git tells about the work, and what prevents its submission."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pset_4.submission.repository import find_web_page
from tests.support.canvas import Canvas
from tests.support.pipeline.submissions import Repository

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    "url",
    [
        "git@github.com:ada/pset-4.git",
        "github.com:ada/pset-4",
        "ssh://git@github.com/ada/pset-4.git",
        "ssh://git@github.com:22/ada/pset-4.git/",
        "git://github.com/ada/pset-4.git",
        "https://github.com/ada/pset-4.git",
        "https://github.com/ada/pset-4/",
        "https://ada:secret@github.com/ada/pset-4.git",
        "https://x-access-token:secret@github.com/ada/pset-4",
    ],
)
def test_a_repository_has_a_web_page(url: str) -> None:
    assert find_web_page(url) == "https://github.com/ada/pset-4"


def test_a_web_page_keeps_its_port() -> None:
    assert find_web_page("http://git.local:8080/ada/x.git") == "http://git.local:8080/ada/x"


@pytest.mark.parametrize(
    "url", ["/srv/x.git", "../x", "file:///srv/x.git", "C:/x.git", "https://", "git@host:"]
)
def test_a_local_or_incomplete_url_has_no_web_page(url: str) -> None:
    assert find_web_page(url) is None


def test_the_page_of_the_commit_is_submitted(repository: Repository) -> None:
    result = repository.run_well("--dry-run")

    assert f"would submit {repository.url} to" in result.stdout


def test_without_a_remote_travis_names_the_repository(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.git("remote", "remove", "origin")
    monkeypatch.setenv("TRAVIS_REPO_SLUG", "ada/pset-4")

    result = repository.run_well("--dry-run")

    assert repository.url in result.stdout


def test_the_option_overrides_the_remote(repository: Repository) -> None:
    result = repository.run_well("--dry-run", "--repository-url", "https://gitlab.com/ada/other")

    assert f"submit https://gitlab.com/ada/other/commit/{repository.commit}" in result.stdout


def test_a_password_in_the_remote_is_not_submitted(repository: Repository) -> None:
    repository.git("remote", "set-url", "origin", "https://ada:secret@github.com/ada/pset-4.git")

    result = repository.run_well("--dry-run")

    assert repository.url in result.stdout
    assert "secret" not in result.output


def test_a_remote_without_a_web_page_is_refused_without_repeating_it(
    repository: Repository,
) -> None:
    repository.git("remote", "set-url", "origin", "ftp://ada:secret@host/pset-4.git")

    error = repository.run_badly("--dry-run")

    assert error.startswith("error: git's remote origin has no web page; give --repository-url")
    assert "secret" not in error


def test_no_remote_at_all_is_refused(repository: Repository) -> None:
    repository.git("remote", "remove", "origin")

    error = repository.run_badly("--dry-run")

    assert error == "error: git has no remote origin; give --repository-url"


def change_file(repository: Repository) -> None:
    (repository.folder / "code.py").write_text("print('changed')\n")


def stage_file(repository: Repository) -> None:
    change_file(repository)
    repository.git("add", "code.py")


def remove_file(repository: Repository) -> None:
    (repository.folder / "code.py").unlink()


def add_file(repository: Repository) -> None:
    (repository.folder / "new.py").touch()


def add_file_hidden_by_configuration(repository: Repository) -> None:
    add_file(repository)
    repository.git("config", "status.showUntrackedFiles", "no")


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (change_file, "code.py"),
        (stage_file, "code.py"),
        (remove_file, "code.py"),
        (add_file, "new.py"),
        (add_file_hidden_by_configuration, "new.py"),
    ],
)
def test_a_dirty_work_tree_is_refused(
    student: Repository, canvas: Canvas, change: Callable[[Repository], None], name: str
) -> None:
    change(student)

    error = student.run_badly()

    remedy = "commit these files or add them to .gitignore"
    assert error == f"error: the work tree is not clean: {name}; {remedy}"
    assert canvas.requests == []


def test_an_error_names_only_some_of_many_files(repository: Repository) -> None:
    for number in range(9):
        (repository.folder / f"new{number}.py").touch()

    error = repository.run_badly("--dry-run")

    assert "new3.py, new4.py and 4 more; " in error


def test_files_above_the_current_folder_count(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_file(repository)
    folder = repository.folder / "data"
    monkeypatch.chdir(folder)

    error = repository.run_badly("--dry-run", "--data", str(folder))

    assert "new.py" in error


def test_a_folder_outside_a_repository_is_refused(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    error = repository.run_badly("--dry-run")

    assert error.startswith(f"error: {tmp_path}: fatal: not a git repository")
    assert error.endswith("; run this in your git repository")


def test_a_repository_without_a_commit_is_refused(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.git("init", "--quiet", str(tmp_path / "empty"))
    monkeypatch.chdir(tmp_path / "empty")

    error = repository.run_badly("--dry-run")

    assert error == "error: the repository has no commit; commit your work and push it"


def test_missing_git_is_reported(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    error = repository.run_badly("--dry-run")

    assert error == "error: git is not installed; install git"


def test_a_commit_that_is_not_pushed_is_submitted_with_a_warning(
    student: Repository, canvas: Canvas
) -> None:
    student.git("commit", "--quiet", "--allow-empty", "-m", "More")

    result = student.run_well()

    assert result.stderr.startswith("warning: ")
    assert canvas.submissions[-1]["content"] == student.url


def test_a_pushed_commit_has_no_warning(repository: Repository) -> None:
    result = repository.run_well("--dry-run")

    assert "warning" not in result.stderr


def test_a_detached_head_as_on_travis_is_submitted(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "--detach")

    result = repository.run_well("--dry-run")

    assert "warning" not in result.stderr


def test_a_missing_result_is_refused_with_the_command_that_paints_it(
    repository: Repository,
) -> None:
    error = repository.run_badly("--dry-run", "--image", "cat.jpg", "--model", "candy.pth")

    remedy = "run python -m pset_4 main --image cat.jpg --model candy.pth"
    path = "data/stylized/candy.pth/cat.jpg"
    assert error == f"error: {path}: the result does not exist; {remedy}"


def test_an_altered_result_is_refused(repository: Repository) -> None:
    repository.paint().write_bytes(b"retouched")

    error = repository.run_badly("--dry-run")

    assert "rain_princess.pth/luigi.jpg: the result was altered; run python -m pset_4" in error


def test_a_result_that_was_not_painted_here_is_refused(repository: Repository) -> None:
    path = repository.folder / "data/stylized/rain_princess.pth/theirs.jpg"
    path.write_bytes(b"not ours")

    error = repository.run_badly("--dry-run", "--image", "theirs.jpg")

    assert "rain_princess.pth/theirs.jpg: the result was altered; " in error


@pytest.mark.parametrize("option", ["--image=../code.py", "--model=photo.jpg", "--image=x.txt"])
def test_an_invalid_name_is_a_usage_error(repository: Repository, option: str) -> None:
    assert repository.run("--dry-run", option).exit_code == 2


def test_one_of_many_styles_is_submitted_by_its_number(repository: Repository) -> None:
    repository.paint("many.onnx@7/luigi.jpg")

    result = repository.run_well("--dry-run", "--model", "many.onnx@7")

    assert "would attach data/stylized/many.onnx@7/luigi.jpg" in result.stdout


@pytest.mark.parametrize("name", ["painting", "pipeline", "photos", "models", "checkpoints"])
def test_a_folder_of_the_documentation_s_examples_is_ignored(
    name: str, repository: Repository
) -> None:
    shutil.copy(ROOT / ".gitignore", repository.folder)
    (repository.folder / name).mkdir()
    (repository.folder / name / "file").touch()

    assert f"?? {name}/" not in repository.git("status", "--porcelain")
