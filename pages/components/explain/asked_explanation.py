"""What is to be explained, and its answer: computed here in one forward pass, or in a worker where it takes more."""

from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.data.pictures.decoding import content_hash
from core.inspection.explaining.explanation_json import explanation_as_json, read_explanation, read_faithfulness
from core.inspection.explaining.methods import BOX, Target
from core.runs.computations.explanations import BOX_TARGET
from core.workers.input_files import request_with_files
from core.workers.pool import Request
from pages.components.computing.computation import Computation
from pages.components.explain.photo_source import ChosenPhoto
from pages.components.shared import frame

if TYPE_CHECKING:
    from core.inspection.explaining.explanation import Explanation
    from core.inspection.explaining.faithfulness import Faithfulness
    from core.inspection.explaining.map_checks import MapChecks
    from core.inspection.predicting.predictor import Predictor


@dataclass(frozen=True)
class Asked:
    """A photo, a model and how it is explained; ``reference`` names the predictor's model."""

    predictor: "Predictor"
    photo: ChosenPhoto
    reference: str
    method: str
    stage: str
    target: int | Target | None

    @property
    def key(self) -> str:
        """Says all that the explanation depends on."""
        photo = f"{content_hash(self.photo.image)} {self.photo.box}"
        return f"{self.reference} {self.predictor.version} {photo} {self.method} {self.stage} {self.target}"

    def explained(self) -> "Explanation":
        """Return the explanation, computed here; for methods that are not slow."""
        return _cached_explanation(self.predictor, self.photo, self.key, self.method, self.stage, self.target)

    def in_worker(self) -> "tuple[Explanation, Faithfulness] | None":
        """Return the explanation and its faithfulness; None if it was stopped."""
        found = Computation("explain", self.key).kept(self._request, "Compute the heatmap")
        if found is None:
            return None
        return read_explanation(found["explanation"]), read_faithfulness(found["faithfulness"])

    def faithfulness(self, explanation: "Explanation") -> "Faithfulness | None":
        """Return how faithful a heatmap is that was computed here; None if that was stopped."""
        request = partial(self._about, explanation, "faithfulness")
        found = Computation("faithfulness", self.key).kept(request, "Check whether the heatmap is faithful")
        return None if found is None else read_faithfulness(found)

    def checks(self, explanation: "Explanation") -> "MapChecks | None":
        """Return how the heatmap compares with baselines; None if that was stopped."""
        from core.inspection.explaining.map_checks import read_checks

        request = partial(self._about, explanation, "check-map")
        found = Computation("check-map", f"check map {self.key}").kept(request, "Check this heatmap")
        return None if found is None else read_checks(found)

    def _about(self, explanation: "Explanation", task: str) -> Request:
        return Request(task, {**self._model(), "explanation": explanation_as_json(explanation)})

    def _request(self) -> Request:
        box = self.photo.box
        arguments = {
            "method": self.method,
            "stage": self.stage,
            "target": BOX_TARGET if self.target is BOX else self.target,
            "box": asdict(box) if box else None,
        }

        def write(folder: Path) -> None:
            np.save(folder / "photo.npy", np.asarray(self.photo.image), allow_pickle=False)

        return request_with_files("explain", {**self._model(), **arguments}, write)

    def _model(self) -> dict[str, str]:
        return {"workspace": str(frame.workspace().root), "model": self.reference}


@st.cache_data(max_entries=24, show_spinner=False)
def _cached_explanation(
    _predictor: "Predictor", _photo: ChosenPhoto, key: str, method: str, stage: str, target: int | Target | None
) -> "Explanation":
    from core.inspection.explaining.cam import explain

    return explain(_predictor, _photo.image, method=method, stage=stage, target=target, true_box=_photo.box)
