"""The command ``package``."""

from __future__ import annotations

from collections.abc import Sequence

import click

from ..commands.answering import finish
from ..commands.options import (
    common_options,
    conflict_option,
    dry_run_option,
    exclude_option,
    json_option,
    model_option,
    runner_options,
    scheduler_option,
)
from ..commands.session import EPILOG, run, session


@click.command(epilog=EPILOG)
@model_option
@exclude_option
@conflict_option
@runner_options
@dry_run_option
@json_option
@scheduler_option
@common_options
def package(models: Sequence[str], exclude: Sequence[str], on_conflict: str) -> None:
    """Publish models as MLflow models, which the runner mlflow and plain MLflow can run.

    Those named; else all drop-ins, which are published first; else rain_princess.pth from the
    remote.
    """
    with session() as settings:
        from ..commands.selection import select
        from ..tasks.package import PackageModel

        selected = select(settings, (), models, True, on_conflict, exclude)
        tasks = [PackageModel(model=model, on_conflict=on_conflict) for model in selected.models]
        finish(run(tasks), settings, selected.refused)
