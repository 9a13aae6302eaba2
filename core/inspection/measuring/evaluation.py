"""Evaluates a bundle on one split of a snapshot."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from core.data.dataset import Photos
from core.data.pictures.box import Box
from core.data.pictures.resized_cache import ResizedCache
from core.data.snapshot import BOX_COLUMNS, SIZE_COLUMNS, Snapshot
from core.errors import RunError
from core.inspection.measuring.decision_figures import decision_figures
from core.inspection.measuring.group_interval import with_groups
from core.inspection.measuring.logit_report import check_labels, report_of_logits, save
from core.inspection.measuring.overlap import center_errors, ious
from core.inspection.measuring.report import Report, with_boxes
from core.inspection.predicting.predictor import BATCH, Predictor
from core.progress import CountCallback
from core.workspace import workspace_folder


def evaluate(
    bundle: Path,
    snapshot: Snapshot,
    folder: Path,
    split: str = "val",
    progress: CountCallback | None = None,
    *,
    name: str | None = None,
    device: str = "auto",
    cache: Path | None = None,
    before_saving: Callable[[Report], None] | None = None,
) -> Report:
    """Evaluate the bundle on a split; writes ``report-<split>.json`` and ``predictions-<split>.csv`` to the folder.

    ``progress`` is called with (images done, images in total). ``name`` is the model's name in the report, by default
    the name of the bundle's folder. ``cache`` is the folder of resized images, by default the workspace's, where a
    training has stored the validation views, so that they are not decoded again. ``before_saving`` gets the report
    before it is written; what it raises leaves no report.
    Raises RunError if the split is empty, BundleError for a bad bundle, ImageRefused if a photo is missing.
    """
    part = snapshot.part(split)
    if part.empty:
        there = sorted(set(snapshot.frame["split"]))
        raise RunError(f"The snapshot has no images in the split {split!r}. Choose one of: {', '.join(there)}.")
    predictor = Predictor.load(bundle, device)
    predictor.name = name or predictor.name
    predictor.prepare_for(len(part) * predictor.test_time_views)
    report, predictions, logits = _evaluated(
        predictor,
        part,
        split=split,
        digest=snapshot.digest,
        progress=progress,
        cache=cache or workspace_folder() / "cache" / "resized",
    )
    report = with_groups(report.model_copy(update={"split_seed": snapshot.split_seed}), snapshot, predictions)
    if before_saving is not None:
        before_saving(report)
    save(report, predictions, folder, logits)
    return report


def evaluate_table(
    predictor: Predictor,
    frame: pd.DataFrame,
    *,
    split: str,
    digest: str | None = None,
    progress: CountCallback | None = None,
    cache: Path | None = None,
) -> tuple[Report, pd.DataFrame]:
    """Return a report, and a table with a row of predictions for each image of ``frame``.

    Only one batch of images is in memory at a time. Raises RunError if ``frame`` has a label that is not a class of
    the model.
    """
    report, table, _ = _evaluated(predictor, frame, split=split, digest=digest, progress=progress, cache=cache)
    return report, table


def _evaluated(
    predictor: Predictor,
    frame: pd.DataFrame,
    *,
    split: str,
    digest: str | None,
    progress: CountCallback | None,
    cache: Path | None,
) -> tuple[Report, pd.DataFrame, np.ndarray]:
    """Return also the logits [N, classes]."""
    check_labels(frame, predictor.classes, predictor.name)
    started = time.perf_counter()
    # As a classification data set for every task: boxes are compared in pixels of the original images.
    photos = Photos(frame, predictor.classes, ResizedCache(cache, predictor.preprocessing))
    rows: list[np.ndarray] = []
    scores: list[np.ndarray] = []
    if progress:
        progress(0, len(photos))
    for at in range(0, len(photos), BATCH):
        keys = range(at, min(at + BATCH, len(photos)))
        computed, foreign = predictor.outputs_and_foreign(photos.batch(keys)[0])
        rows.append(computed)
        scores += [] if foreign is None else [foreign]
        if progress:
            progress(keys.stop, len(photos))
    outputs = np.concatenate(rows) if rows else np.empty((0, len(predictor.classes)), np.float32)
    logits = predictor.logits_of(outputs)
    report, table = report_of_logits(
        predictor.classes,
        frame,
        logits,
        split=split,
        model=predictor.name,
        arch=predictor.arch,
        digest=digest,
        device=str(predictor.device),
        seconds=time.perf_counter() - started,
    )
    if predictor.decision is not None:
        place = {name: number for number, name in enumerate(predictor.classes)}
        labels = np.array([place[label] for label in frame["label"]], dtype=np.int64)
        unfamiliar = np.concatenate(scores) if scores else None
        figures = decision_figures(logits, labels, predictor.decision, predictor.classes, unfamiliar)
        report = report.model_copy(update={"decision": figures})
    if predictor.task != "localization":
        return report, table, logits
    table = _with_boxes(predictor, frame, outputs, table)
    found, truths = _boxes(table, BOX_COLUMNS), _boxes(frame, BOX_COLUMNS)
    overlap, apart = ious(found, truths), center_errors(found, truths)
    known = {f"true_{side}": frame[side].to_numpy() for side in BOX_COLUMNS}
    known |= {name: frame[name].to_numpy() for name in SIZE_COLUMNS}
    table = table.assign(**known, iou=overlap.round(4), center_error=apart.round(2))
    return with_boxes(report, overlap, apart), table, logits


def _with_boxes(predictor: Predictor, frame: pd.DataFrame, outputs: np.ndarray, table: pd.DataFrame) -> pd.DataFrame:
    """Add the predicted box, ``x,y,width,height``, in pixels of the images, to a table of predictions."""
    sizes = frame[list(SIZE_COLUMNS)].to_numpy().astype(int).tolist()
    boxes = [predictor.box_in(row, (width, height)) for row, (width, height) in zip(outputs, sizes, strict=True)]
    found = [{side: round(value, 2) for side, value in vars(box).items()} for box in boxes if box is not None]
    return pd.concat([table, pd.DataFrame(found, columns=list(BOX_COLUMNS))], axis=1)


def _boxes(table: pd.DataFrame, columns: Sequence[str]) -> list[Box]:
    return [Box(*map(float, row)) for row in table[list(columns)].to_numpy()]
