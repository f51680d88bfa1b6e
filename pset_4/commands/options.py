"""The options of the command line, and the checks of what they are given."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import click

from csci_utils.text import parse_above_zero, parse_whole
from neural_style.options import EXACT, PRECISIONS

from .. import names
from ..names import DEFAULT_IMAGE, DEFAULT_MODEL
from ..settings import RUNNERS

Command = TypeVar("Command", bound=Callable[..., Any])
Value = TypeVar("Value")

REMOTE_HELP = (
    "s3://bucket/prefix or a directory; the source of truth. "
    "Else PSET_4_REMOTE, else the directory 'remote' in the data folder."
)
DATA_HELP = "The data folder of this machine. Else PSET_4_DATA, else 'data'."
DEBUG_HELP = "Show Luigi's log, and tracebacks."
IMAGE_HELP = "A picture, by name; may be given more than once. Default: all."
FILE_HELP = "A style model's file, by name; may be given more than once. Default: all."
PICTURE_HELP = (
    "A picture, by name; may be given more than once. Default: all that are dropped in, else "
    f"{DEFAULT_IMAGE}."
)
STYLE_HELP = (
    "A style model, by name ('many.onnx@7' for style 7 of a file of many); may be given more "
    f"than once. Default: all that are dropped in, else {DEFAULT_MODEL}."
)
RUNNER_HELP = (
    "What paints: this process (the default), a program, or an MLflow model. Else PSET_4_RUNNER."
)
PYTHON_HELP = (
    "The Python that the runners 'program' and 'mlflow' start; else PSET_4_PYTHON, else this one."
)
PRECISION_HELP = (
    "exact: within one level, on every machine; fast: half precision where what paints has it. "
    "Results of the other are painted again."
)
THREADS_HELP = "How many threads paint on the CPU; else PSET_4_THREADS, else one for each core."
MEMORY_HELP = (
    "The most memory that painting may take, such as 2GiB; what is beyond goes into a temporary "
    "file. Not for ONNX graphs. Else PSET_4_MEMORY, else what there is."
)
DEVICE_HELP = (
    "cpu, cuda, mps, xpu, or auto for an accelerator if there is one; else PSET_4_DEVICE, else cpu."
)
UPLOAD_HELP = "Publish what is needed first (the default), or write nothing to the remote."
MAX_SIDE_HELP = "Shrink pictures first, so that no side is longer than this many pixels."
CONTENT_SCALE_HELP = "Divide the sides of pictures by this first."

SETTINGS = ("remote", "data", "runner", "python", "threads", "memory", "device")
"""Options that are kept for `common_option`, and looked at by `settings.read_settings`."""


def telling(parse: Callable[[str], Value]) -> Callable[[str], Value]:
    """`parse` for click, which shows what an error says only if it is one of its own."""

    def read(text: str) -> Value:
        try:
            return parse(text)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error

    return read


image_name = telling(names.check_image_name)
model_file = telling(names.check_model_file)
style_name = telling(lambda name: str(names.parse_model_name(name)))


def _names_option(
    name: str, check: Callable[[str], str], text: str
) -> Callable[[Command], Command]:
    return click.option(
        f"--{name}",
        f"{name}s",
        type=check,
        metavar="NAME",
        multiple=True,
        callback=_drop_repeated,
        help=text,
    )


def _drop_repeated(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _keep(context: click.Context, parameter: click.Parameter, value: object) -> None:
    """A click callback that keeps a value for `common_option`."""
    if value:
        context.ensure_object(dict)[parameter.name] = value


def common_options(command: Command) -> Command:
    """The options that every command has, and the group in front of the command's name.

    They are kept for `common_option` and not passed to the command.
    """
    debug = click.option(
        "--debug", is_flag=True, expose_value=False, callback=_keep, help=DEBUG_HELP
    )
    data = click.option("--data", expose_value=False, callback=_keep, help=DATA_HELP)
    remote = click.option("--remote", expose_value=False, callback=_keep, help=REMOTE_HELP)
    return remote(data(debug(command)))


def runner_options(command: Command) -> Command:
    """What paints, and looks at models before they are published; kept like `common_options`."""
    python = _setting_option("python", "PATH", PYTHON_HELP)
    runner = click.option(
        "--runner",
        type=click.Choice(RUNNERS),
        expose_value=False,
        callback=_keep,
        help=RUNNER_HELP,
    )
    return runner(python(command))


def common_option(name: str) -> Any:
    """What was given, wherever, for one of the options that are kept; else None."""
    return click.get_current_context().ensure_object(dict).get(name)


def file_options(command: Command) -> Command:
    """Which pictures and models to move: `images` and `models`."""
    return _names_option("image", image_name, IMAGE_HELP)(model_option(command))


def model_option(command: Command) -> Command:
    """Which models' files: `models`."""
    return _names_option("model", model_file, FILE_HELP)(command)


def painting_options(command: Command) -> Command:
    """What to paint, in which styles, and how: `images`, `models`, `upload`; `how_options`."""
    image = _names_option("image", image_name, PICTURE_HELP)
    model = _names_option("model", style_name, STYLE_HELP)
    upload = click.option("--upload/--no-upload", default=True, help=UPLOAD_HELP)
    return image(model(upload(how_options(command))))


def how_options(command: Command) -> Command:
    """How to paint.

    What makes another result of it, and so is a parameter of the tasks: `max_side`,
    `content_scale`, `precision`. And what does not, and is a setting, kept like `common_options`:
    threads, memory, device.
    """
    decorators = [
        click.option(
            "--max-side",
            type=telling(partial(parse_whole, minimum=1)),
            metavar="N",
            help=MAX_SIDE_HELP,
        ),
        click.option(
            "--content-scale",
            type=telling(parse_above_zero),
            metavar="X",
            help=CONTENT_SCALE_HELP,
        ),
        click.option(
            "--precision",
            type=click.Choice(PRECISIONS),
            default=EXACT,
            show_default=True,
            help=PRECISION_HELP,
        ),
        _setting_option("threads", "N", THREADS_HELP),
        _setting_option("memory", "SIZE", MEMORY_HELP),
        _setting_option("device", "NAME", DEVICE_HELP),
    ]
    for decorate in reversed(decorators):
        command = decorate(command)
    return command


def _setting_option(name: str, metavar: str, text: str) -> Callable[[Command], Command]:
    return click.option(f"--{name}", metavar=metavar, expose_value=False, callback=_keep, help=text)
