"""Asks a model for its answers to photos with changed backgrounds, and keeps pictures of the clearest examples."""

import base64
import io
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from PIL import Image

from core.data.pictures.resized_cache import ResizedCache
from core.data.pictures.source import Source
from core.data.snapshot import GROUP
from core.errors import ImageRefused
from core.inspection.background import figures
from core.inspection.background.donors import Donors, donors_of
from core.inspection.background.photo_notes import BoxedPhoto
from core.inspection.background.regions import (
    NO_BOX,
    Region,
    box_mask,
    centre_mask,
    hot_mask,
    useless_reason,
)
from core.inspection.background.result import Answer, Background, Example, LeftOut, PhotoAnswers
from core.inspection.background.variants import ORIGINAL, OTHER, SAME, VARIANTS, changed_view, masked_colour
from core.inspection.explaining.cam import heatmap_of
from core.inspection.measuring.logit_report import check_labels
from core.inspection.predicting.predictor import BATCH, batched
from core.progress import CountCallback

if TYPE_CHECKING:
    from core.inspection.predicting.predictor import Predictor

MOST_EXAMPLES = 8
EXAMPLE_PIXELS = 144
_CHANGED = tuple(variant for variant in VARIANTS if variant != ORIGINAL)


@dataclass(frozen=True)
class _Photo:
    """A photo that can be used: its row, its region in packed bits, and the answer to it as it is."""

    row: int
    source: Source
    label: int
    bits: np.ndarray
    area: float
    answer: Answer

    def mask(self, side: int) -> np.ndarray:
        """Return the region, bool [side, side]."""
        return np.unpackbits(self.bits, count=side * side).reshape(side, side).astype(bool)


