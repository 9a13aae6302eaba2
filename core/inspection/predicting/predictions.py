"""Predictions for images and files, and their table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from core.data.pictures.box import Box
from core.data.tables.csv_cells import as_row
from core.inspection.deciding.decide import Decided, softmax

__all__ = ["FilePrediction", "Prediction", "columns_of", "csv_of", "ranked", "softmax", "table_of"]

TOP = 5


@dataclass(frozen=True)
class Prediction:
    """The answer for one image: its classes with their probabilities, best first, and the box for localization."""

    ranked: tuple[tuple[str, float], ...]
    """The first one is the answer: the likeliest class, unless the model's decision has a threshold."""
    box: Box | None = None
    """The object's box in pixels of the image; only for localization."""
    unsure: bool = False
    """Whether the model's decision leaves this image to a person."""
    likely_set: tuple[str, ...] = ()
    """The classes that the true one is among, as often as the decision's level says; empty without such a level."""
    foreign: float | None = None
    """The score for "none of these"; larger is less like the training photos."""
    is_foreign: bool = False
    """Whether the score is beyond the limit of the model's decision; then it is unsure too."""
    may_be_unsure: bool = False
    """Whether the model's decision leaves any images to a person."""

    @property
    def name(self) -> str:
        return self.ranked[0][0]

    @property
    def probability(self) -> float:
        return self.ranked[0][1]


@dataclass(frozen=True)
class FilePrediction:
    """One file's prediction, or the reason why it cannot be read; ``remarks`` say how its image was converted."""

    name: str
    prediction: Prediction | None
    refused: str | None = None
    remarks: tuple[str, ...] = ()
    thumbnail: bytes = field(default=b"", repr=False, compare=False)
    """A small picture of the image, if it was asked for."""


def ranked(classes: Sequence[str], probabilities: np.ndarray, top: int = TOP, box: Box | None = None) -> Prediction:
    """Return a prediction from one row of probabilities."""
    order = np.argsort(-probabilities, kind="stable")[:top]
    return Prediction(_named(classes, probabilities, order), box)


def predictions_of_decided(
    classes: Sequence[str],
    found: Decided,
    boxes: Sequence[Box | None],
    foreign: np.ndarray | None,
    *,
    may_be_unsure: bool,
    top: int = TOP,
) -> list[Prediction]:
    """Return a prediction for each image [N]; its answer comes first, even if another class is likelier."""
    predictions = []
    for row, probabilities in enumerate(found.probabilities):
        order = np.argsort(-probabilities, kind="stable")
        chosen = found.chosen[row]
        order = np.concatenate([[chosen], order[order != chosen]])
        predictions.append(
            Prediction(
                _named(classes, probabilities, order[:top]),
                boxes[row],
                bool(found.unsure[row]),
                tuple(classes[index] for index in order if found.sets[row, index]),
                None if foreign is None else float(foreign[row]),
                bool(found.foreign[row]),
                may_be_unsure,
            )
        )
    return predictions


def _named(classes: Sequence[str], probabilities: np.ndarray, order: np.ndarray) -> tuple[tuple[str, float], ...]:
    return tuple((classes[index], float(probabilities[index])) for index in order)


def doubt_as_json(prediction: Prediction) -> dict[str, Any]:
    """Return what a decision says about an answer, for JSON: only what the decision has; ``read_doubt`` reads it."""
    found: dict[str, Any] = {"unsure": prediction.unsure} if prediction.may_be_unsure else {}
    if prediction.likely_set:
        found["likely_set"] = list(prediction.likely_set)
    if prediction.foreign is not None:
        found |= {"foreign": prediction.foreign, "is_foreign": prediction.is_foreign}
    return found


def read_doubt(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return these fields of a Prediction from JSON with what ``doubt_as_json`` returned."""
    return {
        "unsure": bool(found.get("unsure", False)),
        "likely_set": tuple(map(str, found.get("likely_set", ()))),
        "foreign": None if found.get("foreign") is None else float(found["foreign"]),
        "is_foreign": bool(found.get("is_foreign", False)),
        "may_be_unsure": "unsure" in found,
    }


def columns_of(prediction: Prediction) -> dict[str, str | float | bool]:
    """Return ``prediction, probability, prediction_2, ...``, the box as ``x, y, width, height``, and the doubt.

    ``unsure`` is there if the model's decision leaves any images to a person, ``foreign`` if it has such a score.
    """
    cells: dict[str, str | float | bool] = {}
    for place, (name, probability) in enumerate(prediction.ranked[:TOP], start=1):
        suffix = "" if place == 1 else f"_{place}"
        cells[f"prediction{suffix}"] = name
        cells[f"probability{suffix}"] = round(probability, 6)
    if prediction.box is not None:
        cells |= {side: round(value, 2) for side, value in vars(prediction.box).items()}
    if prediction.may_be_unsure:
        cells["unsure"] = prediction.unsure
    if prediction.foreign is not None:
        cells["foreign"] = round(prediction.foreign, 4)
    return cells


def table_of(answers: Iterable[FilePrediction]) -> pd.DataFrame:
    """Return ``filename,prediction,probability,prediction_2,...`` with a row per file, without unreadable files."""
    rows = [{"filename": answer.name, **columns_of(answer.prediction)} for answer in answers if answer.prediction]
    return pd.DataFrame(rows, columns=None if rows else ["filename", "prediction", "probability"])


def csv_of(answers: Iterable[FilePrediction]) -> str:
    """Return the table as CSV; cells that a spreadsheet would run as formulas get an apostrophe in front."""
    table = table_of(answers)
    rows = (map(formatted, table.columns, row) for row in table.itertuples(index=False))
    return as_row(table.columns) + "".join(as_row(row) for row in rows)


def formatted(column: str, value: object) -> str:
    """Return a cell of the table as text."""
    if isinstance(value, float):
        digits = 6 if column.startswith("probability") else 4 if column == "foreign" else 2
        return f"{value:.{digits}f}"
    return str(value)
