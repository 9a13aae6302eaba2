"""Fit the score for "none of these" of a run's best model on its training and validation photos. Imports torch."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.data.dataset import Photos
from core.data.pictures.resized_cache import ResizedCache
from core.errors import RunError
from core.inspection.doubt.fit import fitted_on
from core.inspection.doubt.foreign_photos import ACCEPTED, FEWEST_PHOTOS, fit_foreign, sample, write_scores
from core.inspection.predicting.predictor import BATCH, Predictor
from core.models.bundle import read_info
from core.models.decision import Decision
from core.progress import CountCallback
from core.runs.deciding.saved_decision import change_decision
from core.runs.deciding.validation_logits import SPLIT, check_has_ended
from core.runs.folder import RunFolder

if TYPE_CHECKING:
    import pandas as pd


def fit_run_foreign(
    run: RunFolder,
    cache: Path,
    progress: CountCallback | None = None,
    *,
    device: str = "auto",
    accepted: float = ACCEPTED,
) -> Decision:
    """Compute the photos' vectors, save the score in the bundle, and the validation photos' scores in the run.

    ``cache`` is the folder of resized photos, and ``accepted`` the share of the validation photos within the limit.
    Raises RunError if the run has no model, still trains, has too few photos, or got another model meanwhile;
    ImageRefused if a photo is missing.
    """
    check_has_ended(run)
    snapshot = run.snapshot()
    training, validation = snapshot.part("train"), snapshot.part(SPLIT)
    if min(len(training), len(validation)) < FEWEST_PHOTOS:
        raise RunError(
            f"The run {run.id} has {len(training)} training and {len(validation)} validation photos. This score needs "
            f"{FEWEST_PHOTOS} of each. Label more photos, and train again."
        )
    training = training.iloc[sample(np.unique(training["label"], return_inverse=True)[1])]
    predictor = Predictor.load(run.best, device, test_time_views=1)
    known, own = _vectors(predictor, [training, validation], cache, progress)
    found = fit_foreign(known, own, accepted)

    def change(before: Decision) -> Decision:
        # It took minutes, and a run can be resumed and end meanwhile. The run's lock is held now.
        if predictor.info is None or predictor.info.model_sha256 != read_info(run.best).model_sha256:
            raise RunError(
                f'The run {run.id} was resumed meanwhile, so this score for "none of these" is of its earlier model. '
                "Fit it again."
            )
        fit = before.fitted_on or fitted_on(len(validation), snapshot.digest)
        return before.model_copy(update={"foreign": found.foreign, "fitted_on": fit})

    decision = change_decision(run, change, found.content)
    write_scores(found.scores, run.path, SPLIT)
    return decision


def _vectors(
    predictor: Predictor, frames: "Sequence[pd.DataFrame]", cache: Path, progress: CountCallback | None
) -> list[np.ndarray]:
    """Return the pooled vectors [N, D] of the photos of each table."""
    done, total, found = 0, sum(map(len, frames)), []
    for frame in frames:
        photos = Photos(frame, predictor.classes, ResizedCache(cache, predictor.preprocessing))
        parts = []
        for at in range(0, len(photos), BATCH):
            keys = range(at, min(at + BATCH, len(photos)))
            parts.append(predictor.vectors_of_pixels(photos.batch(keys)[0]))
            done += len(keys)
            if progress:
                progress(done, total)
        found.append(np.concatenate(parts))
    return found