def measure_backgrounds(
    predictor: "Predictor",
    frame: pd.DataFrame,
    region: Region,
    *,
    boxes: Mapping[str, BoxedPhoto] | None = None,
    cache: ResizedCache | None = None,
    progress: CountCallback | None = None,
    key: str = "",
    available: int | None = None,
) -> Background:
    """Return the answers to all variants of the photos of a snapshot's ``frame``.

    An answer is the likeliest class, as in reports: a threshold for a class changes nothing here. Photos without a
    usable region, and unreadable ones, are left out with the reason. ``progress`` counts views. Raises RunError if
    the model lacks a label's class.
    """
    check_labels(frame, predictor.classes, predictor.name)
    started = time.perf_counter()
    cache = cache or ResizedCache(None, predictor.preprocessing)
    views = len(frame) * len(VARIANTS)
    left_out: list[LeftOut] = []
    photos: list[_Photo] = []
    for photo in _usable(predictor, frame, region, boxes or {}, cache, left_out):
        photos += [] if photo is None else [photo]
        if progress:
            progress(len(photos) + len(left_out), views)
    groups = [str(frame[GROUP].iloc[one.row]) for one in photos] if GROUP in frame else None
    donors = donors_of([one.source.hash for one in photos], [one.label for one in photos], groups)
    answers: list[dict[str, Answer]] = [{ORIGINAL: one.answer} for one in photos]
    done = len(frame) + len(left_out) * len(_CHANGED)
    changed = (
        (place, variant, view)
        for place in range(len(photos))
        for variant, view in _changed(place, photos, donors, predictor, cache)
    )
    for some in batched(changed, BATCH):
        found = _answers(predictor, [view for _, _, view in some])
        for (place, variant, _), answer in zip(some, found, strict=True):
            answers[place][variant] = answer
        done += len(some)
        if progress:
            progress(min(done, views), views)
    result = Background(
        key=key,
        region=region,
        classes=predictor.classes,
        available=len(frame) if available is None else available,
        photos=tuple(
            PhotoAnswers(
                image=one.source.hash,
                filename=one.source.name,
                label=one.label,
                area=one.area,
                same_from=donors[place].same,
                other_from=donors[place].other,
                answers=answers[place],
            )
            for place, one in enumerate(photos)
        ),
        left_out=tuple(left_out),
        model=predictor.name,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    shown = figures.clearest(result, MOST_EXAMPLES)
    examples = tuple(_example(place, photos, donors, predictor, cache) for place in shown)
    if progress:
        progress(views, views)
    return result.model_copy(update={"examples": examples, "seconds": time.perf_counter() - started})


def _usable(
    predictor: "Predictor",
    frame: pd.DataFrame,
    region: Region,
    boxes: Mapping[str, BoxedPhoto],
    cache: ResizedCache,
    left_out: list[LeftOut],
) -> Iterator[_Photo | None]:
    """Yield each photo with its region and its answer; None for those that ``left_out`` gets."""
    index = {name: number for number, name in enumerate(predictor.classes)}
    for some in batched(enumerate(frame[["image", "path", "filename", "label"]].itertuples(index=False)), BATCH):
        read: list[tuple[int, Source, int, np.ndarray]] = []
        for row, (image, path, name, label) in some:
            source = Source(str(image), Path(str(path)), str(name))
            try:
                read.append((row, source, index[str(label)], cache.view(source)))
            except ImageRefused as error:
                left_out.append(LeftOut(filename=source.name, reason=error.reason))
                yield None
        if not read:
            continue
        for (row, source, number, view), answer in zip(
            read, _answers(predictor, [view for *_, view in read]), strict=True
        ):
            mask, reason = _region(predictor, view, region, boxes.get(source.hash), answer)
            reason = reason or useless_reason(mask, region)
            if reason is not None:
                left_out.append(LeftOut(filename=source.name, reason=reason))
                yield None
            else:
                yield _Photo(row, source, number, np.packbits(mask), float(mask.mean()), answer)


def _region(
    predictor: "Predictor", view: np.ndarray, region: Region, boxed: BoxedPhoto | None, answer: Answer
) -> tuple[np.ndarray, str | None]:
    """Return the region of a view, bool [side, side], or why there is none."""
    side = len(view)
    if region == "centre":
        return centre_mask(side), None
    if region == "boxes":
        if boxed is None or not boxed.boxes:
            return np.zeros((side, side), dtype=bool), NO_BOX
        placement = predictor.preprocessing.view_placement(boxed.width, boxed.height)
        return box_mask(boxed.boxes, placement, side), None
    batch = predictor.batch_of_views([Image.fromarray(view)])
    with predictor.lock:
        return hot_mask(heatmap_of(predictor.network, batch, target=answer.index).values), None


def _answers(predictor: "Predictor", views: Sequence[np.ndarray]) -> list[Answer]:
    pixels = torch.from_numpy(np.stack(views)).permute(0, 3, 1, 2)
    logits = predictor.logits_of(predictor.predicted_outputs(pixels))
    probabilities = predictor.decided(logits).probabilities
    return [
        Answer(index=int(best), probability=float(min(1.0, row[best])))
        for best, row in zip(logits.argmax(axis=1), probabilities, strict=True)
    ]


def _changed(
    place: int, photos: Sequence[_Photo], donors: Sequence[Donors], predictor: "Predictor", cache: ResizedCache
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the variants of one photo with their views; only the photo and its donors are in memory."""
    gray = masked_colour(predictor.preprocessing)
    view = cache.view(photos[place].source)
    mask = photos[place].mask(len(view))
    for variant in _CHANGED:
        given = {SAME: donors[place].same, OTHER: donors[place].other}.get(variant)
        if variant in (SAME, OTHER) and given is None:
            continue
        donor = None if given is None else (cache.view(photos[given].source), photos[given].mask(len(view)))
        yield variant, changed_view(variant, view, mask, donor, gray)


def _example(
    place: int, photos: Sequence[_Photo], donors: Sequence[Donors], predictor: "Predictor", cache: ResizedCache
) -> Example:
    views = {ORIGINAL: cache.view(photos[place].source), **dict(_changed(place, photos, donors, predictor, cache))}
    return Example(photo=place, pictures={variant: _jpeg(view) for variant, view in views.items()})


def _jpeg(view: np.ndarray) -> str:
    picture = Image.fromarray(view)
    if picture.width > EXAMPLE_PIXELS:
        picture = picture.resize((EXAMPLE_PIXELS, EXAMPLE_PIXELS), Image.Resampling.BICUBIC)
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=88)
    return base64.b64encode(stream.getvalue()).decode("ascii")
