"""The options that commands share, and the checks of their values."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from neural_style.option_kinds import Choice, Flag
from neural_style.options import Option

from .. import names
from ..central_scheduler import CentralScheduler
from ..rendering_options import MACHINE_OPTIONS, RESULT_OPTIONS, variable_of
from ..settings import RUNNERS
from ..storage import lookup
from ..storage.conflicts import CONFLICT_CHOICES, REFUSE
from ..terminal.completion import (
    Completion,
    complete_all,
    complete_files,
    complete_folders,
    complete_images,
    complete_models,
)
from . import help_texts as texts

if TYPE_CHECKING:
    from ..gallery.picks import Picks

Command = TypeVar("Command", bound=Callable[..., Any])
Value = TypeVar("Value")
Decorator = Callable[[Command], Command]

OFFLINE = "offline"
"""The name of the option that `offline_option` adds."""

SCHEDULER = "scheduler"
"""The name of the option that `scheduler_option` adds."""

SETTINGS = (
    "remote",
    "data",
    "uploads",
    "runner",
    "python",
    OFFLINE,
    "dry_run",
    "force",
    *(option.name for option in MACHINE_OPTIONS),
)
"""Options that are kept for `common_option`, and checked by `settings.read_settings`."""


def reader(parse: Callable[[str], Value]) -> Callable[[str], Value]:
    """Return `parse` for click, which displays the messages of its own error type only."""

    def read(text: str) -> Value:
        try:
            return parse(text)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error

    return read


def _name_reader(check: Callable[[str], str]) -> Callable[[str], str]:
    """Return a reader of names and patterns, which also says what to do with a path."""

    def read(text: str) -> str:
        try:
            return check(text)
        except ValueError as error:
            is_path = os.path.isfile(os.path.expanduser(text))
            advice = f"{text}: a path, not a name; give it as an argument: main FILE"
            raise click.BadParameter(advice if is_path else str(error)) from error

    return read


image_name = reader(names.check_image_name)
style_name = reader(names.check_model_name)


def common_options(command: Command) -> Command:
    """Add the options that every command has, and the group before the command's name.

    They are kept for `common_option` and not passed to the command.
    """
    return _apply(
        command,
        _setting("remote", None, texts.REMOTE, complete_folders),
        _setting("data", None, texts.DATA, complete_folders),
        _setting("uploads", "DIR", texts.UPLOADS, complete_folders),
        _kept_flag("--debug", help=texts.DEBUG),
        _kept_flag("-q", "--quiet", help=texts.QUIET),
    )


def runner_options(command: Command) -> Command:
    """Add what paints, and what inspects models; kept like `common_options`."""
    runner = click.option(
        "--runner",
        type=click.Choice(RUNNERS),
        expose_value=False,
        callback=_keep,
        help=texts.RUNNER,
    )
    return _apply(command, runner, _setting("python", "PATH", texts.PYTHON, complete_files))


def scheduler_option(command: Command) -> Command:
    """Add luigid, which the tasks are run under; kept like `common_options`."""
    option = click.option(
        "--scheduler-host",
        SCHEDULER,
        metavar="HOST[:PORT]",
        type=reader(CentralScheduler.parse),
        callback=_keep,
        expose_value=False,
        help=texts.SCHEDULER,
    )
    return option(command)


def file_options(command: Command) -> Command:
    """Add which images and models to move: `images`, `models` and `exclude`."""
    return _apply(command, image_option, model_option, exclude_option)


def image_option(command: Command) -> Command:
    """Add which images: `images`."""
    return _names("image", lookup.check_image, texts.IMAGE)(command)


def model_option(command: Command) -> Command:
    """Add which models' files: `models`."""
    return _names("model", lookup.check_model_file, texts.FILE)(command)


def exclude_option(command: Command) -> Command:
    """Add which images and models are left out: `exclude`."""
    option = click.option(
        "--exclude",
        type=reader(lookup.check_pattern),
        metavar="PATTERN",
        multiple=True,
        shell_complete=complete_all,
        help=texts.EXCLUDE,
    )
    return option(command)


def conflict_option(command: Command) -> Command:
    """Add what happens if the remote has other bytes under a drop-in's name: `on_conflict`."""
    option = click.option(
        "--on-conflict",
        type=click.Choice(CONFLICT_CHOICES),
        default=REFUSE,
        show_default=True,
        help=texts.CONFLICT,
    )
    return option(command)


