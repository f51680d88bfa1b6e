"""Results that are being painted: the claim on each, its temporary file, and its inputs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from csci_utils.digest import file_digest
from csci_utils.errors import ChangedError, instead_of_path

from .records import Origin, read_origin, write_origin

if TYPE_CHECKING:
    from neural_style import PaintingRequest, PaintingResult


@dataclass
class UnfinishedResult:
    """A result that is being painted."""

    name: str
    """The image."""
    request: PaintingRequest
    """What to paint, and how, to the temporary file."""
    inputs: dict[str, str]
    """The paths of the cached files that it is made from, by kind."""
    origins: dict[str, Origin]
    """What these files were when the painting began."""
    file: ExitStack
    """The temporary file, which is committed at the end, or dropped after an error."""
    claim: ExitStack
    """The claim on the result, released at the end."""
    seconds: float = 0.0
    """How long it took to paint."""
    is_fetched: bool = False
    """Whether the result was fetched, because the remote had it already."""
    is_finished: bool = False
    """Whether somebody is committing or dropping it."""

    def commit(
        self,
        result: PaintingResult | Exception,
        path: str,
        to_origin: Callable[[dict[str, Origin]], Origin],
        is_waiting: bool,
    ) -> PaintingResult:
        """Commit the result, record what it was made from, and release the claim.

        Args:
            result: The result, or what it failed with, which is raised again.
            path: The result's place.
            to_origin: Returns what to record, from the inputs' origins.
            is_waiting: Whether it is to be published later.

        Raises:
            ChangedError: An input was altered or replaced meanwhile.
        """
        self.is_finished = True
        temporary_path = str(self.request.output_image)
        with self.claim:
            with self.file, instead_of_path(temporary_path, path):
                if isinstance(result, Exception):
                    raise result
                digest = file_digest(temporary_path)
                # Another process may have fetched a new version while this one was painting.
                if read_origins(self.inputs) != self.origins:
                    raise ChangedError(
                        "not painted: its image or model was replaced in the cache meanwhile",
                        path=path,
                        remedy="run again",
                    )
            provenance = None if result.provenance is None else result.provenance.to_json()
            write_origin(path, to_origin(self.origins), digest, is_waiting, provenance)
        return result

    def abandon(self) -> None:
        """Drop the temporary file and the claim, unless the painting is finished."""
        if not self.is_finished:
            self.is_finished = True
            with suppress(KeyboardInterrupt), self.claim, self.file:
                raise KeyboardInterrupt


def read_origins(inputs: dict[str, str]) -> dict[str, Origin]:
    """Return what cached files were made from, by kind.

    Raises:
        ChangedError: One was altered since it was fetched.
    """
    return {kind: _read_origin(path) for kind, path in inputs.items()}


def _read_origin(path: str) -> Origin:
    origin = read_origin(path)
    if origin is None:
        raise ChangedError(
            "altered since it was fetched", path=path, remedy="run again to fetch it again"
        )
    return origin
