"""The settings of the remote and the data folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from pset_4 import places, settings
from pset_4.errors import SettingsError
from pset_4.tasks.remote import ContentImage
from tests.support.pipeline.projects import Project


def test_the_default_remote_is_in_the_data_folder(tmp_path: Path) -> None:
    found = settings.read_settings()

    assert (found.remote, found.is_embedded) == (str(tmp_path / "data" / "remote"), True)


def test_the_default_remote_follows_the_data_folder(tmp_path: Path) -> None:
    found = settings.read_settings(data="elsewhere")

    assert found.remote == str(tmp_path / "elsewhere" / "remote")


@pytest.mark.parametrize(
    ("option", "variable", "dotenv", "expected"),
    [
        ("s3://option", "s3://variable", "s3://dotenv", "s3://option"),
        (None, "s3://variable", "s3://dotenv", "s3://variable"),
        (None, None, "s3://dotenv", "s3://dotenv"),
    ],
)
def test_an_option_takes_precedence_over_a_variable_and_dotenv(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    option: str | None,
    variable: str | None,
    dotenv: str,
    expected: str,
) -> None:
    # Set and deleted, so that monkeypatch removes what .env puts into the environment.
    monkeypatch.setenv(places.REMOTE_VARIABLE, variable or "")
    if variable is None:
        monkeypatch.delenv(places.REMOTE_VARIABLE)
    (tmp_path / ".env").write_text(f"{places.REMOTE_VARIABLE}={dotenv}\n")
    (tmp_path / ".env").chmod(0o600)

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
    "remote",
    [
        "s3://",
        "s3:///prefix",
        "s3://bucket//prefix",
        "s3://bucket/../other",
        "s3://bucket/a/./b",
        "https://bucket",
        "gs://bucket",
    ],
)
def test_a_remote_of_an_unknown_kind_is_refused(remote: str) -> None:
    with pytest.raises(SettingsError, match="name s3://bucket/prefix or a directory"):
        settings.read_settings(remote=remote)


@pytest.mark.parametrize("bucket", ["My_Bucket!", "a b", "b" * 256, "b\u00fccher"])
def test_an_impossible_bucket_name_is_refused(bucket: str) -> None:
    with pytest.raises(SettingsError, match="is not a bucket's name"):
        settings.read_settings(remote=f"s3://{bucket}/prefix")


@pytest.mark.parametrize(
    "remote",
    [
        "s3://user:hush@bucket/prefix",
        "s3://hush@bucket",
        "s3://user:hush/hush@bucket",
        "https://user:hush@bucket.example/prefix",
        "user:hush@host:folder",
        "https://bucket.example/?X-Amz-Signature=hush",
    ],
)
def test_a_secret_in_a_remote_is_refused_and_not_shown(remote: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        settings.read_settings(remote=remote)

    assert "hush" not in str(refusal.value)


def test_an_at_sign_in_a_prefix_is_no_secret() -> None:
    assert settings.read_settings(remote="s3://bucket/a@b").remote == "s3://bucket/a@b"


def test_variables_that_are_not_used_are_logged_by_default(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / ".env").write_text("PSET_4_PYTHON=/bin/false\n")
    (tmp_path / ".env").chmod(0o600)

    settings.read_settings()

    assert "not used: PSET_4_PYTHON" in caplog.text


def test_a_blank_remote_counts_as_none() -> None:
    assert settings.read_settings(remote="  ").is_embedded


def test_a_new_directory_in_an_existing_folder_may_be_a_remote(tmp_path: Path) -> None:
    assert settings.read_settings(remote="./new").remote == str(tmp_path / "new")


def test_a_directory_in_a_missing_folder_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"its parent folder .*/not does not exist"):
        settings.read_settings(remote="not/mounted")


@pytest.mark.parametrize("paints", [True, False])
def test_an_unknown_option_is_not_ignored(paints: bool) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'dry_run'"):
        settings.read_settings(paints=paints, dry_run="1")


def test_a_file_is_refused_as_a_remote(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(SettingsError, match="a file, not a directory"):
        settings.read_settings(remote="file")


@pytest.mark.parametrize("remote", ["data", "data/uploads", "data/stylized/deeper", "data/x/.."])
def test_a_folder_of_the_machine_s_own_files_is_refused(tmp_path: Path, remote: str) -> None:
    (tmp_path / "data" / "stylized").mkdir(parents=True)

    with pytest.raises(SettingsError, match="its own files"):
        settings.read_settings(remote=remote)


@pytest.mark.parametrize("folder", ["data", "data/uploads"])
def test_a_link_to_the_machine_s_own_files_is_refused(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / folder)

    with pytest.raises(SettingsError, match="its own files"):
        settings.read_settings(remote="link")


def test_own_files_behind_a_linked_data_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere" / "uploads").mkdir(parents=True)
    (tmp_path / "data").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(SettingsError, match="its own files"):
        settings.read_settings(remote="elsewhere/uploads")


@pytest.mark.parametrize("data", ["shared/images", "shared/stylized/deeper", "link"])
def test_a_data_folder_in_what_the_remote_publishes_is_refused(tmp_path: Path, data: str) -> None:
    (tmp_path / "shared" / "images").mkdir(parents=True)
    (tmp_path / "link").symlink_to("shared/images")

    with pytest.raises(SettingsError, match="would be published there"):
        settings.read_settings(remote="shared", data=data)


def test_a_data_folder_beside_what_the_remote_publishes_may_be_in_it(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()

    assert settings.read_settings(remote="shared", data="shared/proofs").remote.endswith("shared")


def test_a_link_to_another_directory_may_be_a_remote(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")

    assert settings.read_settings(remote="link").remote == str(tmp_path / "link")


def test_tasks_follow_the_settings_in_force(tmp_path: Path) -> None:
    with Project(tmp_path, "s3://bucket").in_force():
        assert ContentImage.IMAGE_ROOT == "s3://bucket/images"

    assert ContentImage.IMAGE_ROOT != "s3://bucket/images"


def test_a_subclass_may_fix_a_root_of_its_own(tmp_path: Path) -> None:
    class MyImage(ContentImage):
        IMAGE_ROOT = str(tmp_path)

    assert MyImage(image="a.png").output().path == str(tmp_path / "a.png")


@pytest.mark.parametrize("variable", ["PSET_4_REMOTE", "PSET_4_DATA", "PSET_4_UPLOADS"])
@pytest.mark.parametrize("value", ["x\x1b[31m", "s3://bucket/\u202etxt", "two\nlines", "a\u200bb"])
def test_a_setting_that_is_not_shown_as_it_is_is_refused(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(SettingsError) as refusal:
        settings.read_settings()

    option = variable.removeprefix("PSET_4_").lower()
    assert str(refusal.value) == (
        f"{variable} or --{option}: the value has invisible or control characters; type it again"
    )


def test_a_path_beyond_the_encoding_of_the_system_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.getfilesystemencoding", lambda: "ascii")

    with pytest.raises(SettingsError, match="as ascii, not as UTF-8; set PYTHONUTF8=1"):
        settings.read_settings(data="\udcc3\udca9")


@pytest.mark.parametrize("variable", ["PSET_4_REMOTE", "PSET_4_DATA", "PSET_4_UPLOADS"])
def test_the_home_of_an_unknown_user_is_refused(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "~nobody-of-that-name/x")

    with pytest.raises(SettingsError, match="'~nobody-of-that-name/x': no such user"):
        settings.read_settings()


@pytest.mark.parametrize(
    "remote", ["s3://b/x?X-Amz-Signature=hush1234", "https://h/x?sig=hush1234"]
)
def test_a_signed_address_is_refused_without_its_signature(remote: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        settings.read_settings(remote=remote)

    assert str(refusal.value).startswith(f"remote '{remote.partition('?')[0]}': ")
    assert "hush" not in str(refusal.value)
