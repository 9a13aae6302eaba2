"""The tree of user errors: each message names what was found, what is allowed and what to do.

StudioError                 anything a user can mend; pages show it, the command line prints it and exits with 2
├── WorkspaceError          the folder of the user's files cannot be used
├── DataError               images, labels, projects
│   ├── ImageRefused        one file that is not taken as an image
│   ├── LabelsError         a labels.csv that cannot be read at all
│   ├── ArraysError         an .npz or .h5 file that holds no images that can be used
│   └── TooLittleData       a snapshot that nothing can be learned from
├── ModelError              networks and weights
│   ├── UnknownArchitecture
│   ├── WeightsUnavailable  no source answered, or what it sent was not what it promised
│   └── BundleError         a bundle folder or weight file that cannot be loaded
├── RecipeError             settings that do not go together
└── RunError                a run that is missing, unfinished or busy

Everything else that is raised is a bug, and keeps its traceback.
"""


class StudioError(Exception):
    """The root of all errors that a user can mend; ``str(error)`` is one plain sentence."""


class WorkspaceError(StudioError):
    """The workspace folder cannot be read or written."""


class DataError(StudioError):
    """Something is wrong with images, labels or a project."""


class ImageRefused(DataError):
    """One file is not taken as an image; ``name`` is the user's name for it, ``reason`` half a sentence."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason


class LabelsError(DataError):
    """A labels.csv cannot be read at all (single bad rows are problems in the table, not errors)."""


class ArraysError(DataError):
    """A file of packed arrays is damaged, not safe to read, or holds no images and labels that fit together."""


class TooLittleData(DataError):
    """A snapshot has too few images, classes or parts to train on."""


class ModelError(StudioError):
    """Something is wrong with a network or its weights."""


class UnknownArchitecture(ModelError):
    """No architecture of that name is known; the message lists those that are."""


class WeightsUnavailable(ModelError):
    """Pretrained weights could not be fetched from any source, or failed verification."""


class BundleError(ModelError):
    """A bundle folder or weight file cannot be loaded."""


class RecipeError(StudioError):
    """Settings of a recipe are out of range or do not go together; the message lists all of them."""


class RunError(StudioError):
    """A run is missing, not finished, or busy."""
