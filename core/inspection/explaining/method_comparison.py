"""Which heatmap method finds the decisive places of one model best: areas over many photos, with intervals."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from PIL import Image

from core.data.pictures.resized_cache import ResizedCache
from core.data.pictures.source import Source
from core.inspection.explaining.baseline_maps import centre_blob, random_places
from core.inspection.explaining.cam import heatmap_of
from core.inspection.explaining.deletion_insertion import OrderCurves, curves_of
from core.inspection.explaining.method_figures import BASELINES, CENTRE, RANDOM, MethodComparison, MethodFigures
from core.inspection.explaining.methods import BOX, METHODS
from core.inspection.measuring.report import Mean
from core.progress import CountCallback

if TYPE_CHECKING:
    from core.inspection.predicting.predictor import Predictor

FAST_METHODS = tuple(name for name, info in METHODS.items() if not info.slow)
STEPS = 10
_SAME = 1e-3


def sample_of(frame: pd.DataFrame, photos: int) -> pd.DataFrame:
    """Return this number of rows, drawn with a fixed seed, in their order; all rows if there are no more."""
    return frame if len(frame) <= photos else frame.sample(photos, random_state=0).sort_index()


def compare_methods(
    predictor: "Predictor",
    frame: pd.DataFrame,
    *,
    stage: str = "layer4",
    methods: Sequence[str] = FAST_METHODS,
    cache: ResizedCache | None = None,
    progress: CountCallback | None = None,
    steps: int = STEPS,
) -> MethodComparison:
    """Compare methods on the photos of a snapshot's ``frame``, each explained for what the model predicts for it.

    ``progress`` is called with the number of photos. Raises ImageRefused if a photo is missing.
    """
    cache = cache or ResizedCache(None, predictor.preprocessing)
    curves: dict[str, list[OrderCurves]] = {name: [] for name in (*methods, *BASELINES)}
    differs = {(one, other): False for place, other in enumerate(methods) for one in methods[:place]}
    rows = frame[["image", "path", "filename"]].itertuples(index=False)
    for done, (image, path, name) in enumerate(rows):
        if progress:
            progress(done, len(frame))
        view = Image.fromarray(cache.view(Source(str(image), Path(path), str(name))))
        target, maps = _maps_of(predictor, view, stage, methods)
        first = {name: _first_same(maps, name) for name in methods}
        for (one, other), already in differs.items():
            differs[one, other] = already or first[other] != first[one]
        side = len(next(iter(maps.values())))
        distinct = {name: maps[name] for name in methods if first[name] == name}
        baselines = {CENTRE: centre_blob(side), RANDOM: random_places(side, seed=done)}
        found = curves_of(predictor, view, target, {**distinct, **baselines}, steps)
        for name in curves:
            curves[name].append(found[first.get(name, name)])
    same_as = {
        other: next((one for one in methods[:place] if not differs[one, other]), None)
        for place, other in enumerate(methods)
    }
    return MethodComparison(stage=stage, photos=len(frame), figures=tuple(_figures(curves, same_as)))


def _maps_of(
    predictor: "Predictor", view: Image.Image, stage: str, methods: Sequence[str]
) -> tuple[int | None, dict[str, np.ndarray]]:
    """Return the class that is explained, None for the box, and the heatmap of each method."""
    batch = predictor.batch_of_views([view])
    boxed = predictor.task == "localization" and len(predictor.classes) == 1
    target = None if boxed else int(predictor.probabilities_of_views([view])[0].argmax())
    maps = {}
    for method in methods:
        with predictor.lock:
            found = heatmap_of(
                predictor.network, batch, method=method, stage=stage, target=BOX if target is None else target
            )
        maps[method] = found.values
    return target, maps


def _first_same(maps: dict[str, np.ndarray], name: str) -> str:
    """Return the first method whose map is that of this one."""
    return next(one for one, values in maps.items() if np.allclose(values, maps[name], atol=_SAME))


def _figures(curves: dict[str, list[OrderCurves]], same_as: dict[str, str | None]) -> Iterator[MethodFigures]:
    gains = {name: np.array([one.gain for one in some]) for name, some in curves.items()}
    for name, some in curves.items():
        yield MethodFigures(
            name=name,
            same_as=same_as.get(name),
            deletion=Mean.of(np.array([one.deletion_area for one in some])),
            insertion=Mean.of(np.array([one.insertion_area for one in some])),
            gain=Mean.of(gains[name]),
            over_centre=Mean.of(gains[name] - gains[CENTRE]),
        )
