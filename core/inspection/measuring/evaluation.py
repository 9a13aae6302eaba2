"""Evaluates a bundle on one split of a snapshot."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from core.data.dataset import Photos
from core.data.pictures.box import Box
from core.data.pictures.resized_cache import ResizedCache
from core.data.snapshot import BOX_COLUMNS, SIZE_COLUMNS, Snapshot
from core.errors import RunError
from core.inspection.measuring.overlap import center_errors, ious
from core.inspection.measuring.predictions_csv import write
from core.inspection.measuring.report import Report, count, with_boxes
from core.inspection.predicting.predictions import columns_of
from core.inspection.predicting.predictor import BATCH, Predictor
from core.progress import CountCallback
from core.workspace import workspace_folder


def evaluate(
    bundle: Path,
    snapshot: Snapshot,
    folder: Path,
    split: str = "test",
    progress: CountCallback | None = None,
    *,
    name: str | None = None,
    device: str = "auto",
    cache: Path | None = None,
) -> Report:
    """Evaluate the bundle on a split; writes ``report-<split>.json`` and ``predictions-<split>.csv`` to the folder.

    ``progress`` is called with (images done, images in total). ``name`` is the model's name in the report, by default
    the name of the bundle's folder. ``cache`` is the folder of resized images, by default the workspace's, where a
    training has stored the validation views, so that they are not decoded again.
    Raises RunError if the split is empty, BundleError for a bad bundle, ImageRefused if a photo is missing.
    """
    part = snapshot.part(split)
    if part.empty:
        there = sorted(set(snapshot.frame["split"]))
        raise RunError(f"The snapshot has no images in the split {split!r}. Choose one of: {', '.join(there)}.")
    predictor = Predictor.load(bundle, device)
    predictor.name = name or predictor.name
    report, predictions = evaluate_table(
        predictor,
        part,
        split=split,
        digest=snapshot.digest,
        progress=progress,
        cache=cache or workspace_folder() / "cache" / "resized",
    )
    report = report.model_copy(update={"split_seed": snapshot.split_seed})
    write(predictions, folder / f"predictions-{split}.csv")
    report.write(folder / f"report-{split}.json")
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
    unknown = sorted(set(frame["label"]) - set(predictor.classes))
    if unknown:
        raise RunError(
            f"{predictor.name} does not have the class {unknown[0]!r}"
            + (f" (and {len(unknown) - 1} more)" if len(unknown) > 1 else "")
            + f". Its classes are: {', '.join(predictor.classes[:20])}."
        )
    started = time.perf_counter()
    # As a classification data set for every task: boxes are compared in pixels of the original images.
    photos = Photos(frame, predictor.classes, ResizedCache(cache, predictor.preprocessing))
    rows: list[np.ndarray] = []
    if progress:
        progress(0, len(photos))
    for at in range(0, len(photos), BATCH):
        keys = range(at, min(at + BATCH, len(photos)))
        rows.append(predictor.outputs_of_pixels(photos.batch(keys)[0]))
        if progress:
            progress(keys.stop, len(photos))
    outputs = np.concatenate(rows) if rows else np.empty((0, len(predictor.classes)), np.float32)
    logits = predictor.logits_of(outputs)
    probabilities = predictor.softmax(logits)
    report = count(
        predictor.classes,
        photos.labels,
        probabilities,
        split=split,
        loss=_loss(logits, photos.labels),
        model=predictor.name,
        arch=predictor.arch,
        digest=digest,
        device=str(predictor.device),
        seconds=time.perf_counter() - started,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    table = _predictions(predictor, frame, outputs, probabilities)
    if predictor.task != "localization":
        return report, table
    found, truths = _boxes(table, BOX_COLUMNS), _boxes(frame, BOX_COLUMNS)
    overlap, apart = ious(found, truths), center_errors(found, truths)
    known = {f"true_{side}": frame[side].to_numpy() for side in BOX_COLUMNS}
    known |= {name: frame[name].to_numpy() for name in SIZE_COLUMNS}
    return with_boxes(report, overlap, apart), table.assign(**known, iou=overlap.round(4), center_error=apart.round(2))


def _predictions(
    predictor: Predictor, frame: pd.DataFrame, outputs: np.ndarray, probabilities: np.ndarray
) -> pd.DataFrame:
    """Return ``filename,image,path,label,prediction,probability,prediction_2,...``, in the order of the frame.

    For localization also the predicted box, ``x,y,width,height``; ``evaluate_table`` adds the true box, the IoU of
    both, and the distance between box centres in pixels.
    """
    known = frame[["filename", "image", "path", "label"]].reset_index(drop=True)
    answers = [predictor.ranked(row) for row in probabilities]
    if predictor.task == "localization":
        sizes = frame[list(SIZE_COLUMNS)].to_numpy().astype(int).tolist()
        boxes = [predictor.box_in(row, (width, height)) for row, (width, height) in zip(outputs, sizes, strict=True)]
        answers = [replace(answer, box=box) for answer, box in zip(answers, boxes, strict=True)]
    return pd.concat([known, pd.DataFrame([columns_of(answer) for answer in answers])], axis=1)


def _boxes(table: pd.DataFrame, columns: Sequence[str]) -> list[Box]:
    return [Box(*map(float, row)) for row in table[list(columns)].to_numpy()]


def _loss(logits: np.ndarray, labels: Sequence[int]) -> float | None:
    """Return the mean cross-entropy without label smoothing or class weights, comparable between recipes."""
    if not labels:
        return None
    wide = logits.astype(np.float64)
    top = wide.max(axis=1)
    log_sums = top + np.log(np.exp(wide - top[:, None]).sum(axis=1))
    return float((log_sums - wide[np.arange(len(labels)), labels]).mean())
