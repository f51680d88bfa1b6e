"""What a worker works with: the run, its style files, and a scratch folder."""

from __future__ import annotations

import itertools
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from threading import Event
from typing import TYPE_CHECKING

from csci_utils.atomic import make_temporary_name
from csci_utils.digest import file_digest
from csci_utils.errors import ChangedError

from ...names import parse_model_name
from ...styles.digests import digest_style
from ..coordination.documents import Documents
from ..listing.sources import split_folder
from ..transfers import fetch_model

if TYPE_CHECKING:
    from neural_style import PaintingRequest

    from ...settings import Settings
    from ..runs import Run


def make_owner() -> str:
    """Return a name for this worker that no other one has."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"


@dataclass
class Workspace:
    """The run, style files and scratch folder of one worker."""

    settings: Settings
    run: Run
    scratch: str
    """A folder for files on their way, of which nothing is kept."""
    stop: Event
    """Ends the work between two images when it is set."""
    owner: str = field(default_factory=make_owner)
    """The worker's name in leases."""
    models: dict[str, str] = field(default_factory=dict)
    """The path of the file of each style, by the name of the file."""

    def __post_init__(self) -> None:
        """Count the files in the scratch folder from 0."""
        self._numbers = itertools.count()
        self.root, _ = split_folder(self.settings, self.run.images)
        self.documents: Documents = self.run.documents(self.settings)

    def make_path(self, name: str) -> str:
        """Return a new path in the scratch folder, with the suffix of a name."""
        return os.path.join(self.scratch, f"{next(self._numbers)}{PurePath(name).suffix}")

    def make_request(self, path: str, image: str, model: str, result_path: str) -> PaintingRequest:
        """Return the request for a picture, the same that `main` makes."""
        from neural_style import PaintingRequest

        style = parse_model_name(model)
        options = self.run.rendering(number=style.number, **self.settings.machine)
        files = (Path(path), Path(self.models[style.file]), Path(result_path))
        blend = style.blend and style.blend.renamed(self.models.__getitem__)
        return PaintingRequest(*files, options, image, style.source, blend)


@contextmanager
def open_workspace(settings: Settings, run: Run, stop: Event) -> Iterator[Workspace]:
    """Fetch the styles of a run, yield the workspace, and remove its folder after the body.

    Raises:
        ChangedError: A style was replaced in the remote since the run began.
        CsciUtilsError, OSError: The remote refuses.
    """
    prefix = f"{make_temporary_name()}."
    with TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as scratch:
        workspace = Workspace(settings, run, scratch, stop)
        for model, sha256 in run.models.items():
            style = parse_model_name(model)
            for file in style.files:
                if file not in workspace.models:
                    workspace.models[file] = fetch_model(settings, file, scratch)
            digests = [file_digest(workspace.models[file]) for file in style.files]
            if digest_style(style, digests) != sha256:
                raise ChangedError(
                    "replaced since the run began",
                    path=f"{settings.remote_models}/{model}",
                    remedy="run bulk again, which begins another run with the new one",
                )
        yield workspace