def offline_option(command: Command) -> Command:
    """Add that the remote is not asked; kept like `common_options`."""
    return _kept_flag(f"--{OFFLINE}", help=texts.OFFLINE)(command)


def dry_run_option(command: Command) -> Command:
    """Add that nothing is written; kept like `common_options`."""
    return _kept_flag("--dry-run", help=texts.DRY_RUN)(command)


def force_option(command: Command) -> Command:
    """Add that current results are painted again; kept like `common_options`."""
    return _kept_flag("--force", help=texts.FORCE)(command)


def json_option(command: Command) -> Command:
    """Add that the answer is a JSON document; kept like `common_options`."""
    return _kept_flag("--json", help=texts.JSON)(command)


def all_option(command: Command) -> Command:
    """Add whether all that the remote has is painted: `everything`."""
    return click.option("--all", "everything", is_flag=True, help=texts.ALL)(command)


def painting_options(command: Command) -> Command:
    """Add what to paint in which styles, and `rendering_options`.

    The command gets `images`, `models`, `exclude` and `upload`.
    """
    return _apply(
        command,
        _names("image", lookup.check_image, texts.PAINTED_IMAGE),
        _names("model", lookup.check_model, texts.STYLE),
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
    return _apply(
        command, only, click.option("--proof", "is_proof", is_flag=True, help=texts.PROOF)
    )


def like_option(command: Command) -> Command:
    """Add the painting whose look is wanted: `like`."""
    return click.option("--like", metavar="FILE", shell_complete=complete_files, help=texts.LIKE)(
        command
    )


def rendering_options(command: Command) -> Command:
    """Add how to paint.

    The `RESULT_OPTIONS` are passed to the command, for its tasks. The `MACHINE_OPTIONS` are
    settings, kept like `common_options`.
    """
    results = (_result_option(option) for option in RESULT_OPTIONS)
    machine = (_machine_option(option) for option in MACHINE_OPTIONS)
    return _apply(command, *results, *machine)


def common_option(name: str) -> Any:
    """Return what was given, wherever, for one of the options that are kept; else None."""
    return click.get_current_context().ensure_object(dict).get(name)


def _apply(command: Command, *decorators: Decorator[Command]) -> Command:
    """Decorate a command so that its help lists the options in this order."""
    for decorate in reversed(decorators):
        command = decorate(command)
    return command


def _result_option(option: Option) -> Decorator[Any]:
    details: dict[str, Any] = {"type": reader(option.kind.parse), "metavar": option.kind.metavar}
    if isinstance(option.kind, Flag):
        details = {"is_flag": True}
    elif isinstance(option.kind, Choice):
        details = {"type": click.Choice(option.kind.choices)}
    if option.default is not None and not isinstance(option.kind, Flag):
        details |= {"default": option.default, "show_default": True}
    return click.option(f"--{option.flag}", option.name, help=_sentence(option.help), **details)


def _machine_option(option: Option) -> Decorator[Any]:
    text = f"{_sentence(option.help)} Else {variable_of(option)}."
    return _setting(option.flag, option.kind.metavar, text)


def _setting(
    flag: str, metavar: str | None, text: str, complete: Completion | None = None
) -> Decorator[Any]:
    return click.option(
        f"--{flag}",
        metavar=metavar,
        expose_value=False,
        callback=_keep,
        help=text,
        shell_complete=complete,
    )


def _kept_flag(*names: str, **details: Any) -> Decorator[Any]:
    return click.option(*names, is_flag=True, expose_value=False, callback=_keep, **details)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _names(name: str, check: Callable[[str], str], text: str) -> Decorator[Any]:
    aliases = ["--style"] if name == "model" else []
    return click.option(
        f"-{name[0]}",
        f"--{name}",
        *aliases,
        f"{name}s",
        type=_name_reader(check),
        metavar="NAME",
        multiple=True,
        shell_complete=complete_images if name == "image" else complete_models,
        callback=_drop_repeated,
        help=text,
    )


def _drop_repeated(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _read_picks(
    context: click.Context, parameter: click.Parameter, path: str | None
) -> Picks | None:
    from ..gallery.picks import read_picks

    return None if path is None else reader(read_picks)(path)


def _keep(context: click.Context, parameter: click.Parameter, value: object) -> None:
    """Keep a value for `common_option`."""
    if value:
        context.ensure_object(dict)[parameter.name] = value
