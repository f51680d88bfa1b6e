"""A model as people name it."""

from __future__ import annotations

from dataclasses import dataclass

from neural_style.mixing.names import Mixture

from .looks import LOOK_MARK


@dataclass(frozen=True)
class ModelName:
    """A model as people name it: ``rain_princess.pth``, or ``many.onnx@7`` for style 7 of many.

    It may be a blend of several, ``candy.pth=0.5,mosaic.pth=0.5``. Where results are named, it may
    have a look: ``candy.pth@strength=0.5``.
    """

    file: str
    """The name of the model's file; of a blend, the first one."""
    number: int | str | None
    """The style in the file, or the mixture of several: see `RenderingOptions`. None if the name
    has none."""
    look: str = ""
    """See `styles.looks`; empty for the usual one."""
    blend: Mixture | None = None
    """The files that are blended, with their shares; None for a single one."""

    @property
    def files(self) -> tuple[str, ...]:
        """The names of all files."""
        return (self.file,) if self.blend is None else self.blend.files

    @property
    def source(self) -> str:
        """What provenance calls the model: the file, or the blend."""
        return self.file if self.blend is None else str(self.blend)

    @property
    def without_look(self) -> str:
        """The name as people write it, without the look."""
        return self.source if self.number is None else f"{self.file}@{self.number}"

    def __str__(self) -> str:
        """Return the name as people write it."""
        return f"{self.without_look}{LOOK_MARK}{self.look}" if self.look else self.without_look
