"""Errors of the pipeline; each is a `PipelineError`."""

from __future__ import annotations

from csci_utils.errors import DescribedError


class PipelineError(DescribedError):
    """Base of all errors that this package raises on purpose."""


class SettingsError(PipelineError, ValueError):
    """A setting is missing or has an unusable value."""


class MissingRemoteError(SettingsError):
    """The folder that a directory remote is in does not exist, as of a drive that is away."""


class InvalidNameError(PipelineError, ValueError):
    """A name is not a safe file name, or its suffix is not one of an image or a model."""


class InvalidPicksError(PipelineError, ValueError):
    """A file of picks cannot be read, or is not one."""


class InvalidProvenanceError(PipelineError, ValueError):
    """What a painting says about where it comes from cannot be used."""


class MissingError(PipelineError, FileNotFoundError):
    """A file or package that is needed does not exist here."""


class ConflictError(PipelineError, FileExistsError):
    """A drop-in and another file have the same name and different bytes."""


class RunnerError(PipelineError, RuntimeError):
    """A program that paints or inspects a model failed."""


class DamagedPackageError(PipelineError, ValueError):
    """A packaged model is incomplete or differs from its manifest."""


class SubmissionError(PipelineError, RuntimeError):
    """The work cannot be submitted, or Canvas refused it."""


class PartialSubmissionError(SubmissionError):
    """A part of the submission failed; `sent` and `unsent` list all parts."""

    sent: tuple[str, ...]
    """The parts that Canvas has accepted."""
    unsent: tuple[str, ...]
    """The part that failed and those after it."""

    def __init__(
        self, cause: SubmissionError, sent: tuple[str, ...], unsent: tuple[str, ...]
    ) -> None:
        """Take path, reason and remedy from the error of the part that failed."""
        super().__init__(cause.reason, path=cause.path, remedy=cause.remedy)
        self.sent = sent
        self.unsent = unsent

    def __str__(self) -> str:
        """Return the error's line with both lists of parts."""
        sent = ", ".join(self.sent) or "nothing"
        return f"{super().__str__()}; sent: {sent}; not sent: {', '.join(self.unsent)}"


class ArchiveError(PipelineError, ValueError):
    """An archive is damaged, hostile, or does not hold the expected models."""
