"""The course's one-module view of the data tasks, for ``luigi --module pset_4.tasks.data``."""

from .download import DownloadImage, DownloadModel
from .remote import ContentImage, SavedModel

__all__ = ["ContentImage", "DownloadImage", "DownloadModel", "SavedModel"]
