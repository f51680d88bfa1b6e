"""The checks that a package passes before MLflow runs its code."""

from __future__ import annotations

from tests.support.networks.models import make_model
from tests.support.pipeline.projects import Project
from tests.support.remotes.stores import RemoteStore

MANIFEST = "mlflow/model.pth/manifest.json"


def test_a_remedy_quotes_names_for_the_shell(
    published: Project,
    directory_store: RemoteStore,
) -> None:
    directory_store.write("saved_models/shared/its $HOME.pth", make_model(2))
    directory_store.write(
        "mlflow/shared/its $HOME.pth/manifest.json", directory_store.read(MANIFEST)
    )

    names = ("--image", "drawing.png", "--model", "shared/its $HOME.pth")
    result = published.run("stylize", "--no-upload", *names, "--runner", "mlflow")

    assert "python -m pset_4 package --model 'shared/its $HOME.pth'" in result.stderr
