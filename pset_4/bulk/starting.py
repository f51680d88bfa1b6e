"""Begin or join a run: everything it needs is checked before any worker starts."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from csci_utils.digest import file_digest
from csci_utils.errors import instead_of_path

from ..context import command
from ..errors import MissingError, PipelineError
from ..names import parse_model_name
from ..places import is_s3, to_absolute
from ..runners import current_runner
from ..styles.digests import digest_style
from ..styles.model_name import ModelName
from .listing.sources import locate_images
from .runs import Run, Runs, find_or_name
from .transfers import fetch_model

if TYPE_CHECKING:
    from ..settings import Settings


@dataclass(frozen=True)
class RunRequest:
    """What to paint, as the options of `bulk` ask for it."""

    images: str | None
    """As for `locate_images`."""
    models: Sequence[str]
    """Names of styles."""
    manifest: str | None
    """As for `read_manifest`; None for a listing."""
    retries: bool
    """Whether only the failures of the last run are painted."""
    shard_size: int
    lease_seconds: float


def start_run(
    settings: Settings, request: RunRequest, options: Mapping[str, Any]
) -> tuple[Run, bool]:
    """Return the unfinished run over the same images and styles, or begin one.

    A dry run begins none.

    Args:
        settings: The current ones.
        request: What to paint.
        options: The `RESULT_OPTIONS`, by name.

    Returns:
        The run, and whether it was begun already.

    Raises:
        DescribedError: The images, a style or the manifest cannot be used, or the remote cannot
            keep workers apart.
    """
    runs = Runs(settings)
    images = locate_images(settings, request.images)
    models = find_models(settings, request.models)
    if not settings.dry_run:
        runs.documents.check_conditions()
    run = Run(
        images,
        models,
        dict(options),
        _locate_manifest(request.manifest),
        shard_size=request.shard_size,
        lease_seconds=request.lease_seconds,
        force=settings.force,
    )
    run, is_old = find_or_name(runs, run, retries=request.retries)
    return (run if is_old or settings.dry_run else runs.create(run)), is_old


def check_consent(
    settings: Settings, run: Run, images: str | None, manifest: str | None, plans: bool
) -> None:
    """Check that a run of somebody else reads nothing from elsewhere, unless that is named, too.

    Whoever writes to the remote could have the files and buckets published that only the person
    who joins may read.

    Args:
        settings: The current ones.
        run: The run that is joined.
        images: The images that are named.
        manifest: The manifest that is named.
        plans: Whether the manifest would be read here.

    Raises:
        PipelineError: It does.
    """
    named = {locate_images(settings, images), _locate_manifest(manifest)}
    for option, path in _read_elsewhere(settings, run, plans).items():
        if path not in named:
            raise PipelineError(
                "the run reads this, which is not in the remote",
                path=path,
                remedy=f"if it may be published, add {option} {shlex.quote(path)}",
            )


def format_join(settings: Settings, run: Run) -> str:
    """Return the command that joins a run as a worker, with the consent that it needs."""
    command = ["python", "-m", "pset_4", "--remote", settings.remote, "bulk", "--worker"]
    for option, path in _read_elsewhere(settings, run, plans=False).items():
        command += [option, path]
    return shlex.join(command)


def _read_elsewhere(settings: Settings, run: Run, plans: bool) -> dict[str, str]:
    """Map options to what a run reads outside of the remote's images."""
    read = {"--images": run.images, "--manifest": run.manifest if plans else ""}
    ours = f"{settings.remote_images}/"
    return {
        option: path for option, path in read.items() if path and not f"{path}/".startswith(ours)
    }


def _locate_manifest(manifest: str | None) -> str:
    """Return the URL or absolute path of a manifest; empty without one."""
    if not manifest or is_s3(manifest):
        return manifest or ""
    path = str(to_absolute(manifest))
    if not os.path.isfile(path):
        raise MissingError("there is no such file", path=path, remedy="check --manifest")
    return path


def find_models(settings: Settings, models: Sequence[str]) -> dict[str, str]:
    """Return the SHA-256 of the file of each style; a file of many styles stands for all of them.

    Each is loaded here first, so that a bad one is refused before any worker starts.

    Raises:
        MissingError: The remote does not have one.
        neural_style.NeuralStyleError, RunnerError: One is not a style.
    """
    found: dict[str, str] = {}
    with TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        for name in models:
            style = parse_model_name(name)
            paths = {file: _fetch(settings, file, scratch) for file in style.files}
            counts = [_count_styles(settings, file, path) for file, path in paths.items()]
            sha256 = digest_style(style, list(map(file_digest, paths.values())))
            if counts[0] is None or style.number is not None or style.blend is not None:
                found[str(style)] = sha256
            else:
                found |= {str(ModelName(style.file, n)): sha256 for n in range(counts[0])}
    return found


def _count_styles(settings: Settings, file: str, path: str) -> int | None:
    """Load a model that was fetched, and return how many numbered styles it has."""
    with instead_of_path(path, f"{settings.remote_models}/{file}"):
        count: int | None = current_runner().inspect(path).count
    return count


def _fetch(settings: Settings, file: str, scratch: str) -> str:
    try:
        return fetch_model(settings, file, scratch)
    except FileNotFoundError:
        raise MissingError(
            "not in the remote",
            path=f"{settings.remote_models}/{file}",
            remedy=f"drop it in and run {command('upload --model', file)}",
        ) from None
