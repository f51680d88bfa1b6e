"""Whether a painting still matches the remote."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from csci_utils.text import one_line
from neural_style.version import __version__

from ..errors import InvalidNameError
from ..names import check_image_name, parse_model_name
from ..places import shorten
from ..storage.remote import file_system_of
from ..styles.digests import digest_style
from ..tasks.remote import ContentImage, SavedModel
from .facts import IMAGE, MODEL, VERSION, describe
from .paintings import TracedPainting

CURRENT, REPLACED, GONE = "current", "replaced", "gone"


@dataclass(frozen=True)
class Explanation:
    """The origin of a painting, and the state of its image and model in the remote."""

    painting: TracedPainting
    image: str
    """The image of this name in the remote: `CURRENT`, `REPLACED` by other bytes, or `GONE`."""
    model: str
    """The same of the model."""

    @property
    def matches(self) -> bool:
        """Whether the remote has the image and the model with the bytes that were painted."""
        return self.image == self.model == CURRENT

    @property
    def is_this_version(self) -> bool:
        """Whether this version of the program painted it."""
        return self.painting.provenance.version == __version__

    def to_dict(self) -> dict[str, object]:
        """Return plain JSON values."""
        return {
            "path": self.painting.path,
            "source": self.painting.source,
            "provenance": self.painting.provenance.to_json(),
            "image": self.image,
            "model": self.model,
            "is_this_version": self.is_this_version,
            "matches": self.matches,
        }

    def list_lines(self) -> Iterator[str]:
        """Yield lines for people."""
        facts = describe(self.painting.provenance)
        facts[IMAGE] += f" ({self.image})"
        facts[MODEL] += f" ({self.model})"
        facts[VERSION] += " (this one)" if self.is_this_version else f" (this one is {__version__})"
        width = max(map(len, facts))
        yield one_line(f"{shorten(self.painting.path)}, according to its {self.painting.source}:")
        yield from (f"{label:<{width}}  {value}" for label, value in facts.items())


def explain(painting: TracedPainting) -> Explanation:
    """Compare a painting with the remote.

    Raises:
        OSError, CsciUtilsError: The remote cannot be asked.
    """
    made = painting.provenance
    return Explanation(
        painting,
        _find_image_state(made.image, made.image_sha256),
        find_model_state(made.model, made.model_sha256),
    )


def find_model_state(name: str, sha256: str) -> str:
    """Return what has become of the bytes that the remote had as a model, or as those of a blend.

    Args:
        name: The model, or the blend; any text.
        sha256: As `digest_style` returns it.
    """
    try:
        style = parse_model_name(name)
    except InvalidNameError:
        return GONE
    targets = [SavedModel(upload=False, model=file).output() for file in style.files]
    digests = [target.fs.sha256(target.path) for target in targets]
    found = [digest for digest in digests if digest is not None]
    if len(found) < len(digests):
        return GONE
    return CURRENT if digest_style(style, found) == sha256 else REPLACED


def _find_image_state(name: str, sha256: str) -> str:
    """Return what has become of the bytes that the remote had as an image.

    Args:
        name: Any text; the remote has nothing under a name that is unsafe.
        sha256: The digest of the bytes.
    """
    try:
        path = ContentImage(upload=False, image=check_image_name(name)).path_of(name)
    except InvalidNameError:
        return GONE
    found = file_system_of(path).sha256(path)
    return GONE if found is None else CURRENT if found == sha256 else REPLACED
