"""What can go wrong in the pipeline; every error is a `PipelineError`."""

from csci_utils.errors import DescribedError


class PipelineError(DescribedError):
    """Base of all errors that this package raises on purpose."""


class SettingsError(PipelineError, ValueError):
    """The remote or the data folder is not one that can be used."""


class InvalidNameError(PipelineError, ValueError):
    """A name that is not safe as a file name everywhere, or of neither kind."""


class MissingError(PipelineError, FileNotFoundError):
    """Something that was asked for is neither in the remote nor dropped in."""


class ConflictError(PipelineError, FileExistsError):
    """A drop-in's name is taken in the remote, by other bytes."""


class RunnerError(PipelineError, RuntimeError):
    """A program that was to paint, or to look at a model, failed."""


class DamagedPackageError(PipelineError, ValueError):
    """A packaged model is not whole, or not what its manifest says."""


class HandInError(PipelineError, RuntimeError):
    """The work cannot be handed in as it is, or Canvas does not take it."""


class ArchiveError(PipelineError, ValueError):
    """The archive is damaged, hostile, or another one than expected."""
