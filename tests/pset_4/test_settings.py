"""Where the remote and the data folder come from."""

from pathlib import Path

import pytest

from pset_4 import context, settings
from pset_4.errors import SettingsError
from pset_4.tasks.remote import ContentImage


def test_the_embedded_default_lies_in_the_data_folder(tmp_path: Path) -> None:
    found = settings.read_settings()
    assert (found.remote, found.is_embedded) == (str(tmp_path / "data" / "remote"), True)


def test_the_embedded_default_follows_the_data_folder(tmp_path: Path) -> None:
    assert settings.read_settings(data="elsewhere").remote == str(tmp_path / "elsewhere" / "remote")


@pytest.mark.parametrize(
    ("option", "variable", "dotenv", "expected"),
    [
        ("s3://option", "s3://variable", "s3://dotenv", "s3://option"),
        (None, "s3://variable", "s3://dotenv", "s3://variable"),
        (None, None, "s3://dotenv", "s3://dotenv"),
    ],
)
def test_an_option_wins_over_a_variable_and_that_over_dotenv(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    option: str | None,
    variable: str | None,
    dotenv: str,
    expected: str,
) -> None:
    # Set and deleted, so that what .env puts into the environment is taken out again.
    monkeypatch.setenv(settings.REMOTE_VARIABLE, variable or "")
    if variable is None:
        monkeypatch.delenv(settings.REMOTE_VARIABLE)
    (tmp_path / ".env").write_text(f"{settings.REMOTE_VARIABLE}={dotenv}\n")
    assert settings.read_settings(remote=option).remote == expected


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        ("s3://bucket", "s3://bucket"),
        ("s3://bucket/", "s3://bucket"),
        ("s3://bucket/a/prefix/", "s3://bucket/a/prefix"),
    ],
)
def test_an_s3_remote_loses_its_closing_slash(remote: str, expected: str) -> None:
    assert settings.read_settings(remote=remote).remote == expected


@pytest.mark.parametrize(
    "remote", ["s3://", "s3:///prefix", "s3://bucket//prefix", "https://bucket", "gs://bucket"]
)
def test_a_remote_of_no_known_kind_is_refused(remote: str) -> None:
    with pytest.raises(SettingsError, match=r"expected s3://bucket/prefix or a directory"):
        settings.read_settings(remote=remote)


def test_a_directory_remote_may_be_made_in_a_folder_that_is_there(tmp_path: Path) -> None:
    assert settings.read_settings(remote="new").remote == str(tmp_path / "new")


def test_a_directory_remote_in_a_folder_that_is_not_there_is_refused() -> None:
    with pytest.raises(SettingsError, match="there is no folder"):
        settings.read_settings(remote="not/mounted")


@pytest.mark.parametrize("remote", ["data", "data/uploads", "data/stylized/deeper", "data/x/.."])
def test_a_remote_where_the_machine_keeps_its_own_files_is_refused(
    tmp_path: Path, remote: str
) -> None:
    (tmp_path / "data" / "stylized").mkdir(parents=True)
    with pytest.raises(SettingsError, match="its own files"):
        settings.read_settings(remote=remote)


@pytest.mark.parametrize("folder", ["data", "data/uploads"])
def test_a_link_to_where_the_machine_keeps_its_own_files_is_refused(
    tmp_path: Path, folder: str
) -> None:
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / folder)
    with pytest.raises(SettingsError, match="its own files"):
        settings.read_settings(remote="link")


def test_where_the_data_folder_is_a_link_its_own_files_are_no_remote(tmp_path: Path) -> None:
    (tmp_path / "elsewhere" / "uploads").mkdir(parents=True)
    (tmp_path / "data").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SettingsError, match="its own files"):
        settings.read_settings(remote="elsewhere/uploads")


def test_a_link_to_another_directory_is_a_remote(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    assert settings.read_settings(remote="link").remote == str(tmp_path / "link")


@pytest.mark.parametrize("bucket", ["My_Bucket!", "a b", "b" * 256, "b\u00fccher"])
def test_what_is_no_name_of_a_bucket_is_refused(bucket: str) -> None:
    with pytest.raises(SettingsError, match="is not the name of a bucket"):
        settings.read_settings(remote=f"s3://{bucket}/prefix")


def test_a_blank_remote_is_none() -> None:
    assert settings.read_settings(remote="  ").is_embedded


def test_a_dotenv_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"\.env"):
        settings.read_settings()


def test_a_remote_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="is a file"):
        settings.read_settings(remote="file")


def test_tasks_follow_the_settings_in_force() -> None:
    with context.activated(settings.read_settings(remote="s3://bucket")):
        assert ContentImage.IMAGE_ROOT == "s3://bucket/images"
    assert ContentImage.IMAGE_ROOT != "s3://bucket/images"


def test_a_subclass_may_fix_a_root_of_its_own(tmp_path: Path) -> None:
    class MyImage(ContentImage):
        IMAGE_ROOT = str(tmp_path)

    assert MyImage(image="a.png").output().path == str(tmp_path / "a.png")
