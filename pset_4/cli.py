"""The command line: the group of all commands, which import nothing heavy before they need it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from csci_utils.console import ExitCode, say

from .bulk.command import bulk
from .commands.answering import answer_error
from .commands.gallery import gallery, sheet
from .commands.models import models, package
from .commands.options import common_options
from .commands.paint import main_command, stylize
from .commands.session import EPILOG
from .commands.status import status
from .commands.transfer import download, upload
from .commands.upkeep.prune import prune
from .commands.upkeep.remove import remove
from .commands.upkeep.replace import replace
from .commands.verify import verify
from .demo.command import demo
from .errors import SettingsError
from .imitation.command import imitate
from .names import is_image_name, is_model_file
from .provenance.command import explain
from .submission.command import submit
from .terminal.help_pages import HelpContext
from .watching.command import watch

PROGRAM = "python -m pset_4"

SCRIPT = "pset_4"
"""The installed command, which is the same."""

COMPLETION_VARIABLE = "_PSET_4_COMPLETE"
"""Set by the functions of shells that complete what is typed."""

DEFAULT_COMMAND = "main"
"""The command that is meant if none is named."""


class _Group(click.Group):
    """Commands, of which one need not be named; Ctrl-C is answered while options are read, too."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        position = self._skip_own_options(args)
        following = args[position : position + 1]
        if ctx.resilient_parsing and not following:
            return super().parse_args(ctx, args)  # a shell asks for the commands
        if position <= len(args) and not any(map(self._is_command, following)):
            args.insert(position, DEFAULT_COMMAND)
        return super().parse_args(ctx, args)

    def _is_command(self, arg: str) -> bool:
        """Return whether an argument is a command or meant as one: not an option, not a path."""
        if arg in self.commands:
            return True
        is_path = os.path.dirname(arg) or os.path.exists(os.path.expanduser(arg))
        return not (arg.startswith("-") or is_path or is_image_name(arg) or is_model_file(arg))

    def _skip_own_options(self, args: list[str]) -> int:
        """Return the position of the first argument that is not an option of the group.

        It is behind the end if the last option lacks its value.
        """
        takes_value = {
            name: not (param.is_flag or param.count)
            for param in self.get_params(click.Context(self, **self.context_settings))
            if isinstance(param, click.Option)
            for name in param.opts
        }
        position = 0
        while position < len(args):
            name, has_value, _ = args[position].partition("=")
            if name not in takes_value:
                break
            position += 2 if takes_value[name] and not has_value else 1
        return position

    def invoke(self, ctx: click.Context) -> Any:
        ctx.ensure_object(dict)  # which the command's context shares: see `common_option`
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            answer_error(SettingsError(error.format_message()))
            raise
        except KeyboardInterrupt:
            say("interrupted: nothing was begun", sys.stderr)
            sys.exit(ExitCode.INTERRUPTED)


@click.group(
    cls=_Group,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},  # of all commands
)
@common_options
@click.version_option(None, "-V", "--version", package_name="pset_4")
def cli() -> None:
    """Publish images and style models, and paint every image in every style.

    The images and models in data/uploads/ go to the remote, which is the source of truth. Without a
    command: main, with its options.
    """


for _command in (
    main_command,
    stylize,
    watch,
    bulk,
    upload,
    download,
    status,
    explain,
    verify,
    replace,
    remove,
    prune,
    imitate,
    demo,
    gallery,
    sheet,
    package,
    models,
    submit,
):
    cli.add_command(_command)

for _command in (cli, *cli.commands.values(), *models.commands.values(), *bulk.commands.values()):
    _command.context_class = HelpContext


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, and return its exit code, one of `ExitCode`.

    Args:
        arguments: For example ``["-i", "photo.jpg", "-m", "candy.pth"]``. None for those of the
            process.
    """
    # A shell that completes what is typed knows the installed command only.
    name = SCRIPT if COMPLETION_VARIABLE in os.environ else PROGRAM
    try:
        cli.main(
            None if arguments is None else list(arguments),
            prog_name=name,
            complete_var=COMPLETION_VARIABLE,
        )
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else ExitCode.FAILED
    return ExitCode.DONE
