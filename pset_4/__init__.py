"""Publish images and styles to a remote, and paint every image in every style.

The names below are the public interface, for tasks, programs and commands of your own; the modules
behind them may move. Importing this package imports nothing heavy.

>>> import luigi, pset_4
>>> task = pset_4.MainTask(image="photo.jpg", model="candy.pth", max_side=1024)
>>> luigi.build([task], local_scheduler=True)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from csci_utils.lazy import lazy_names

if TYPE_CHECKING:
    from .cli import main
    from .commands.answering import finish
    from .commands.options import common_options, painting_options, runner_options
    from .commands.selection import Selection, select
    from .commands.session import EPILOG, run, session
    from .context import FromSettings, activated, current
    from .errors import (
        ConflictError,
        InvalidNameError,
        MissingError,
        PipelineError,
        RunnerError,
        SettingsError,
    )
    from .execution import Failure, Outcome, run_tasks
    from .execution.observer import Observer
    from .gallery.layout import lay_out
    from .places import shorten
    from .report import format_failures, format_summary
    from .settings import Settings, read_settings
    from .storage.records import read_origin, write_origin
    from .storage.remote import target_at
    from .tasks.download import DownloadImage, DownloadModel
    from .tasks.local import LocalImage, LocalModel
    from .tasks.main import MainTask
    from .tasks.parameters import (
        ImageParameter,
        ModelParameter,
        PaintingParameters,
        RenderingParameters,
    )
    from .tasks.remote import ContentImage, SavedModel
    from .tasks.results import UploadResult
    from .tasks.stylize import Stylize
    from .tasks.upload import UploadImage, UploadModel
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "ConflictError": "errors",
            "ContentImage": "tasks.remote",
            "DownloadImage": "tasks.download",
            "DownloadModel": "tasks.download",
            "EPILOG": "commands.session",
            "Failure": "execution.outcome",
            "FromSettings": "context",
            "ImageParameter": "tasks.parameters",
            "InvalidNameError": "errors",
            "LocalImage": "tasks.local",
            "LocalModel": "tasks.local",
            "MainTask": "tasks.main",
            "MissingError": "errors",
            "ModelParameter": "tasks.parameters",
            "Observer": "execution.observer",
            "Outcome": "execution.outcome",
            "PaintingParameters": "tasks.parameters",
            "PipelineError": "errors",
            "RenderingParameters": "tasks.parameters",
            "RunnerError": "errors",
            "SavedModel": "tasks.remote",
            "Selection": "commands.selection",
            "Settings": "settings",
            "SettingsError": "errors",
            "Stylize": "tasks.stylize",
            "UploadImage": "tasks.upload",
            "UploadModel": "tasks.upload",
            "UploadResult": "tasks.results",
            "activated": "context",
            "common_options": "commands.options",
            "current": "context",
            "finish": "commands.answering",
            "format_failures": "report",
            "format_summary": "report",
            "lay_out": "gallery.layout",
            "main": "cli",
            "painting_options": "commands.options",
            "read_origin": "storage.records",
            "read_settings": "settings",
            "run": "commands.session",
            "run_tasks": "execution.run",
            "runner_options": "commands.options",
            "select": "commands.selection",
            "session": "commands.session",
            "shorten": "places",
            "target_at": "storage.remote",
            "write_origin": "storage.records",
        },
    )

__all__ = [
    "EPILOG",
    "ConflictError",
    "ContentImage",
    "DownloadImage",
    "DownloadModel",
    "Failure",
    "FromSettings",
    "ImageParameter",
    "InvalidNameError",
    "LocalImage",
    "LocalModel",
    "MainTask",
    "MissingError",
    "ModelParameter",
    "Observer",
    "Outcome",
    "PaintingParameters",
    "PipelineError",
    "RenderingParameters",
    "RunnerError",
    "SavedModel",
    "Selection",
    "Settings",
    "SettingsError",
    "Stylize",
    "UploadImage",
    "UploadModel",
    "UploadResult",
    "activated",
    "common_options",
    "current",
    "finish",
    "format_failures",
    "format_summary",
    "lay_out",
    "main",
    "painting_options",
    "read_origin",
    "read_settings",
    "run",
    "run_tasks",
    "runner_options",
    "select",
    "session",
    "shorten",
    "target_at",
    "write_origin",
]
