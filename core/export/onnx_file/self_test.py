"""Run ONNX files against the bundle that they were made of, on the same photos, and count how far they agree."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from PIL import Image

from core.data.pictures.box import Box
from core.data.pictures.crop_geometry import box_of
from core.data.pictures.network_input.preprocessing import Preprocessing
from core.data.pictures.resized_cache import ResizedCache
from core.export.onnx_file.choices import Input, OnnxChoices, Precision
from core.export.onnx_file.head_nodes import BOX, LOGITS, PROBABILITIES
from core.export.onnx_file.photos_used import PhotoSet
from core.features.engines.ort_engine import session_options
from core.inspection.deciding.decide import softmax
from core.inspection.measuring.overlap import ious
from core.inspection.measuring.report import Mean, Rate
from core.inspection.predicting.predictor import BATCH, Predictor
from core.processors import processor_name
from core.progress import CountCallback

MOST_POINTS_LOST = 0.5
"""Percentage points of accuracy, or hundredths of the mean IoU, that a file may lose against the bundle."""
_TIMED, _TIMED_PHOTOS = 8, 4  # whole photos may be large
_ROUNDS = 3
_LEAST_SECONDS = 1e-6


@dataclass(frozen=True)
class Speed:
    """Photos per second of processor time, which other work on the machine changes little.

    From view to answer, or from photo to answer if the file takes photos; decoding is left out.
    """

    bundle: float
    file: float
    batch: int
    """Photos that were computed at once."""
    threads: int
    processor: str

    @property
    def ratio(self) -> float:
        """How many times as fast the file is."""
        return self.file / self.bundle


@dataclass(frozen=True)
class SelfTest:
    """How far one file agrees with its bundle."""

    precision: Precision
    photos: str
    """What it was tested on, in words."""
    n: int
    largest_difference: float
    """Of any probability of any photo."""
    mean_difference: float
    """Over the photos, of the largest difference of each."""
    agreement: Rate
    """Photos with the same likeliest class."""
    bundle_accuracy: Rate | None
    file_accuracy: Rate | None
    """Of the likeliest class; None where the true classes are not known."""
    bundle_iou: Mean | None
    file_iou: Mean | None
    largest_shift: float | None
    """Of any edge of any box, as a share of the view's side; None without boxes."""
    size_bytes: int
    speed: Speed
    remarks: tuple[str, ...]

    @property
    def points_lost(self) -> float | None:
        """Percentage points of accuracy (or hundredths of the mean IoU, if that is more) that the file loses."""
        pairs = ((self.bundle_accuracy, self.file_accuracy), (self.bundle_iou, self.file_iou))
        lost = [
            100 * (bundle.value - file.value)
            for bundle, file in pairs
            if bundle is not None and file is not None and bundle.value is not None and file.value is not None
        ]
        return max(lost, default=None)

    @property
    def loses_too_much(self) -> bool:
        lost = self.points_lost
        return lost is not None and lost > MOST_POINTS_LOST + 1e-9

    def as_json(self) -> dict[str, Any]:
        """Return all figures as JSON can hold them."""
        return {
            "precision": self.precision,
            "photos": self.photos,
            "n": self.n,
            "largest_probability_difference": self.largest_difference,
            "mean_largest_probability_difference": self.mean_difference,
            "agreement": self.agreement.model_dump(),
            "bundle_accuracy": self.bundle_accuracy and self.bundle_accuracy.model_dump(),
            "file_accuracy": self.file_accuracy and self.file_accuracy.model_dump(),
            "bundle_mean_iou": self.bundle_iou and self.bundle_iou.model_dump(),
            "file_mean_iou": self.file_iou and self.file_iou.model_dump(),
            "largest_box_shift": self.largest_shift,
            "points_lost": self.points_lost,
            "loses_too_much": self.loses_too_much,
            "bytes": self.size_bytes,
            "speed": {
                "bundle_photos_per_processor_second": self.speed.bundle,
                "file_photos_per_processor_second": self.speed.file,
                "ratio": self.speed.ratio,
                "batch": self.speed.batch,
                "threads": self.speed.threads,
                "processor": self.speed.processor,
            },
            "remarks": list(self.remarks),
        }


@dataclass(frozen=True)
class Answers:
    """Probabilities [N, C] and, for localization, corners [N, 4] as shares of the view's side."""

    probabilities: np.ndarray
    corners: np.ndarray | None


class OnnxFile:
    """A written file, as a program would use it."""

    def __init__(self, path: Path, choices: OnnxChoices, scale: float, seen: Preprocessing) -> None:
        options = session_options()
        options.intra_op_num_threads = torch.get_num_threads()  # as many as the bundle gets
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._input, self._softmax, self._scale, self._seen = choices.input, choices.softmax, scale, seen
        self._taken = self._session.get_inputs()[0].name
        self._names = [output.name for output in self._session.get_outputs()]
        self.size_bytes = path.stat().st_size

    def answer(self, given: Sequence[np.ndarray]) -> Answers:
        """Return the answers to photos [H, W, 3], or to views uint8 [S, S, 3] of a file that takes views or tensors."""
        if self._input == "photo":
            found = [self._run(photo) for photo in given]
            joined = {name: np.concatenate([one[name] for one in found]) for name in self._names}
            if BOX in joined:
                joined[BOX] = self._in_view(joined[BOX], [photo.shape[1::-1] for photo in given])
        else:
            joined = self._run(_tensor(np.stack(given), self._seen) if self._input == "tensor" else np.stack(given))
        shares = joined[PROBABILITIES] if self._softmax else softmax(joined[LOGITS].astype(np.float64) / self._scale)
        return Answers(shares, joined.get(BOX))

    def _run(self, given: np.ndarray) -> dict[str, np.ndarray]:
        return dict(zip(self._names, self._session.run(None, {self._taken: given}), strict=True))

    def _in_view(self, boxes: np.ndarray, sizes: Sequence[tuple[int, ...]]) -> np.ndarray:
        """Turn boxes in pixels of photos into corners as shares of the view's side."""
        found = []
        for box, (width, height) in zip(boxes, sizes, strict=True):
            there = self._seen.view_placement(width, height).there(Box(*map(float, box)))
            found.append([there.x, there.y, there.x + there.width, there.y + there.height])
        return np.array(found) / self._seen.size


