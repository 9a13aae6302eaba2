"""Predictions for images and files, and their table."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from core.data.pictures.box import Box
from core.data.tables.csv_cells import as_row

TOP = 5


@dataclass(frozen=True)
class Prediction:
    """The likeliest classes of one image with their probabilities, best first, and the box for localization."""

    ranked: tuple[tuple[str, float], ...]
    box: Box | None = None
    """The object's box in pixels of the image; only for localization."""

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
    return Prediction(tuple((classes[index], float(probabilities[index])) for index in order), box)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return probabilities [N, classes] from logits, computed in float64."""
    wide = logits.astype(np.float64)
    powers = np.exp(wide - wide.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def columns_of(prediction: Prediction) -> dict[str, str | float]:
    """Return ``prediction, probability, prediction_2, probability_2, ...`` and the box as ``x, y, width, height``."""
    cells: dict[str, str | float] = {}
    for place, (name, probability) in enumerate(prediction.ranked[:TOP], start=1):
        suffix = "" if place == 1 else f"_{place}"
        cells[f"prediction{suffix}"] = name
        cells[f"probability{suffix}"] = round(probability, 6)
    if prediction.box is not None:
        cells |= {side: round(value, 2) for side, value in vars(prediction.box).items()}
    return cells


def table_of(answers: Iterable[FilePrediction]) -> pd.DataFrame:
    """Return ``filename,prediction,probability,prediction_2,...`` with a row per file, without unreadable files."""
    rows = [{"filename": answer.name, **columns_of(answer.prediction)} for answer in answers if answer.prediction]
    return pd.DataFrame(rows, columns=None if rows else ["filename", "prediction", "probability"])


def csv_of(answers: Iterable[FilePrediction]) -> str:
    """Return the table as CSV; cells that a spreadsheet would run as formulas get an apostrophe in front."""
    table = table_of(answers)
    lines = [as_row(list(table.columns))]
    for row in table.itertuples(index=False):
        lines.append(",".join(map(_cell, table.columns, row)) + "\n")
    return "".join(lines)


def _cell(column: str, value: object) -> str:
    """Format a cell; numbers get no apostrophe before a minus sign, so that other programs can read them."""
    if isinstance(value, float):
        return f"{value:.6f}" if column.startswith("probability") else f"{value:.2f}"
    return as_row([str(value)]).removesuffix("\n")
