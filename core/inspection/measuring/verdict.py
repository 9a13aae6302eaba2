"""A verdict on an evaluation: whether the model is better than guessing, and what to do next."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from core.data.pictures.box import Box
from core.inspection.measuring.group_interval import groups_sentence
from core.inspection.measuring.overlap import ious
from core.inspection.measuring.report import BoxReport, Mean, Report

Level = Literal["better", "unclear", "worse"]
Place = Literal["data", "train", "mistakes", "explain"]

FEW_PHOTOS = 30
"""With fewer photos, the 95 % interval of an accuracy of 80 % is wider than 27 percentage points."""
FEW_OF_A_CLASS = 50
GOOD_RECALL = 0.8
_MOST_STEPS = 3
_WORDS: dict[Level, str] = {
    "better": "Better than",
    "unclear": "Not clearly better than",
    "worse": "Worse than",
}
_SIDES = ["x", "y", "width", "height"]


@dataclass(frozen=True)
class NextStep:
    """One thing to do next: a sentence, and where it is done."""

    sentence: str
    place: Place


@dataclass(frozen=True)
class Verdict:
    """Whether the model is better than its ``baseline``, by the 95 % interval of its accuracy (or mean IoU).

    better: the whole interval is above the baseline; worse: below it; unclear: the baseline lies within.
    """

    level: Level
    baseline: float
    words: str  # the start of the sentence, for lists: "Better than guessing"
    sentence: str
    steps: tuple[NextStep, ...]


def verdict(
    report: Report,
    training_counts: Mapping[str, int],
    *,
    layers: str = "",
    mean_box_iou: float | None = None,
    chose_epoch: bool = True,
    looks: int = 1,
) -> Verdict | None:
    """Return the verdict on a report; None if there were no photos to evaluate.

    ``training_counts`` has the number of training photos by class, and ``layers`` the recipe's ``train``. The baseline
    is the better one of guessing a class at random and always predicting the most frequent class of this split. For
    boxes it is ``mean_box_iou``, the mean IoU of always predicting the average training box. ``chose_epoch`` is whether
    the validation photos chose an epoch or a phase; for a head that is solved they choose nothing. ``looks`` is how
    often the test photos have been looked at; a report on them has no next steps, since it must decide nothing. Where
    the report knows its groups, the interval over these decides, and it says that it is for new groups.
    """
    if isinstance(report, BoxReport) and mean_box_iou is not None:
        return _of_boxes(report, training_counts, layers, mean_box_iou, looks)
    accuracy = report.accuracy
    if accuracy.value is None or accuracy.low is None or accuracy.high is None or len(report.classes) < 2:
        return None
    largest = max(report.per_class, key=lambda entry: entry.n)
    baseline = max(largest.n / report.n, 1 / len(report.classes))
    over = report.over_groups
    low, high, kind = accuracy.low, accuracy.high, "photos of the same kind"
    if over is not None and over.low is not None and over.high is not None:
        low, high, kind = over.low, over.high, f"groups like these {over.groups:,}"
    level = _level(low, high, baseline)
    constant = f'always predicting "{largest.name}" gets {largest.n} of {report.n} photos right'
    compared = f"{constant}, this model {accuracy.correct}"
    range_ = f"from {low:.0%} to {high:.0%}"
    words = f"{_WORDS[level]} guessing"
    sentence = f"{words}: {compared}."
    if level == "better":
        sentence += _expected(report.split, f"an accuracy {range_}", chose_epoch, looks, kind)
    elif level == "unclear":
        sentence += f" The accuracy could be anywhere {range_}."
    sentence += _of_groups(report)
    return Verdict(level, baseline, words, sentence, _steps(report, training_counts, layers, level))


def _of_groups(report: Report) -> str:
    """Say that an interval over photos is not for new groups, where there is none over groups."""
    over = report.over_groups
    said = over is None or (over.low is not None and not isinstance(report, BoxReport))
    return "" if said else f" {groups_sentence(report)}".rstrip()


def _expected(split: str, figure: str, chose_epoch: bool, looks: int, kind: str = "photos of the same kind") -> str:
    """Say what to expect on new photos: only test photos that nobody has looked at took no part in any choice."""
    if split == "train":
        return " The model was trained on these photos, so expect less on new ones."
    less = ", or a little less, because these photos chose the model" if split == "val" and chose_epoch else ""
    if split == "test" and looks > 1:
        less = f", or a little less, because these photos have been looked at {looks} times"
    return f" On new {kind}, expect {figure}{less}."


def mean_box_iou(training: pd.DataFrame, evaluated: pd.DataFrame) -> float | None:
    """Return the mean IoU of always predicting the average training box, in shares of the photo; None without photos.

    Both tables have a snapshot's columns x, y, width, height, image_width and image_height.
    """
    if training.empty or evaluated.empty:
        return None
    average = _shares(training).mean(axis=0)
    guess = Box(*map(float, average))
    truths = [Box(*map(float, row)) for row in _shares(evaluated)]
    return float(ious([guess] * len(truths), truths).mean())


def _shares(table: pd.DataFrame) -> np.ndarray:
    """Return the boxes [N, 4] as shares of their photos."""
    sizes = table[["image_width", "image_height"] * 2].to_numpy(dtype=np.float64)
    return table[_SIDES].to_numpy(dtype=np.float64) / sizes


def _level(low: float, high: float, baseline: float) -> Level:
    if low > baseline:
        return "better"
    return "worse" if high < baseline else "unclear"


def _of_boxes(
    report: BoxReport, training_counts: Mapping[str, int], layers: str, baseline: float, looks: int
) -> Verdict | None:
    found: Mean = report.mean_iou
    if found.value is None:
        return None
    low, high = (found.value, found.value) if found.low is None or found.high is None else (found.low, found.high)
    # The spread of a single photo is unknown, so nothing can be clear.
    level = "unclear" if found.low is None else _level(low, high, baseline)
    words = f"{_WORDS[level]} a fixed box"
    sentence = (
        f"{words}: always predicting the average training box gets a mean IoU of {baseline:.2f}, "
        f"this model {found.value:.2f}."
    )
    if found.low is not None and level == "better":
        figure = f"a mean IoU from {low:.2f} to {high:.2f}"
        sentence += _expected(report.split, figure, chose_epoch=True, looks=looks)
    elif found.low is not None and level == "unclear":
        sentence += f" The mean IoU could be anywhere from {low:.2f} to {high:.2f}."
    sentence += _of_groups(report)
    return Verdict(level, baseline, words, sentence, _steps(report, training_counts, layers, level))


def _steps(report: Report, training_counts: Mapping[str, int], layers: str, level: Level) -> tuple[NextStep, ...]:
    """Return what to do next, the most useful first; nothing after an exam, whose photos must decide nothing."""
    if report.split == "test":
        return ()
    steps = []
    boxed = isinstance(report, BoxReport)
    weak_boxes = isinstance(report, BoxReport) and (report.mean_iou.value or 0) < 0.7
    if layers == "head" and (weak_boxes or (not boxed and level != "better")):
        why = "Boxes need more than the head" if boxed else "The head alone may not be enough"
        steps.append(NextStep(f"{why}: train the last stage (layer4) as well.", "train"))
    weak = [entry for entry in report.per_class if entry.n and (entry.recall.value or 0) < GOOD_RECALL]
    scarce = [entry for entry in weak if training_counts.get(entry.name, 0) < FEW_OF_A_CLASS]
    if scarce and len(report.classes) > 1:
        entry = min(scarce, key=lambda one: (training_counts.get(one.name, 0), one.recall.value or 0))
        steps.append(
            NextStep(
                f'Add photos of "{entry.name}": the model finds {entry.recall.correct} of {entry.n}, '
                f"and was trained on {training_counts.get(entry.name, 0)}.",
                "data",
            )
        )
    confused = _most_confused(report)
    if confused:
        number, label, predicted = confused
        photos = "the photo" if number == 1 else f"the {number} photos"
        steps.append(
            NextStep(
                f'Look at {photos} of "{label}" predicted as "{predicted}": is the label right?',
                "mistakes",
            )
        )
    if report.n < FEW_PHOTOS:
        steps.append(NextStep(f"Label more photos: {report.n} are too few to say how accurate the model is.", "data"))
    if not steps:
        steps.append(NextStep("Try the model on new photos, and see where it looks.", "explain"))
    return tuple(steps[:_MOST_STEPS])


def _most_confused(report: Report) -> tuple[int, str, str] | None:
    """Return the most frequent mistake: its count, the label and the predicted class."""
    table = np.asarray(report.confusion, dtype=np.int64).reshape(len(report.classes), -1).copy()
    if table.size == 0:
        return None
    np.fill_diagonal(table, 0)
    label, predicted = np.unravel_index(int(table.argmax()), table.shape)
    number = int(table[label, predicted])
    return (number, report.classes[int(label)], report.classes[int(predicted)]) if number else None
