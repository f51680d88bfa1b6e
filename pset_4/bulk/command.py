"""The command ``bulk``, and ``bulk status``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from csci_utils.console import ExitCode, answer, say
from csci_utils.text import parse_duration

from ..commands.answering import answer_found, format_json, is_quiet, note, wants_json
from ..commands.declaring import common_option, name_option, reader, whole
from ..commands.options import (
    check_rendering,
    common_options,
    dry_run_option,
    force_option,
    json_option,
    rendering_options,
    runner_options,
)
from ..commands.session import EPILOG, session
from ..names import DEFAULT_MODEL, refuse_look
from ..storage.lookup import check_model
from ..styles.written import find_look

if TYPE_CHECKING:
    from ..settings import Settings
    from .dry_run import Forecast
    from .progress import RunProgress
    from .runs import Run, Runs


IMAGES = (
    "The images: s3://bucket/prefix or a directory, with all folders in it. By default those of "
    "the remote."
)
MANIFEST = (
    "Names of images in place of a listing: the manifest.json of S3 Inventory, or a .csv, .csv.gz "
    "or .parquet file; a path, or a URL of S3."
)
RAY = (
    "Paint on Ray: auto for the cluster of this machine, or else one that is started here; or the "
    "ADDRESS of a cluster, such as 10.0.0.7:6379. By default the cores of this machine paint."
)
WORKERS = (
    "How many workers. By default one for each core, or with --device cuda up to eight for each "
    "GPU; on Ray one for each GPU; a larger N shares the GPUs."
)
WORKER = "Join the run in progress, wherever it was started, without listing images again."
RUN = "The run to join, continue or show; bulk status lists all runs."
RETRY = "Paint only the images that failed in the last run over the same images."
SHARD = "How many images a worker claims at a time; also the most that are repeated after a kill."
LEASE = "How long a silent worker keeps its shard."
STYLE = (
    "A style: a model in the remote, by name or pattern; the suffix may be left out; may be "
    f"repeated. By default {DEFAULT_MODEL}."
)
FAILURES = "Print the table of failures, as JSON Lines."


def _check_style(text: str) -> str:
    """Return a name or pattern of styles; the options give them their look."""
    refuse_look(text, find_look(text))
    return check_model(text)


@click.group(epilog=EPILOG, invoke_without_command=True)
@click.option("--images", metavar="URL", help=IMAGES)
@click.option("--manifest", metavar="FILE", help=MANIFEST)
@name_option("model", _check_style, STYLE)
@click.option("--ray", metavar="auto|ADDRESS", help=RAY)
@click.option("--workers", type=whole(1, 4096), metavar="N", help=WORKERS)
@click.option("--worker", "joins", is_flag=True, help=WORKER)
@click.option("--run", "run_id", metavar="RUN", help=RUN)
@click.option("--retry-failed", "retries", is_flag=True, help=RETRY)
@click.option("--shard-size", type=whole(1, 100_000), metavar="N", default="500", help=SHARD)
@click.option("--lease", type=reader(parse_duration), metavar="TIME", default="60s", help=LEASE)
@rendering_options
@runner_options
@force_option
@dry_run_option
@json_option
@common_options
@click.pass_context
def bulk(ctx: click.Context, /, **options: Any) -> None:
    """Paint millions of images: on this machine, on Ray, or wherever workers join.

    Workers read from the remote and publish there, where main finds the results; nothing stays on
    this machine. They meet only in the remote: run it again, anywhere, to continue.
    """
    if ctx.invoked_subcommand is None:
        _check(options)
        with session(remembers=False) as settings:
            _refuse_runner(settings)
            _paint(settings, options)


def _check(options: dict[str, Any]) -> None:
    """Refuse options that contradict each other."""
    check_rendering(options)
    if common_option("dry_run") and (options["joins"] or options["run_id"]):
        raise click.UsageError(
            "--worker and --run continue a run, and --dry-run shows what a new one would do: "
            "leave it out, or see bulk status"
        )
    if (options["joins"] or options["run_id"]) and (options["models"] or options["retries"]):
        raise click.UsageError(
            "--worker and --run continue a run, which knows its images and styles: leave out "
            "--model and --retry-failed"
        )
    if options["retries"] and options["manifest"]:
        raise click.UsageError("--retry-failed takes its names from the last run: no --manifest")


def _refuse_runner(settings: Settings) -> None:
    from ..errors import SettingsError
    from ..settings import IN_PROCESS, MLFLOW, PROGRAM

    if settings.runner == MLFLOW:
        raise SettingsError(
            f"bulk does not paint with the runner {MLFLOW}",
            remedy=f"add --runner {IN_PROCESS} or --runner {PROGRAM}",
        )


def _paint(settings: Settings, options: dict[str, Any]) -> None:
    """Begin a run, or go on with one, and end the process."""
    from ..execution import run_tasks
    from .display import ProgressDisplay
    from .runs import Runs
    from .task import PROGRESS, PaintBulk

    runs = Runs(settings)
    if settings.dry_run:
        _answer(_forecast(settings, options))
        return
    run = _choose_run(settings, runs, options)
    task = PaintBulk(
        run_id=run.id,
        workers=options["workers"],
        ray=options["ray"],
        plans=not options["joins"],
    )
    with closing(ProgressDisplay(is_quiet())) as display:
        PaintBulk.event_handler(PROGRESS)(lambda _, progress: display.show(progress))
        outcome = run_tasks([task], display, debug=bool(common_option("debug")))
    for failure in outcome.failures:
        say(f"failed: {failure.error}", sys.stderr)
    sys.exit(_conclude(settings, run, bool(outcome.failures)))


def _choose_run(settings: Settings, runs: Runs, options: dict[str, Any]) -> Run:
    from .starting import check_consent, format_join

    if options["run_id"] or options["joins"]:
        run = runs.load(options["run_id"] or _find_unfinished(runs))
        plans = not options["joins"]
        check_consent(settings, run, options["images"], options["manifest"], plans)
        return run
    run, is_old = _start(settings, options)
    note(f"{'going on with' if is_old else 'began'} run {run.id}: {run.images}")
    note(f"others join with: {format_join(settings, run)}")
    return run


def _start(settings: Settings, options: dict[str, Any]) -> tuple[Run, bool]:
    from ..rendering_options import RESULT_OPTIONS
    from .starting import RunRequest, start_run

    request = RunRequest(
        options["images"],
        _find_styles(settings, options["models"]) or [DEFAULT_MODEL],
        options["manifest"],
        options["retries"],
        options["shard_size"],
        options["lease"],
    )
    rendering = {option.name: options[option.name] for option in RESULT_OPTIONS}
    return start_run(settings, request, rendering)


def _find_styles(settings: Settings, texts: Sequence[str]) -> list[str]:
    """Return the styles in the remote that names and patterns stand for."""
    from ..commands.resolving import resolve
    from ..storage.inventory import list_remote

    found = resolve((), texts, partial(list_remote, settings))
    for error in found.refused.values():
        raise error
    return found.models


def _forecast(settings: Settings, options: dict[str, Any]) -> Forecast:
    from .dry_run import forecast

    return forecast(settings, *_start(settings, options))


def _find_unfinished(runs: Runs) -> str:
    from ..context import command
    from ..errors import MissingError

    found = next(runs.find_unfinished(), None)
    if found is None:
        raise MissingError(
            "no run is under way",
            path=runs.documents.url,
            remedy=f"begin one: {command('bulk --model NAME')}",
        )
    return found


def _conclude(settings: Settings, run: Run, has_failed: bool) -> ExitCode:
    """Print what came of a run, and return the exit code."""
    from .progress import ProgressReader

    progress = ProgressReader(settings, run).read()
    _answer(progress)
    is_whole = progress.is_finished and not (progress.failed or progress.refused)
    return ExitCode.FAILED if has_failed or not is_whole else ExitCode.DONE


def _answer(progress: RunProgress | Forecast) -> None:
    answer_found(progress, "\n".join(progress.list_lines()))


@bulk.command(epilog=EPILOG)
@click.option("--run", "run_id", metavar="RUN", help=RUN)
@click.option("--failures", "shows_failures", is_flag=True, help=FAILURES)
@json_option
@common_options
def status(run_id: str | None, shows_failures: bool) -> None:
    """Show how far runs are, from anywhere: by default the latest one in full."""
    with session(paints=False, needed=["remote"], remembers=False) as settings:
        from .progress import ProgressReader
        from .runs import Runs

        runs = Runs(settings)
        ids = runs.list_ids()
        if not (ids or run_id):
            nothing = "[]" if shows_failures else format_json({"run": None})
            answer(nothing if wants_json() else "no runs")
            return
        run = runs.load(run_id or ids[0])
        if shows_failures:
            _print_failures(settings, run)
            return
        _answer(ProgressReader(settings, run).read())
        others = [each for each in ids if each != run.id]
        if others and not wants_json():
            note(f"other runs: {', '.join(others)}")


def _print_failures(settings: Settings, run: Run) -> None:
    import json
    from dataclasses import asdict

    from .failures import list_failures

    failures = map(asdict, list_failures(run.documents(settings)))
    if wants_json():
        answer(json.dumps(list(failures), indent=2))
        return
    for failure in failures:
        answer(json.dumps(failure))
