"""The options that commands share, and the checks of their values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from neural_style.option_kinds import Choice, Flag
from neural_style.options import Option, RenderingOptions

from .. import names
from ..central_scheduler import CentralScheduler
from ..rendering_options import MACHINE_OPTIONS, RESULT_OPTIONS, variable_of
from ..settings import RUNNERS
from ..storage import lookup
from ..storage.conflicts import CONFLICT_CHOICES, REFUSE
from ..styles.looks import LOOK_MARK, parse_look
from ..styles.written import find_look
from ..terminal.completion import complete_all, complete_files, complete_folders, complete_results
from . import help_texts as texts
from .declaring import (
    Command,
    Decorator,
    Word,
    apply,
    kept_flag,
    kept_option,
    name_option,
    reader,
    sentence,
    setting,
    whole,
)

if TYPE_CHECKING:
    from ..gallery.picks import Picks

OFFLINE = "offline"
"""The name of the option that `offline_option` adds."""

SCHEDULER = "scheduler"
"""The name of the option that `scheduler_option` adds."""

MOST_WORKERS = 64
"""The largest value of `workers_option`."""

SETTINGS = (
    "remote",
    "data",
    "uploads",
    "runner",
    "python",
    OFFLINE,
    *(option.name for option in MACHINE_OPTIONS),
)
"""Options that are kept for `common_option`, and checked by `settings.read_settings`."""

RUN_SETTINGS = ("dry_run", "force", "workers")
"""Options that are kept, and are settings as they are."""


image_name = reader(names.check_image_name)
style_name = reader(names.check_style_name)


def common_options(command: Command, remote: Decorator[Any] | None = None) -> Command:
    """Add the options that every command has, and the group before the command's name.

    They are kept for `common_option` and not passed to the command; `remote` replaces ``--remote``.
    """
    return apply(
        command,
        remote or setting("remote", None, texts.REMOTE, complete_folders),
        setting("data", None, texts.DATA, complete_folders),
        setting("uploads", "DIR", texts.UPLOADS, complete_folders),
        kept_flag("--debug", help=texts.DEBUG),
        kept_flag("-q", "--quiet", help=texts.QUIET),
    )


def runner_options(command: Command) -> Command:
    """Add what paints, and what inspects models; kept like `common_options`."""
    runner = kept_option("--runner", type=click.Choice(RUNNERS), help=texts.RUNNER)
    return apply(command, runner, setting("python", "PATH", texts.PYTHON, complete_files))


scheduler_option = kept_option(
    "--scheduler-host",
    SCHEDULER,
    metavar="HOST[:PORT]",
    type=reader(CentralScheduler.parse),
    help=texts.SCHEDULER,
)
"""luigid, which the tasks are run under; kept like `common_options`."""

workers_option = kept_option(
    "--workers", metavar="N", type=whole(1, MOST_WORKERS), help=texts.WORKERS
)
"""How many tasks paint at once; kept like `common_options`."""

files_argument = click.argument(
    "paths", nargs=-1, metavar="[FILE]...", shell_complete=complete_files
)
"""Files anywhere on this machine, which are dropped in first: `paths`."""

image_option = name_option("image", lookup.check_image, texts.IMAGE)
"""Which images: `images`."""

model_option = name_option("model", lookup.check_model_file, texts.FILE)
"""Which models' files: `models`."""

exclude_option = click.option(
    "--exclude",
    type=reader(lookup.check_pattern),
    metavar="PATTERN",
    multiple=True,
    shell_complete=complete_all,
    help=texts.EXCLUDE,
)
"""Which images and models are left out: `exclude`."""

conflict_option = click.option(
    "--on-conflict",
    type=click.Choice(CONFLICT_CHOICES),
    default=REFUSE,
    show_default=True,
    help=texts.CONFLICT,
)
"""What happens if the remote has other bytes under a drop-in's name: `on_conflict`."""

offline_option = kept_flag(f"--{OFFLINE}", help=texts.OFFLINE)
"""Whether the remote is not asked; kept like `common_options`."""

