"""User errors: each message says what was found, what is allowed and what to do.

StudioError                 anything a user can fix; pages show it, the command line prints it and exits with 2
├── WorkspaceError          the workspace folder cannot be used
│   ├── StorageError        its disk is full, read-only or failing
│   ├── DatabaseBusy        others are writing; it can be tried again
│   └── DatabaseLost        there are stored photos, but the database that knows them is gone
├── DataError               images, labels, projects
│   ├── ImageRefused        one file that cannot be used as an image
│   ├── LabelsError         a labels.csv that cannot be read at all
│   ├── AnswerError         an answer that fits no question about the data
│   ├── QuestionsOpen       data that can be read in more than one way, until somebody chooses
│   ├── ArraysError         an .npz or .h5 file without usable images
│   └── TooLittleData       a snapshot that is too small to train on
├── ModelError              networks and weights
│   ├── UnknownArchitecture
│   ├── WeightsUnavailable  no source responded, or a download failed verification
│   └── BundleError         a bundle folder or weight file that cannot be loaded
├── QuotaReached            a pupil's photos, disk or trainings are at the limit of the class
├── PeopleError             who is here: classes, names, cards
│   ├── NotHere             nobody has joined in this browser
│   ├── NameTaken           somebody works under this name already
│   ├── TooManyGuesses      wrong codes, cards or PINs, too often
│   └── OnlyToLookAt        somebody else's work, which can be seen but not changed
├── RecipeError             invalid or conflicting settings
├── ComputationError        a worker process crashed or needed too much memory; it can be tried again
└── RunError                a run that is missing, unfinished or busy
    └── LogitsMissing       a run that has to be evaluated first

Any other exception is a bug and keeps its traceback.
"""

from collections.abc import Sequence
from typing import Any


class StudioError(Exception):
    """The root of all errors that a user can fix; ``str(error)`` is a plain sentence."""


class WorkspaceError(StudioError):
    """The workspace folder cannot be read or written."""


class StorageError(WorkspaceError):
    """Something could not be saved, because the disk is full, read-only or failing."""


class DatabaseBusy(WorkspaceError):
    """Others were writing to the database for too long; the same call can be tried again."""


class DatabaseLost(WorkspaceError):
    """The workspace has stored photos, but its database is missing or empty."""


class DataError(StudioError):
    """Something is wrong with images, labels or a project."""


class ImageRefused(DataError):
    """One file cannot be used as an image; ``name`` is the user's name for it, ``reason`` is half a sentence."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason


class LabelsError(DataError):
    """A labels.csv cannot be read at all (single bad rows are listed as problems instead)."""


class AnswerError(DataError):
    """An answer to a question about the data has the wrong form, or is none of its choices."""


class QuestionsOpen(DataError):
    """The data can be read in more than one way; the message asks, and names the choices.

    ``questions`` are core.data.tables.questions.Question, with a sample of each choice.
    """

    def __init__(self, message: str, questions: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.questions = tuple(questions)


class ArraysError(DataError):
    """A file of packed arrays is damaged, unsafe to read, or has no matching images and labels."""


class TooLittleData(DataError):
    """A snapshot has too few images, classes or parts to train on."""


class QuotaReached(StudioError):
    """Somebody's photos, disk or trainings are at the limit that their teacher has set."""


class ModelError(StudioError):
    """Something is wrong with a network or its weights."""


class UnknownArchitecture(ModelError):
    """There is no architecture with that name; the message lists the known ones."""


class WeightsUnavailable(ModelError):
    """Pretrained weights could not be downloaded from any source, or failed verification."""


class BundleError(ModelError):
    """A bundle folder or weight file cannot be loaded."""


class PeopleError(StudioError):
    """Something is wrong with a class, a name, a card or a PIN."""


class NotHere(PeopleError):
    """Nobody has joined in this browser, or the teacher has ended the visit."""


class NameTaken(PeopleError):
    """Somebody works under this name already, in another browser."""


class TooManyGuesses(PeopleError):
    """Codes, cards or PINs were wrong too often; the message says how long to wait."""


class OnlyToLookAt(PeopleError):
    """This is somebody else's work, opened to be looked at."""


class RecipeError(StudioError):
    """Settings of a recipe are out of range or in conflict; the message lists all of them."""


class ComputationError(StudioError):
    """A computation in a worker process ended without a result: it crashed, or needed too much memory."""


class RunError(StudioError):
    """A run is missing, unfinished or busy."""


class ExamLocked(RunError):
    """The teacher has locked the exam: the test photos stay closed."""


class LogitsMissing(RunError):
    """A run has no logits of a split, or not of its present model; evaluating it writes them."""
