"""What a model answered for images and files, and the table of it."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from core.data.pictures.box import Box
from core.data.tables.csv_cells import as_row

TOP = 5


@dataclass(frozen=True)
class Prediction:
    """The likeliest classes of one image with their probabilities, best first; and where it is, if that is known."""

    ranked: tuple[tuple[str, float], ...]
    box: Box | None = None
    """Where the object is, in pixels of the image; only a localization's network knows."""

    @property
    def name(self) -> str:
        return self.ranked[0][0]

    @property
    def probability(self) -> float:
        return self.ranked[0][1]


@dataclass(frozen=True)
class FileAnswer:
    """One file's prediction, or the reason why it was refused; ``remarks`` say how its picture was converted."""

    name: str
    prediction: Prediction | None
    refused: str | None = None
    remarks: tuple[str, ...] = ()


def columns_of(prediction: Prediction) -> dict[str, str | float]:
    """``prediction, probability, prediction_2, probability_2, ...`` as far as it is ranked; ``x, y, width, height``."""
    cells: dict[str, str | float] = {}
    for place, (name, probability) in enumerate(prediction.ranked[:TOP], start=1):
        suffix = "" if place == 1 else f"_{place}"
        cells[f"prediction{suffix}"] = name
        cells[f"probability{suffix}"] = round(probability, 6)
    if prediction.box is not None:
        cells |= {side: round(value, 2) for side, value in vars(prediction.box).items()}
    return cells


def table_of(answers: Iterable[FileAnswer]) -> pd.DataFrame:
    """``filename,prediction,probability,prediction_2,probability_2,...``: a row a file; refused files have none."""
    rows = [{"filename": answer.name, **columns_of(answer.prediction)} for answer in answers if answer.prediction]
    return pd.DataFrame(rows, columns=None if rows else ["filename", "prediction", "probability"])


def csv_of(answers: Iterable[FileAnswer]) -> str:
    """The table as CSV; cells that a spreadsheet would run begin with an apostrophe."""
    table = table_of(answers)
    lines = [as_row(list(table.columns))]
    for row in table.itertuples(index=False):
        lines.append(",".join(map(_cell, table.columns, row)) + "\n")
    return "".join(lines)


def _cell(column: str, value: object) -> str:
    """A number as it is: with an apostrophe before its minus other programs would not read it."""
    if isinstance(value, float):
        return f"{value:.6f}" if column.startswith("probability") else f"{value:.2f}"
    return as_row([str(value)]).removesuffix("\n")
