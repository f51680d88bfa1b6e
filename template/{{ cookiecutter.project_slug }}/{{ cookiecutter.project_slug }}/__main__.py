"""``python -m {{ cookiecutter.project_slug }}``."""

import sys
from collections.abc import Sequence
from typing import Any

import click
from pset_4.commands import selection
from pset_4.inventory import list_drop_ins
from pset_4.names import parse_model_name
from pset_4.commands.options import common_options, painting_options
from pset_4.report import format_failures
from pset_4.commands.session import EPILOG, ExitCode, run, session
from pset_4.settings import shorten

from .tasks import ContactSheet, UploadSheet


@click.command(epilog=EPILOG)
@painting_options
@common_options
def cli(images: Sequence[str], models: Sequence[str], upload: bool, **sizes: Any) -> None:
    """Make a contact sheet of each picture, in every style, publish it, and print where it is."""
    with session() as settings:
        drop_ins = list_drop_ins(settings)
        refused = selection.select_refused(images, models, drop_ins, upload)
        images = [i for i in selection.choose_images(images, drop_ins) if i not in refused]
        models = [
            model
            for model in selection.choose_models(models, drop_ins)
            if parse_model_name(model).file not in refused
        ]
        fetched = run(selection.list_unseen(models, upload))
        styles = selection.name_styles(models, upload)

        kind = UploadSheet if upload else ContactSheet
        sheets = [kind(image=image, models=styles, upload=upload, **sizes) for image in images]
        outcome = run(sheets if styles else [])
        outcome.add_earlier(fetched)

        for line in format_failures(outcome, refused):
            click.echo(line, err=True)
        for sheet in sheets:
            if sheet in outcome.finished:
                click.echo(shorten(sheet.output().path))
        failed = outcome.failures or outcome.unfinished or refused
        sys.exit(ExitCode.FAILED if failed else ExitCode.DONE)


if __name__ == "__main__":
    cli(prog_name="python -m {{ cookiecutter.project_slug }}")