def bundle_answers(
    predictor: Predictor, photos: PhotoSet, cache: ResizedCache, progress: CountCallback | None = None
) -> Answers:
    """Return the bundle's answers, each from one view; ``progress`` gets how many photos are done."""

    def answer(places: range) -> Answers:
        return _of_bundle(predictor, [photos.view(place, cache) for place in places])

    return _all(answer, len(photos.sources), BATCH, progress)


def file_answers(
    file: OnnxFile, input: Input, photos: PhotoSet, cache: ResizedCache, progress: CountCallback | None = None
) -> Answers:
    """Return the file's answers to the same photos."""

    def answer(places: range) -> Answers:
        return file.answer([_given(photos, place, input, cache) for place in places])

    return _all(answer, len(photos.sources), 1 if input == "photo" else BATCH, progress)


def compare(
    precision: Precision, photos: PhotoSet, seen: Preprocessing, bundle: Answers, file: Answers, size: int, speed: Speed
) -> SelfTest:
    """Return the figures of a file's answers against its bundle's."""
    apart = np.abs(bundle.probabilities - file.probabilities).max(axis=1)
    tops = bundle.probabilities.argmax(axis=1), file.probabilities.argmax(axis=1)
    n, labels = len(apart), photos.labels
    shift = None
    if bundle.corners is not None and file.corners is not None:
        shift = float(np.abs(bundle.corners - file.corners).max())
    return SelfTest(
        precision,
        photos.words,
        n,
        float(apart.max()),
        float(apart.mean()),
        Rate.of(int((tops[0] == tops[1]).sum()), n),
        None if labels is None else Rate.of(int((tops[0] == labels).sum()), n),
        None if labels is None else Rate.of(int((tops[1] == labels).sum()), n),
        _mean_iou(photos, seen, bundle.corners),
        _mean_iou(photos, seen, file.corners),
        shift,
        size,
        speed,
        photos.remarks,
    )


def measured_speed(predictor: Predictor, file: OnnxFile, input: Input, photos: PhotoSet, cache: ResizedCache) -> Speed:
    """Time the bundle and the file in turns, so that other work on the machine slows both."""
    few = range(min(_TIMED_PHOTOS if input == "photo" else _TIMED, len(photos.sources)))
    given = [_given(photos, place, input, cache) for place in few]
    views = [] if input == "photo" else given

    def by_bundle() -> None:
        _of_bundle(predictor, views or [_view(predictor, photo) for photo in given])

    by_bundle()  # once before, because the first time takes longer
    file.answer(given)
    times: tuple[list[float], list[float]] = [], []
    for _ in range(_ROUNDS):
        for seconds, work in zip(times, (by_bundle, lambda: file.answer(given)), strict=True):
            began = time.process_time()
            work()
            seconds.append(max(time.process_time() - began, _LEAST_SECONDS))
    slow, fast = (len(few) / statistics.median(seconds) for seconds in times)
    return Speed(slow, fast, 1 if input == "photo" else len(few), torch.get_num_threads(), processor_name())


def _of_bundle(predictor: Predictor, views: Sequence[np.ndarray]) -> Answers:
    outputs = predictor.outputs_of_pixels(torch.from_numpy(np.stack(views)).permute(0, 3, 1, 2))
    shares = predictor.decided(predictor.logits_of(outputs)).probabilities
    boxed = predictor.task == "localization"
    return Answers(shares, outputs[:, len(predictor.classes) :].astype(np.float64) if boxed else None)


def _all(answer: Callable[[range], Answers], n: int, batch: int, progress: CountCallback | None) -> Answers:
    found = []
    for start in range(0, n, batch):
        places = range(start, min(start + batch, n))
        found.append(answer(places))
        if progress:
            progress(places.stop, n)
    corners = [one.corners for one in found if one.corners is not None]
    return Answers(np.concatenate([one.probabilities for one in found]), np.concatenate(corners) if corners else None)


def _given(photos: PhotoSet, place: int, input: Input, cache: ResizedCache) -> np.ndarray:
    return photos.photo(place) if input == "photo" else photos.view(place, cache)


def _view(predictor: Predictor, photo: np.ndarray) -> np.ndarray:
    return np.asarray(predictor.view(Image.fromarray(photo)))


def _tensor(views: np.ndarray, seen: Preprocessing) -> np.ndarray:
    return seen.normalise(torch.from_numpy(views).permute(0, 3, 1, 2)).contiguous().numpy()


def _mean_iou(photos: PhotoSet, seen: Preprocessing, corners: np.ndarray | None) -> Mean | None:
    if corners is None or photos.boxes is None:
        return None
    found = [
        seen.view_placement(*size).back(box_of(*map(float, one * seen.size)))
        for one, size in zip(corners, photos.sizes, strict=True)
    ]
    return Mean.of(ious(found, [Box(*map(float, box)) for box in photos.boxes]))
