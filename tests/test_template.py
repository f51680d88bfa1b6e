"""The project template: rendered and used as the README describes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from PIL import Image

from tests.support.networks.models import make_model
from tests.support.packages import find_in_package

ROOT = Path(__file__).resolve().parents[1]
SLUG = "my_styles"
SOURCE = "git+https://example.org/pset_4.git"
SOURCE_ANSWER = f"pset_4_source={SOURCE}"
NAMES_RULE = "small letters, digits and underscores, a letter first, no keyword"
SOURCES_RULE = "git+https://host/path, git+ssh://git@host/path or file:///path/of/a/checkout"

Completed = subprocess.CompletedProcess[str]

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="needs git on the path")


def run(folder: Path, *command: str) -> Completed:
    """Run a command in a folder whose parent is the home and temporary folder."""
    home = str(folder.parent)
    # Variables of an outer make, git or cookiecutter would change what the inner one does.
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("COOKIECUTTER_", "GIT_", "MAKE", "MFLAGS"))
    }
    environment = {
        **inherited,
        "HOME": home,
        "USERPROFILE": home,
        "TMPDIR": home,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        # Replaces `pip install`, which needs a network.
        "PYTHONPATH": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        # Threads only wait for each other with images this small.
        "OMP_NUM_THREADS": "1",
    }
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def render(folder: Path, *answers: str, template: Path = ROOT) -> Completed:
    """Create a project in a new folder with the command of the README.

    Args:
        folder: Where the project's folder is created.
        answers: Answers to the template's questions as ``name=value``.
        template: The checkout with the template.
    """
    folder.mkdir(parents=True)
    cookiecutter = (sys.executable, "-m", "cookiecutter", str(template), "--directory", "template")
    return run(folder, *cookiecutter, "--no-input", *answers)


@pytest.fixture(scope="module")
def template_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the default name, which tests only read."""
    folder = tmp_path_factory.mktemp("rendered") / "projects"
    result = render(folder, SOURCE_ANSWER)
    assert result.returncode == 0, result.stdout
    return folder / SLUG


@pytest.fixture
def project(template_project: Path, tmp_path: Path) -> Path:
    """A copy of `template_project` that tests may change."""
    return Path(shutil.copytree(template_project, tmp_path / "home" / SLUG))


