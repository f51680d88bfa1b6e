"""``python -m {{ cookiecutter.project_slug }}``."""

import sys
from collections.abc import Sequence
from typing import Any

import click
import pset_4
from csci_utils import ExitCode


@click.command(epilog=pset_4.EPILOG)
@pset_4.painting_options
@pset_4.common_options
def cli(
    images: Sequence[str],
    models: Sequence[str],
    exclude: Sequence[str],
    upload: bool,
    **rendering: Any,
) -> None:
    """Make a contact sheet of each image, in every style, publish it, and print where it is."""
    with pset_4.session() as settings:
        # Here, where Luigi reads no luigi.cfg when it is imported.
        from .tasks import ContactSheet, UploadSheet

        selected = pset_4.select(settings, images, models, upload, exclude=exclude)
        fetched = pset_4.run(selected.list_unseen())
        styles = selected.styles()

        kind = UploadSheet if upload else ContactSheet
        sheets = [
            kind(image=image, models=styles, upload=upload, **rendering)
            for image in selected.images
        ]
        outcome = pset_4.run(sheets if styles else [])
        outcome.add_earlier(fetched)

        for line in pset_4.format_failures(outcome, selected.refused):
            click.echo(line, err=True)
        for sheet in sheets:
            if outcome.has_finished(sheet):
                click.echo(pset_4.shorten(sheet.output().path))
        failed = outcome.failures or outcome.unfinished or selected.refused
        sys.exit(ExitCode.FAILED if failed else ExitCode.DONE)


if __name__ == "__main__":
    cli(prog_name="python -m {{ cookiecutter.project_slug }}")
