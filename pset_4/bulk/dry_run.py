"""What `bulk` would do, without writing anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from .listing.planning import count_names

if TYPE_CHECKING:
    from ..settings import Settings
    from .runs import Run


@dataclass(frozen=True)
class Forecast:
    """The size of a run that was not begun."""

    run: str
    """The run that would begin, or go on."""
    is_under_way: bool
    """Whether it was begun already."""
    source: str
    """Where the images are."""
    images: int
    refused: int
    """Names of images that cannot be used."""
    models: list[str]
    """The styles."""
    results: int
    """Images times styles; what is published already is not painted again."""

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
        return asdict(self)

    def list_lines(self) -> Iterator[str]:
        """Yield lines for people."""
        yield f"would {'continue' if self.is_under_way else 'begin'} run {self.run}"
        yield f"images    {self.images:,}  {self.source}"
        if self.refused:
            yield f"refused   {self.refused:,}  names of images that cannot be used"
        yield f"styles    {len(self.models):,}  {', '.join(self.models)}"
        yield f"results   {self.results:,}  those that are published are not painted again"
        yield "nothing was written"


def forecast(settings: Settings, run: Run, is_under_way: bool) -> Forecast:
    """Count what a run is about. Lists all images: for ten million that takes minutes.

    Raises:
        CsciUtilsError, PipelineError, OSError: The images cannot be listed.
    """
    images, refused = count_names(settings, run)
    models = list(run.models)
    return Forecast(run.id, is_under_way, run.images, images, refused, models, images * len(models))
