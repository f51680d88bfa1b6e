"""The checks that a package passes before MLflow runs its code."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from tests.support.networks.models import MakeModel
from tests.support.pipeline.painting import paint_with
from tests.support.pipeline.programs import MakePython
from tests.support.pipeline.projects import Project, assert_failed
from tests.support.remotes.stores import RemoteStore

MANIFEST = "mlflow/model.pth/manifest.json"


def update_manifest(store: RemoteStore, **changes: Any) -> None:
    """Change fields of the published package's manifest."""
    manifest = json.loads(store.read(MANIFEST))
    store.write(MANIFEST, json.dumps({**manifest, **changes}).encode())


def test_mlflow_gets_only_the_files_that_the_manifest_lists(
    published: Project, directory_store: RemoteStore, make_python: MakePython, tmp_path: Path
) -> None:
    digest = hashlib.sha256(b"pass").hexdigest()
    update_manifest(directory_store, files={"code/listed.py": digest})
    directory_store.write("mlflow/model.pth/code/listed.py", b"pass")
    python = make_python(f'rm -rf "{tmp_path}/seen"; cp -R "$6" "{tmp_path}/seen"')
    published.run(*paint_with("mlflow", python))
    (fetched,) = published.data.glob("mlflow/model.pth/*/code")
    (fetched / "planted.py").write_text("pass")

    published.run(*paint_with("mlflow", python))

    assert [path.name for path in (tmp_path / "seen/code").iterdir()] == ["listed.py"]


def test_a_package_of_other_code_is_not_run(
    published: Project, directory_store: RemoteStore, make_python: MakePython, tmp_path: Path
) -> None:
    update_manifest(directory_store, code_digest="of another day")
    python = make_python(f'touch "{tmp_path}/started"')

    result = published.run(*paint_with("mlflow", python))

    assert_failed(
        result,
        "model.pth: packaged with other code than this one; run python -m pset_4 package",
    )
    assert not (tmp_path / "started").exists()


def test_a_remedy_quotes_names_for_the_shell(
    published: Project, directory_store: RemoteStore, make_model: MakeModel
) -> None:
    directory_store.write("saved_models/shared/its $HOME.pth", make_model(2))
    directory_store.write(
        "mlflow/shared/its $HOME.pth/manifest.json", directory_store.read(MANIFEST)
    )

    names = ("--image", "drawing.png", "--model", "shared/its $HOME.pth")
    result = published.run("stylize", "--no-upload", *names, "--runner", "mlflow")

    assert "python -m pset_4 package --model 'shared/its $HOME.pth'" in result.stderr
