"""All checks of one heatmap together: random weights, a blob in the centre, deletion and insertion."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.inspection.explaining.baseline_maps import centre_blob, rank_correlation
from core.inspection.explaining.deletion_insertion import DeletionInsertion, OrderCurves, deletion_insertion
from core.inspection.explaining.randomised_weights import RandomisedMap, randomised_maps
from core.progress import PhaseCallback
from core.workers.messages import pack_arrays, unpack_arrays

if TYPE_CHECKING:
    from core.inspection.explaining.explanation import Explanation
    from core.inspection.predicting.predictor import Predictor

_SIMILAR, _UNLIKE = 0.7, 0.4


@dataclass(frozen=True)
class MapChecks:
    """What the checks of one heatmap found."""

    randomised: tuple[RandomisedMap, ...]
    centre: float | None
    """How similar the heatmap is to a blob in the centre; None for an even heatmap."""
    curves: DeletionInsertion

    @property
    def sentences(self) -> list[str]:
        """All that the checks say, for people."""
        curves = self.curves
        found = [self.learned_sentence, curves.deletion_sentence, curves.insertion_sentence, curves.verdict]
        return [one for one in found if one]

    @property
    def learned_sentence(self) -> str:
        """Whether the heatmap depends on what the model has learned."""
        last = self.randomised[-1].similarity
        if self.curves.empty or last is None:
            return "With random weights there is no map to compare with."
        begin = f"With all weights random, the similarity is {last:.2f}."
        if last > _SIMILAR:
            return f"{begin} So this map hardly depends on what the model learned; do not trust it."
        if last > _UNLIKE:
            return f"{begin} So this map depends only partly on what the model learned."
        return f"{begin} So this map does depend on what the model learned."


def check_map(predictor: "Predictor", explanation: "Explanation", progress: PhaseCallback | None = None) -> MapChecks:
    """Check a heatmap; ``progress`` is called in two phases, with counts of heatmaps and of views."""

    def phase(name: str, done: int, total: int) -> None:
        if progress:
            progress(name, done, total)

    return MapChecks(
        tuple(randomised_maps(predictor, explanation, lambda *count: phase("computing with random weights", *count))),
        rank_correlation(explanation.heatmap, centre_blob(len(explanation.heatmap))),
        deletion_insertion(predictor, explanation, lambda *count: phase("deleting and inserting places", *count)),
    )


def checks_as_json(checks: MapChecks) -> dict[str, Any]:
    """Return the checks as JSON can hold them; the heatmaps are packed."""
    return {**figures_of(checks), "heatmaps": pack_arrays(**{one.step: one.heatmap for one in checks.randomised})}


def figures_of(checks: MapChecks) -> dict[str, Any]:
    """Return the figures of the checks as JSON can hold them, without the heatmaps."""
    return {
        "randomised": {one.step: one.similarity for one in checks.randomised},
        "centre": checks.centre,
        "curves": asdict(checks.curves),
    }


def read_checks(found: Mapping[str, Any]) -> MapChecks:
    """Return the checks of ``checks_as_json``."""
    heatmaps: dict[str, np.ndarray] = unpack_arrays(found["heatmaps"])
    curves = dict(found["curves"])
    for name in ("heatmap", "random", "centre"):
        curves[name] = OrderCurves(tuple(curves[name]["deletion"]), tuple(curves[name]["insertion"]))
    randomised = tuple(RandomisedMap(step, heatmaps[step], value) for step, value in found["randomised"].items())
    return MapChecks(randomised, found["centre"], DeletionInsertion(**curves))
