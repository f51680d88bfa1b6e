"""The commands about models: ``models fetch``, ``models list`` and ``package``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing

import click

from csci_utils.console import ExitCode, answer, say

from .answering import finish, format_json, is_quiet, note, wants_json
from .options import (
    common_options,
    conflict_option,
    dry_run_option,
    exclude_option,
    json_option,
    model_option,
    runner_options,
    scheduler_option,
)
from .session import EPILOG, run, session

URL_HELP = "The address of the archive, https:// or http://, if not the official one."
ACCEPT_HELP = "Also accept models whose SHA-256 is not the official one, for example from a mirror."
TIMEOUT_HELP = "Retry after the server has been silent for this many seconds."


@click.group(epilog=EPILOG)
@common_options
def models() -> None:
    """Fetch the official style models; list what models there are."""


def _check_url(context: click.Context, parameter: click.Parameter, url: str | None) -> str | None:
    if url is None:
        return None
    from csci_utils.errors import DownloadError
    from csci_utils.network.download import check_url

    try:
        check_url(url)
    except DownloadError as error:
        raise click.BadParameter(str(error)) from error
    return url


@models.command(epilog=EPILOG)
@click.option("--url", callback=_check_url, help=URL_HELP)
@click.option(
    "--timeout", type=click.IntRange(min=1), default=30, show_default=True, help=TIMEOUT_HELP
)
@click.option("--accept-other-bytes", is_flag=True, help=ACCEPT_HELP)
@runner_options
@common_options
def fetch(url: str | None, timeout: int, accept_other_bytes: bool) -> None:
    """Download the four official models and drop them in.

    Each is first compared with its known SHA-256 and loaded. The next run publishes them like other
    drop-ins. Files that exist are left alone; if all four do, nothing is downloaded. An interrupted
    download is resumed.
    """
    with session(reaches_remote=False) as settings:
        from csci_utils.network.download import without_secrets

        from ..context import command
        from ..models.catalog import OFFICIAL_URL
        from ..models.official import fetch_models
        from ..places import shorten
        from ..report import format_fetched, format_not_fetched
        from ..runners import current_runner
        from ..terminal.progress import DownloadProgress

        url = url or OFFICIAL_URL
        with closing(DownloadProgress(without_secrets(url))) as progress:
            fetched = fetch_models(
                settings,
                url,
                timeout=timeout,
                inspect=current_runner().inspect,
                progress=progress.update,
                notify=progress.notify,
                accept_other_bytes=accept_other_bytes,
            )
        for line in format_not_fetched(fetched):
            say(line, sys.stderr)
        if not is_quiet():
            say(format_fetched(fetched), sys.stdout, is_drawn=True)
        if fetched.models:
            uploads = shorten(settings.uploads)
            note(f"next: put images into {uploads} and run {command('main')}")
        sys.exit(ExitCode.FAILED if fetched.failures else ExitCode.DONE)


@models.command("list", epilog=EPILOG)
@json_option
@runner_options
@common_options
def list_command() -> None:
    """List models, and load each to see what it is.

    Those dropped in, in the remote, and in the cache. That one does not load is no failure of this
    command; that it cannot be told is.
    """
    # What is remembered would be kept in the data folder.
    with session(needed=["remote", "data"], remembers=False) as settings:
        from ..models.listing import list_models
        from ..report import format_listing
        from ..runners import current_runner

        listing = list_models(settings, current_runner().inspect)
        answer(format_json(listing) if wants_json() else format_listing(listing), is_drawn=True)
        is_unknown = any(model.loads is None for model in listing.models)
        sys.exit(ExitCode.FAILED if is_unknown else ExitCode.DONE)


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
        from ..tasks.package import PackageModel
        from .selection import select

        selected = select(
            settings, (), models, upload=True, on_conflict=on_conflict, exclude=exclude
        )
        tasks = [PackageModel(model=model, on_conflict=on_conflict) for model in selected.models]
        finish(run(tasks), settings, selected.refused)