dry_run_option = kept_flag("--dry-run", help=texts.DRY_RUN)
"""Whether nothing is written; kept like `common_options`."""

force_option = kept_flag("--force", help=texts.FORCE)
"""Whether current results are painted again; kept like `common_options`."""

json_option = kept_flag("--json", help=texts.JSON)
"""Whether the answer is a JSON document; kept like `common_options`."""

all_option = click.option("--all", "everything", is_flag=True, help=texts.ALL)
"""Whether all that the remote has is painted: `everything`."""

like_option = click.option(
    "--like", metavar="FILE", shell_complete=complete_results, help=texts.LIKE
)
"""The painting whose look is wanted: `like`."""


def file_options(command: Command) -> Command:
    """Add which images and models to move: `images`, `models` and `exclude`."""
    return apply(command, image_option, model_option, exclude_option)


def painting_options(command: Command) -> Command:
    """Add what to paint in which styles, and `rendering_options`.

    The command gets `images`, `models`, `exclude` and `upload`.
    """
    return apply(
        command,
        name_option("image", lookup.check_image, texts.PAINTED_IMAGE),
        name_option("model", lookup.check_model, texts.STYLE),
        exclude_option,
        click.option("--upload/--no-upload", default=True, help=texts.UPLOAD),
        rendering_options,
    )


def proof_options(command: Command) -> Command:
    """Add which results are painted at all, and whether as proofs: `picks` and `is_proof`."""
    only = click.option(
        "--only",
        "picks",
        metavar="FILE",
        callback=_read_picks,
        shell_complete=complete_files,
        help=texts.ONLY,
    )
    return apply(command, only, click.option("--proof", "is_proof", is_flag=True, help=texts.PROOF))


def rendering_options(command: Command) -> Command:
    """Add how to paint.

    The `RESULT_OPTIONS` are passed to the command, for its tasks. The `MACHINE_OPTIONS` are
    settings, kept like `common_options`.
    """
    results = (_result_option(option) for option in RESULT_OPTIONS)
    machine = (_machine_option(option) for option in MACHINE_OPTIONS)
    return apply(command, *results, *machine)


def check_rendering(options: Mapping[str, Any]) -> None:
    """Check that the `RESULT_OPTIONS` among the options of a command go together.

    Raises:
        click.UsageError: They do not.
    """
    names_of_options = {option.name for option in RESULT_OPTIONS}
    try:
        RenderingOptions(**{n: value for n, value in options.items() if n in names_of_options})
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def check_looks(models: Iterable[str], options: Mapping[str, Any]) -> None:
    """Check that options of a command do not contradict the looks of the styles that it names.

    Raises:
        click.UsageError: They do.
    """
    source_of = click.get_current_context().get_parameter_source
    for model in models:
        look = find_look(model)
        named = parse_look(look)
        for option in RESULT_OPTIONS:
            name = option.name
            is_given = source_of(name) is ParameterSource.COMMANDLINE
            if name in named and is_given and options[name] not in (named[name], None):
                raise click.UsageError(
                    f"expected one look for {model}, got {LOOK_MARK}{look} and --{option.flag} "
                    f"{options[name]}: leave out one of them"
                )
        check_rendering({**options, **named})


def _result_option(option: Option) -> Decorator[Any]:
    details: dict[str, Any] = {"type": reader(option.kind.parse), "metavar": option.kind.metavar}
    if isinstance(option.kind, Flag):
        details = {"is_flag": True}
    elif isinstance(option.kind, Choice):
        details = {"type": Word(option.kind)}
    if option.default is not None and not isinstance(option.kind, Flag):
        details |= {"default": option.default, "show_default": True}
    return click.option(f"--{option.flag}", option.name, help=sentence(option.help), **details)


def _machine_option(option: Option) -> Decorator[Any]:
    text = f"{sentence(option.help)} Else {variable_of(option)}."
    return setting(option.flag, option.kind.metavar, text)


def _read_picks(
    context: click.Context, parameter: click.Parameter, path: str | None
) -> Picks | None:
    from ..gallery.picks import read_picks

    return None if path is None else reader(read_picks)(path)
