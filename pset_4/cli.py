"""The command line. Nothing heavy is imported before a command needs it."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from csci_utils.console import answer, say

from .commands.models import models
from .commands.options import (
    common_options,
    file_options,
    how_options,
    model_option,
    painting_options,
    runner_options,
)
from .commands.session import EPILOG, ExitCode, finish, run, session
from .commands.submit import submit

if TYPE_CHECKING:
    import luigi

    from .inventory import Inventory
    from .settings import Settings
    from .tasks.main import MainTask
    from .tasks.stylize import Stylize


class _Group(click.Group):
    """Answers Ctrl-C while options are read, too; click itself says "Aborted!" then."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            say("interrupted: nothing was begun", sys.stderr)
            sys.exit(ExitCode.INTERRUPTED)


@click.group(
    cls=_Group,
    invoke_without_command=True,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},  # of all commands
)
@common_options
@click.version_option(package_name="pset_4")
@click.pass_context
def cli(context: click.Context) -> None:
    """Publish the pictures and style models in data/uploads/ to the remote, the source of truth,
    and paint every picture in every style. Without a command: main."""
    if context.invoked_subcommand is None:
        context.invoke(main)


cli.add_command(models)
cli.add_command(submit)


@cli.command(epilog=EPILOG)
@painting_options
@runner_options
@common_options
def main(images: Sequence[str], models: Sequence[str], upload: bool, **options: Any) -> None:
    """Publish drop-ins, fetch what is needed, paint every picture in every style, publish results.

    Where nothing is dropped in and nothing named: luigi.jpg in the style rain_princess.pth, both
    from the remote.
    """
    with session() as settings:
        from .tasks.main import MainTask

        _paint(MainTask, images, models, upload, options, settings)


@cli.command(epilog=EPILOG)
@painting_options
@runner_options
@common_options
def stylize(images: Sequence[str], models: Sequence[str], upload: bool, **options: Any) -> None:
    """Paint every picture in every style; results stay on this machine."""
    with session() as settings:
        from .tasks.stylize import Stylize

        _paint(Stylize, images, models, upload, options, settings)


@cli.command(epilog=EPILOG)
@file_options
@runner_options
@common_options
def upload(images: Sequence[str], models: Sequence[str]) -> None:
    """Publish drop-ins to the remote: those named, or all."""
    with session() as settings:
        from .inventory import Inventory, list_drop_ins

        named = Inventory(list(images), list(models))
        chosen = named or list_drop_ins(settings)
        if not chosen:
            say(f"nothing is dropped in: {settings.uploads} is empty", sys.stderr)
        finish(run(_list_uploads(chosen)), settings, chosen.refused)


@cli.command(epilog=EPILOG)
@file_options
@common_options
def download(images: Sequence[str], models: Sequence[str]) -> None:
    """Fetch pictures and models from the remote to the cache: those named, or all."""
    with session() as settings:
        from .inventory import Inventory, list_remote
        from .tasks.download import DownloadImage, DownloadModel

        named = Inventory(list(images), list(models))
        chosen = named or list_remote(settings)
        tasks: list[luigi.Task] = [
            *(DownloadImage(image=image, upload=False) for image in chosen.images),
            *(DownloadModel(model=model, upload=False) for model in chosen.models),
        ]
        finish(run(tasks), settings, chosen.refused)


@cli.command(epilog=EPILOG)
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
@common_options
def status(as_json: bool) -> None:
    """Show what is dropped in, in the remote, cached and stylized."""
    with session() as settings:
        from .report import format_json, format_status
        from .status import read_status

        found = read_status(settings)
        answer(format_json(found) if as_json else format_status(found))


@cli.command(epilog=EPILOG)
@model_option
@runner_options
@common_options
def package(models: Sequence[str]) -> None:
    """Publish models as MLflow models, which the runner mlflow and plain MLflow can run.

    Those named; else all that are dropped in, which are published first; else rain_princess.pth
    from the remote.
    """
    with session() as settings:
        from .commands import selection
        from .inventory import list_drop_ins
        from .tasks.package import PackageModel

        drop_ins = list_drop_ins(settings)
        refused = selection.select_refused((), models, drop_ins, upload=True)
        tasks = [
            PackageModel(model=model)
            for model in selection.choose_models(models, drop_ins)
            if model not in refused
        ]
        finish(run(tasks), settings, refused)


@cli.command(epilog=EPILOG)
@how_options
@runner_options
@common_options
def demo(**options: Any) -> None:
    """Drop in real photographs and styles, from the packages of the extra demo, and run main."""
    with session() as settings:
        from .commands.samples import drop_samples_in
        from .tasks.main import MainTask

        for name in drop_samples_in(settings.uploads):
            say(f"dropped in {name}", sys.stderr)
        _paint(MainTask, [], [], True, options, settings)


def _paint(
    kind: "type[MainTask] | type[Stylize]",
    images: Sequence[str],
    models: Sequence[str],
    upload: bool,
    options: dict[str, Any],
    settings: "Settings",
) -> None:
    """Run a task of this kind for every picture in every style."""
    from .commands import selection
    from .inventory import list_drop_ins
    from .names import parse_model_name

    drop_ins = list_drop_ins(settings)
    refused = selection.select_refused(images, models, drop_ins, upload)
    for what, default in selection.list_defaults(images, models, drop_ins):
        say(
            f"no {what} named or dropped in: taking {default} of the remote "
            "(the command demo brings pictures and styles of its own)",
            sys.stderr,
        )
    images = selection.choose_images(images, drop_ins)
    models = selection.choose_models(models, drop_ins)

    fetched = run(selection.list_unseen(models, upload))
    styles = selection.name_styles(models, upload)
    tasks: list[luigi.Task] = [
        kind(image=image, model=style, upload=upload, **options)
        for image, style in selection.pair(images, styles)
        if image not in refused and parse_model_name(style).file not in refused
    ]
    if not tasks and upload:
        # Without a pair to paint, what is dropped in is published all the same.
        tasks = _list_uploads(selection.restrict(drop_ins, images, models))
    outcome = run(tasks)
    outcome.add_earlier(fetched)
    finish(outcome, settings, refused)


def _list_uploads(inventory: "Inventory") -> "list[luigi.Task]":
    from .tasks.upload import UploadImage, UploadModel

    return [
        *(UploadImage(image=image) for image in inventory.images),
        *(UploadModel(model=model) for model in inventory.models),
    ]
