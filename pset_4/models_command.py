"""The commands ``models fetch`` and ``models list``."""

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

from .options import common_options, runner_options
from .session import EPILOG, ExitCode, session

if TYPE_CHECKING:
    from tqdm import tqdm

    from neural_style import StyleDescription

    from .model_listing import ListedModel, ModelListing
    from .official_models import Fetched, FetchedModel

URL_HELP = "Where the archive is, if not at its official address; https:// or http://."
TIMEOUT_HELP = "Seconds that the server may be silent before another try."
SHOWN_DIGITS = 12
"""Of a SHA-256, as much as tells two files apart; ``--json`` has all of it."""


@click.group(epilog=EPILOG)
@common_options
def models() -> None:
    """Fetch the official style models; list what models there are."""


def _check_url(context: click.Context, parameter: click.Parameter, url: str | None) -> str | None:
    if url is None:
        return None
    from csci_utils.download import check_url
    from csci_utils.errors import DownloadError

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
@runner_options
@common_options
def fetch(url: str | None, timeout: int) -> None:
    """Download the four official models and drop them in.

    Each is loaded first, and published later like anything else that is dropped in. What is there
    already is left as it is; where all four are, nothing is downloaded. A download that was cut
    short goes on where it stopped.
    """
    with session() as settings:
        from csci_utils.download import without_secrets

        from . import runners
        from .official_models import OFFICIAL_URL, fetch_models

        url = url or OFFICIAL_URL
        inspect = runners.current().inspect
        with _DownloadProgress(without_secrets(url)) as progress:
            fetched = fetch_models(settings, url, timeout, inspect, progress.update, progress.tell)
        _print_fetched(fetched)
        sys.exit(ExitCode.FAILED if fetched.failures else ExitCode.DONE)


@models.command("list", epilog=EPILOG)
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
@runner_options
@common_options
def list_command(as_json: bool) -> None:
    """List models, and load each to see what it is.

    Those dropped in, in the remote, and in the cache. That one does not load is no failure of this
    command; that it cannot be told is.
    """
    with session() as settings:
        from . import runners
        from .model_listing import list_models

        listing = list_models(settings, runners.current().inspect)
        if as_json:
            import json

            click.echo(json.dumps(listing.to_dict(), indent=2, ensure_ascii=False))
        else:
            click.echo(_format_listing(listing))
        is_unknown = any(model.loads is None for model in listing.models)
        sys.exit(ExitCode.FAILED if is_unknown else ExitCode.DONE)


class _DownloadProgress:
    """A bar over the bytes, on a terminal; elsewhere a line at the beginning."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._bar: tqdm[Any] | None = None

    def __enter__(self) -> "_DownloadProgress":
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def update(self, done: int, total: int | None) -> None:
        """Take note of how many bytes are here, of how many there are."""
        if self._bar is None:
            self._bar = self._start(done, total)
        self._bar.total = total
        self._bar.update(done - self._bar.n)

    def _start(self, done: int, total: int | None) -> "tqdm[Any]":
        from tqdm import tqdm

        from .report import BAR_FORMAT

        size = f" ({format_size(total)})" if total else ""
        here = f", {format_size(done)} of it are here" if done else ""
        self.tell(f"downloading {self._url}{size}{here}")
        return tqdm(
            total=total,
            initial=done,
            unit="B",
            unit_scale=True,
            disable=not sys.stderr.isatty(),
            leave=False,
            dynamic_ncols=True,
            bar_format=BAR_FORMAT if total else None,
        )

    def tell(self, text: str) -> None:
        """Print a line, above the bar if there is one."""
        from tqdm import tqdm

        from neural_style.errors import one_line

        tqdm.write(one_line(text), file=sys.stderr)


def _print_fetched(fetched: "Fetched") -> None:
    from neural_style.errors import one_line

    from .report import format_table

    if fetched.others:
        click.echo(one_line(f"not unpacked: {', '.join(fetched.others)}"), err=True)
    for failure in fetched.failures:
        click.echo(one_line(f"failed: {failure}"), err=True)
    columns = ("dropped in", "size", "width", "SHA-256")
    click.echo(format_table("STYLES", columns, map(_row_of_fetched, fetched.models)))


def _row_of_fetched(model: "FetchedModel") -> tuple[str, ...]:
    state = "now" if model.is_new else "already"
    width = _format_width(model.description)
    return (model.name, state, format_size(model.size), width, _shorten(model.sha256))


def _format_listing(listing: "ModelListing") -> str:
    from .report import format_table
    from .settings import shorten

    columns = ("place", "size", "width", "SHA-256", "loads")
    blocks = [
        f"remote  {shorten(listing.remote)}\ndata    {shorten(listing.data)}",
        format_table("STYLES", columns, map(_row_of_listed, listing.models)),
    ]
    reasons = [
        f"{model.name} ({model.place}): {model.reason}" for model in listing.models if model.reason
    ]
    reasons += [f"refused: {reason}" for reason in listing.refused.values()]
    return "\n\n".join([*blocks, "\n".join(reasons)] if reasons else blocks)


def _row_of_listed(model: "ListedModel") -> tuple[str, ...]:
    from neural_style import StyleDescription

    from .report import NOT_THERE

    return (
        model.name,
        model.place,
        NOT_THERE if model.size is None else format_size(model.size),
        _format_width(StyleDescription(model.base_width, model.styles))
        if model.loads
        else NOT_THERE,
        _shorten(model.sha256) if model.sha256 else NOT_THERE,
        {True: "yes", False: "no", None: "unknown"}[model.loads],
    )


def _format_width(description: "StyleDescription") -> str:
    """The width of a network; of an ONNX file, which has none to tell, its number of styles."""
    if description.base_width is not None:
        return str(description.base_width)
    return f"{description.count} styles" if description.count is not None else "1 style"


def _shorten(digest: str) -> str:
    return digest[:SHOWN_DIGITS] + "…"


def format_size(size: int) -> str:
    """Bytes as people read them, in powers of 1000."""
    for power, unit in ((3, "GB"), (2, "MB"), (1, "kB")):
        if size >= 1000**power:
            return f"{size / 1000**power:.1f} {unit}"
    return f"{size} B"
