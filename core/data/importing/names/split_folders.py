"""Recognise the names of folders that are splits: train, and also seg_train, train_images and 01_train."""

import re
from dataclasses import dataclass

from core.data.tables.labels_csv import split_named
from core.data.tables.names import without_invisible

# Words that say nothing about what is in a folder.
NEUTRAL = frozenset(
    (
        *("data", "dataset", "datasets", "set", "sets", "part", "sample", "samples", "split", "splits"),
        *("file", "files", "folder", "folders", "image", "images", "img", "imgs", "jpg", "jpeg", "png"),
        *("photo", "photos", "picture", "pictures", "pic", "pics"),
    )
)
_SEPARATORS = " _.-"
_UNLABELLED = frozenset(
    ("pred", "preds", "predict", "prediction", "predictions", "unlabelled", "unlabeled", "unknown", "submission")
)


@dataclass(frozen=True)
class SplitName:
    """What the name of a folder says about a split."""

    split: str  # train, val or test
    rest: str  # the rest of the name, which may be a class: "cat" of train_cat; "" where it says nothing


def split_name(folder: str) -> SplitName | None:
    """Return the split in the name of a folder; None where it names none, or several."""
    name = without_invisible(folder).strip()
    words = [word for word in re.split(f"[{re.escape(_SEPARATORS)}]+", name) if word]
    splits = {split for word in words if (split := split_of_word(word))}
    if len(splits) != 1:
        return None
    others = [word for word in words if not split_of_word(word)]
    if not any(_says_something(word) for word in others):
        return SplitName(splits.pop(), "")
    rest = name
    for word in words:
        if split_of_word(word):
            rest = re.sub(rf"(^|[{re.escape(_SEPARATORS)}]){re.escape(word)}(?=$|[{re.escape(_SEPARATORS)}])", "", rest)
    return SplitName(splits.pop(), rest.strip(_SEPARATORS))


def is_neutral(folder: str) -> bool:
    """Return whether the name of a folder says nothing about its photos: images, data."""
    return folder.strip().lower() in NEUTRAL


def means_no_label(folder: str) -> bool:
    """Return whether the name says that the photos have no label: seg_pred, unlabelled."""
    return not _UNLABELLED.isdisjoint(re.split(f"[{re.escape(_SEPARATORS)}]+", folder.lower()))


def split_of_word(word: str) -> str | None:
    """Return the split of one word, which may end with a year or with a neutral word: train2017, testset."""
    word = word.lower().rstrip("0123456789")
    for ending in ("", *NEUTRAL):
        if word.endswith(ending) and (split := split_named(word[: len(word) - len(ending)])):
            return split
    return None


def _says_something(word: str) -> bool:
    return not word.isdigit() and word.lower() not in NEUTRAL
