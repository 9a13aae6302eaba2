"""The sentence about an error that ended a training, or a part of it."""

from core.errors import StudioError
from core.storage_errors import storage_error

UNEXPECTED = "The run failed because of an unexpected error; see the log for details."


def failure_sentence(error: Exception) -> str | None:
    """Return what went wrong and what to do; None for an error that nobody expected, which is a bug."""
    if isinstance(error, StudioError):
        return str(error)
    if disk := storage_error(error, "the run could not be saved", "resume the run"):
        return str(disk)
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":  # the latter is torch's
        return "The device ran out of memory. Start a new run with a smaller batch size or a smaller network."
    return None
