"""What git tells of the work, and what keeps it from being handed in."""

from pathlib import Path
from typing import Any

import pytest

from pset_4.submission.repository import to_web_address


@pytest.mark.parametrize(
    "remote",
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
def test_a_remote_is_at_its_page_on_the_web(remote: str) -> None:
    assert to_web_address(remote) == "https://github.com/ada/pset-4"


def test_a_web_server_keeps_its_port() -> None:
    assert to_web_address("http://git.local:8080/ada/x.git") == "http://git.local:8080/ada/x"


@pytest.mark.parametrize(
    "remote", ["/srv/x.git", "../x", "file:///srv/x.git", "C:/x.git", "https://", "git@host:"]
)
def test_what_is_not_on_the_web_has_no_address(remote: str) -> None:
    assert to_web_address(remote) is None


def test_the_address_is_that_of_the_commit(repository: Any) -> None:
    assert f"would submit {repository.url} to" in repository.run("--dry-run").stdout


def test_without_a_remote_travis_tells_the_repository(
    repository: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.git("remote", "remove", "origin")
    monkeypatch.setenv("TRAVIS_REPO_SLUG", "ada/pset-4")
    assert repository.url in repository.run("--dry-run").stdout


def test_the_option_wins_over_the_remote(repository: Any) -> None:
    result = repository.run("--dry-run", "--repository-url", "https://gitlab.com/ada/other")
    assert f"submit https://gitlab.com/ada/other/commit/{repository.commit}" in result.stdout


def test_a_password_in_the_remote_is_not_handed_in(repository: Any) -> None:
    repository.git("remote", "set-url", "origin", "https://ada:secret@github.com/ada/pset-4.git")
    result = repository.run("--dry-run")
    assert (repository.url in result.stdout, "secret" in result.output) == (True, False)


def test_a_remote_that_is_not_on_the_web_is_refused_without_repeating_it(repository: Any) -> None:
    repository.git("remote", "set-url", "origin", "ftp://ada:secret@host/pset-4.git")
    result = repository.run("--dry-run")
    assert (result.exit_code, "secret" in result.output) == (1, False)
    assert result.stderr.startswith("error: the address of git's remote origin is not on the web")


def test_no_remote_at_all_is_refused(repository: Any) -> None:
    repository.git("remote", "remove", "origin")
    result = repository.run("--dry-run")
    assert (result.exit_code, "--repository-url" in result.stderr) == (1, True)


def change_a_file(repository: Any) -> None:
    (repository.folder / "code.py").write_text("print('changed')\n")


def stage_a_file(repository: Any) -> None:
    change_a_file(repository)
    repository.git("add", "code.py")


def remove_a_file(repository: Any) -> None:
    (repository.folder / "code.py").unlink()


def add_a_file(repository: Any) -> None:
    (repository.folder / "new.py").touch()


def add_a_file_that_the_user_hides(repository: Any) -> None:
    add_a_file(repository)
    repository.git("config", "status.showUntrackedFiles", "no")


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (change_a_file, "code.py"),
        (stage_a_file, "code.py"),
        (remove_a_file, "code.py"),
        (add_a_file, "new.py"),
        (add_a_file_that_the_user_hides, "new.py"),
    ],
)
def test_a_dirty_work_tree_is_refused(student: Any, canvas: Any, change: Any, name: str) -> None:
    change(student)
    result = student.run()
    assert (result.exit_code, canvas.requests) == (1, [])
    expected = f"error: the work tree is not clean: commit, or let git ignore, {name}"
    assert result.stderr.splitlines() == [expected]


def test_of_many_files_a_few_are_named(repository: Any) -> None:
    for number in range(9):
        (repository.folder / f"new{number}.py").touch()
    assert "new4.py and 4 more" in repository.run("--dry-run").stderr


def test_what_lies_above_the_current_folder_counts(
    repository: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = repository.folder / "data"
    add_a_file(repository)
    monkeypatch.chdir(folder)
    assert "new.py" in repository.run("--dry-run", "--data", str(folder)).stderr


def test_outside_of_a_repository_nothing_is_handed_in(
    repository: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = repository.run("--dry-run")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: run this in the git repository of the work")


def test_a_repository_without_a_commit_is_refused(
    repository: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.git("init", "--quiet", str(tmp_path / "empty"))
    monkeypatch.chdir(tmp_path / "empty")
    assert "has no commit yet" in repository.run("--dry-run").stderr


def test_that_git_is_missing_is_said(repository: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert "error: git is not installed" in repository.run("--dry-run").stderr


def test_a_commit_that_is_not_pushed_is_warned_of(student: Any, canvas: Any) -> None:
    student.git("commit", "--quiet", "--allow-empty", "-m", "More")
    result = student.run()
    assert (result.exit_code, result.stderr.startswith("warning: ")) == (0, True)
    assert canvas.submissions[-1]["content"] == student.url


def test_a_commit_that_is_pushed_is_not_warned_of(repository: Any) -> None:
    assert "warning" not in repository.run("--dry-run").stderr


def test_a_detached_head_as_on_travis_is_handed_in(repository: Any) -> None:
    repository.git("checkout", "--quiet", "--detach")
    result = repository.run("--dry-run")
    assert (result.exit_code, "warning" in result.stderr) == (0, False)


def test_a_picture_that_is_not_painted_is_refused_with_the_remedy(repository: Any) -> None:
    result = repository.run("--dry-run", "--image", "cat.jpg", "--model", "candy.pth")
    assert result.exit_code == 1
    assert "run python -m pset_4 main --image cat.jpg --model candy.pth" in result.stderr


def test_a_picture_that_was_altered_is_refused(repository: Any) -> None:
    repository.paint().write_bytes(b"retouched")
    result = repository.run("--dry-run")
    assert (result.exit_code, "is not as it was painted" in result.stderr) == (1, True)


def test_a_picture_of_other_origin_is_refused(repository: Any) -> None:
    path = repository.folder / "data/stylized/rain_princess.pth/theirs.jpg"
    path.write_bytes(b"not ours")
    result = repository.run("--dry-run", "--image", "theirs.jpg")
    assert (result.exit_code, "is not as it was painted" in result.stderr) == (1, True)


@pytest.mark.parametrize("option", ["--image=../code.py", "--model=photo.jpg", "--image=x.txt"])
def test_a_name_that_is_none_is_a_usage_error(repository: Any, option: str) -> None:
    assert repository.run("--dry-run", option).exit_code == 2


def test_a_style_of_many_is_handed_in_by_its_number(repository: Any) -> None:
    repository.paint("many.onnx@7/luigi.jpg")
    result = repository.run("--dry-run", "--model", "many.onnx@7")
    assert "would attach data/stylized/many.onnx@7/luigi.jpg" in result.stdout
