"""Ask about labels of one split that name a photo found only in the folder of another: train.json and val/1.png."""

from posixpath import commonpath

from core.data.importing.formats.gathering.named_splits import known_split
from core.data.tables.questions import Asking, Choice, Question

FOLDERS = "label-folders"
"""The kind of the question."""

USE, SKIP = "use", "skip"

_LONGEST = 200  # characters of a name that is shown


def may_mean(name: str, near: str, photo: str, asking: Asking) -> bool:
    """Return whether a name without folders in the file ``near`` may mean a photo; what contradicts itself is asked.

    One question is asked for each file or folder whose name says the labels' split.
    """
    around = commonpath([near.rpartition("/")[0], photo.rpartition("/")[0]])
    shared = len(around) + 1 if around else 0
    labels, folder = near[shared:], photo[shared:].rpartition("/")[0]
    one, other = known_split(labels), known_split(folder)
    if one is None or other is None or one == other or _stem(labels) == _stem(photo):
        return True
    place = near[:shared] + labels
    while known_split(place.rpartition("/")[0][shared:]) == one:
        place = place.rpartition("/")[0]
    text = (
        f"{near} names the photo {name[:_LONGEST]} without a folder. Its own name says {one}, but the only "
        f"photo of that name, {photo}, lies in a folder of {other}. Do they belong together?"
    )
    choices = (Choice(USE, "Use these labels", ((near, photo),)), Choice(SKIP, "Leave these labels out", ((near, ""),)))
    return asking.ask(Question(FOLDERS, text, choices, place, ("labels", "photo"))) != SKIP


def _stem(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[0]
