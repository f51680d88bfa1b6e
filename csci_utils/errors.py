"""What can go wrong here; every error is a `CsciUtilsError` and the built-in that fits."""


class CsciUtilsError(Exception):
    """Base of all errors that this package raises on purpose."""


class NothingWrittenError(CsciUtilsError, ValueError):
    """The body of a write wrote nothing, so nothing was committed."""


class AlreadyExistsError(CsciUtilsError, FileExistsError):
    """A create-only write met a file or object that was there first, with other bytes."""


class ChangedError(CsciUtilsError, RuntimeError):
    """What was read or sent changed while it was under way."""


class S3Error(CsciUtilsError, OSError):
    """S3 refused or did not answer; the message names the URL and the remedy."""


class S3AccessError(S3Error, PermissionError):
    """Credentials missing, wrong, expired or not enough: nothing is known of the object."""


class S3BucketMissingError(S3Error, FileNotFoundError):
    """The bucket is not there. It is never created silently."""


class S3KeyMissingError(S3Error, FileNotFoundError):
    """The bucket answers, and has no object with this key."""


class TransferError(S3Error):
    """What S3 sent was cut short or damaged on the way; another try may succeed."""


class DownloadError(CsciUtilsError, OSError):
    """A file could not be downloaded; the message names the address, and no secret in it."""


class BusyError(CsciUtilsError, BlockingIOError):
    """Another process is at work on the same file."""
