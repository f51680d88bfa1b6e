"""The command ``demo``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from csci_utils.atomic import scratch_folder

from ..commands.answering import note
from ..commands.options import (
    common_options,
    dry_run_option,
    json_option,
    rendering_options,
    runner_options,
    scheduler_option,
    workers_option,
)
from ..commands.paint import Request, paint
from ..commands.session import EPILOG, session

if TYPE_CHECKING:
    from ..settings import Settings


@click.command(epilog=EPILOG)
@rendering_options
@runner_options
@dry_run_option
@json_option
@scheduler_option
@workers_option
@common_options
def demo(**rendering: Any) -> None:
    """Drop in real photographs and styles, from the packages of the extra demo, and run main."""
    with session() as settings, scratch_folder() as folder:
        from ..storage.dropping import check_writable
        from ..tasks.main import MainTask
        from .samples import drop_samples_in

        check_writable(settings)
        missing = drop_samples_in(settings, folder)
        for name in missing:
            note(f"{'would drop in' if settings.dry_run else 'dropped in'} {name}")
        request = _with_drop_ins(settings, missing) if settings.dry_run else Request()
        paint(MainTask, settings, request, rendering, may_open=True)


def _with_drop_ins(settings: Settings, samples: Sequence[str]) -> Request:
    """Return a request of the drop-ins and of samples that only stand for some."""
    from ..names import is_image_name
    from ..storage.inventory import list_drop_ins

    drop_ins = list_drop_ins(settings)
    images = filter(is_image_name, samples)
    models = (name for name in samples if not is_image_name(name))
    return Request(images=[*drop_ins.images, *images], models=[*drop_ins.models, *models])