def list_files(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder."""
    return (path for path in folder.rglob("*") if path.is_file())


def test_no_placeholder_is_left(template_project: Path) -> None:
    text = "\n".join(f"{path}\n{path.read_text()}" for path in list_files(template_project))

    assert [mark for mark in ("{{", "}}", "{%", "%}", "cookiecutter") if mark in text] == []


@pytest.mark.parametrize(
    "slug",
    [pytest.param("x", id="short"), pytest.param("a_rather_long_name_" * 2 + "2", id="long")],
)
def test_the_checks_of_a_new_project_pass_whatever_its_name(tmp_path: Path, slug: str) -> None:
    render(tmp_path / "projects", f"project_slug={slug}", SOURCE_ANSWER)

    for check in (["check"], ["format", "--check"]):
        result = run(tmp_path / "projects" / slug, "ruff", *check, "--no-cache")
        assert result.returncode == 0, result.stdout


def test_the_checks_and_tests_of_a_new_project_pass(project: Path) -> None:
    result = run(project, "make", "check", "BIN=")

    assert result.returncode == 0, result.stdout + result.stderr
    assert " passed" in result.stdout


@pytest.fixture
def filled_project(project: Path) -> Path:
    """The project with an image and a model dropped in, and with its example settings."""
    uploads = project / "data" / "uploads"
    uploads.mkdir(parents=True)
    with Image.open(find_in_package("skimage", "data/coffee.png")) as picture:
        picture.convert("RGB").resize((48, 36)).save(uploads / "coffee.png")
    (uploads / "one.pth").write_bytes(make_model(1))
    shutil.copy(project / ".env.example", project / ".env")
    return project


def test_the_command_of_a_new_project_publishes_a_sheet_beside_a_damaged_configuration(
    filled_project: Path,
) -> None:
    (filled_project / "luigi.cfg").write_text("no section\n")

    result = run(filled_project, sys.executable, "-m", SLUG)

    assert result.stdout == "data/remote/contact_sheets/coffee.png\n", result.stderr
    with Image.open(filled_project / "data/remote/contact_sheets/coffee.png") as sheet:
        assert sheet.width > 48


def test_the_task_of_a_new_project_runs_through_luigi(filled_project: Path) -> None:
    luigi = (sys.executable, "-m", "luigi", "--local-scheduler", "--no-lock")
    task = ("--module", f"{SLUG}.tasks", "ContactSheet")
    parameters = ("--image", "coffee.png", "--models", '["one.pth"]')

    result = run(filled_project, *luigi, *task, *parameters)

    assert "This progress looks :)" in result.stderr
    assert (filled_project / "data/contact_sheets/coffee.png").is_file()


@needs_git
def test_git_ignores_what_belongs_to_one_machine_only(filled_project: Path) -> None:
    (filled_project / ".venv").mkdir()
    (filled_project / ".venv" / "installed").touch()
    run(filled_project, "git", "init", "--quiet")

    ignored = run(filled_project, "git", "status", "--short", "--ignored").stdout.splitlines()

    lines = [line for line in ignored if line.startswith("!!")]
    assert lines == ["!! .env", "!! .venv/", "!! data/"]


def test_travis_deploys_from_the_main_branch_only(template_project: Path) -> None:
    travis = yaml.safe_load((template_project / ".travis.yml").read_text())
    deploy = {"name": "deploy", "if": "branch = main AND type != pull_request"}

    assert travis["stages"] == ["test", deploy]
    assert [job["stage"] for job in travis["jobs"]["include"]] == ["deploy"]


def check_refusal(folder: Path, message: str, *answers: str) -> None:
    """Check that the template refuses the answers with a message and creates nothing."""
    result = render(folder, *answers)
    assert result.returncode != 0
    assert message in result.stderr
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "slug", ["my-styles", "2styles", "_styles", "styles_", "Styles", "class", "größe"]
)
def test_a_name_that_no_package_can_have_is_refused(tmp_path: Path, slug: str) -> None:
    message = f"expected the name of a Python package ({NAMES_RULE}), got {slug!r}"

    check_refusal(tmp_path / "projects", message, f"project_slug={slug}", SOURCE_ANSWER)


@pytest.mark.parametrize("slug", ["json", "pset_4", "click", "cookiecutter"])
def test_a_name_that_hides_another_package_is_refused(tmp_path: Path, slug: str) -> None:
    message = f"{slug!r} is the name of another package"

    check_refusal(tmp_path / "projects", message, f"project_slug={slug}", SOURCE_ANSWER)


@pytest.mark.parametrize(
    "source",
    ["", "https://example.org/pset_4.git", "/home/me/pset_4", "git+https://a b", SOURCE + '"'],
)
def test_a_source_that_pip_cannot_read_is_refused(tmp_path: Path, source: str) -> None:
    message = f"expected an address that pip takes, {SOURCES_RULE}, got {source!r}"

    check_refusal(tmp_path / "projects", message, f"pset_4_source={source}")


@pytest.fixture
def make_checkout(tmp_path: Path) -> Callable[[str], Path]:
    """Creates a repository with the template, and with a git remote unless its URL is empty."""

    def make(origin: str) -> Path:
        checkout = tmp_path / "my code"
        shutil.copytree(ROOT / "template", checkout / "template")
        run(checkout, "git", "init", "--quiet")
        if origin:
            run(checkout, "git", "remote", "add", "origin", origin)
        return checkout

    return make


def read_source(project: Path) -> str:
    """Return where a project gets pset_4 from."""
    match = re.search(r'pset_4\[.*\] @ (.*)"', (project / "pyproject.toml").read_text())
    assert match
    return match[1]


@needs_git
@pytest.mark.parametrize(
    ("origin", "source"),
    [
        ("https://example.org/me/pset_4.git", "git+https://example.org/me/pset_4.git"),
        ("ssh://git@example.org:22/me/pset_4", "git+ssh://git@example.org:22/me/pset_4"),
        ("git@example.org:me/pset_4.git", "git+ssh://git@example.org/me/pset_4.git"),
        ("/srv/git/pset_4.git", "git+file://localhost/srv/git/pset_4.git"),
    ],
)
def test_a_project_gets_pset_4_from_the_template_s_repository(
    make_checkout: Callable[[str], Path], tmp_path: Path, origin: str, source: str
) -> None:
    render(tmp_path / "projects", template=make_checkout(origin))

    assert read_source(tmp_path / "projects" / SLUG) == source


@needs_git
def test_a_token_in_the_repository_s_address_stays_out_of_the_project(
    make_checkout: Callable[[str], Path], tmp_path: Path
) -> None:
    render(tmp_path / "projects", template=make_checkout("https://me:token@example.org/pset_4.git"))

    assert read_source(tmp_path / "projects" / SLUG) == SOURCE


@needs_git
def test_without_a_remote_a_project_gets_pset_4_from_the_checkout(
    make_checkout: Callable[[str], Path], tmp_path: Path
) -> None:
    checkout = make_checkout("")

    render(tmp_path / "projects", template=checkout)

    assert read_source(tmp_path / "projects" / SLUG) == checkout.as_uri()
