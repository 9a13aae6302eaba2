"""The validation photos of a run with their logits, and the answers that a decision makes of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from core.inspection.deciding.decide import Decided, decided
from core.inspection.measuring.report import Report, count
from core.inspection.predicting.predictions import TOP, Prediction, columns_of
from core.models.decision import Decision
from core.runs.folder import RunFolder

KNOWN_COLUMNS = ["filename", "image", "path", "label"]
MOST_ROWS = 1_000
"""Photos that a wall leads to: more than anybody looks at, and few enough to draw at every click."""


@dataclass(frozen=True, eq=False)
class ValidationAnswers:
    """What all parts of the views Doubt and Thresholds are computed from."""

    run: RunFolder
    classes: tuple[str, ...]
    frame: pd.DataFrame = field(repr=False)
    """A row for each photo."""
    logits: np.ndarray = field(repr=False)
    """[N, C], in the order of the frame."""
    labels: np.ndarray = field(repr=False)
    """The indices of the true classes [N]."""
    decision: Decision
    """What is saved with the model; an empty one where nothing is."""
    version: str
    """Changes with the logits: for caches."""

    @property
    def n(self) -> int:
        return len(self.labels)

    def with_changes(self, **changes: Any) -> Decision:
        """Return the saved decision with these fields changed."""
        return Decision.model_validate({**self.decision.model_dump(), **changes})

    def answers(self, decision: Decision) -> Decided:
        """Return the answers that a decision makes; "none of these" is left out, because it needs more than logits."""
        return decided(self.logits, decision, self.classes)

    def confidence(self, answers: Decided) -> np.ndarray:
        """Return the probability [N] of each chosen class."""
        confidence: np.ndarray = answers.probabilities[np.arange(self.n), answers.chosen]
        return confidence

    def report(self, chosen: np.ndarray) -> Report:
        """Return the report of chosen classes [N], for their confusion matrix."""
        return count(self.classes, self.labels, np.eye(len(self.classes))[chosen], split="val")

    def rows(self, answers: Decided, photos: Sequence[int] | np.ndarray) -> pd.DataFrame:
        """Return a predictions table of the first MOST_ROWS photos, in the given order; the chosen class is first."""
        photos = photos[:MOST_ROWS]
        rows = [self._columns(answers.probabilities[at], int(answers.chosen[at])) for at in photos]
        known = self.frame[KNOWN_COLUMNS].iloc[list(photos)].reset_index(drop=True)
        return pd.concat([known, pd.DataFrame(rows)], axis=1)

    def _columns(self, probabilities: np.ndarray, chosen: int) -> dict[str, str | float]:
        order = [int(place) for place in np.argsort(-probabilities, kind="stable")[: TOP + 1] if place != chosen]
        ranked = tuple((self.classes[at], float(probabilities[at])) for at in [chosen, *order][:TOP])
        return columns_of(Prediction(ranked))
