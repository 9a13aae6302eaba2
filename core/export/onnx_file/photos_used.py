"""The photos that calibrate 8 bits and that test an ONNX file: a run's own, or the sample photos."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.data.pictures.decoding import decode
from core.data.pictures.resized_cache import ResizedCache
from core.data.pictures.source import Source
from core.data.snapshot import BOX_COLUMNS, LOCALIZATION, SIZE_COLUMNS, Snapshot
from core.models.bundle import BundleInfo
from core.workspace import SAMPLE_IMAGES

MOST_TESTED = 1000
CALIBRATION_PHOTOS = 64
SAMPLES_TESTED = 60
_SEED = 0


@dataclass(frozen=True)
class PhotoSet:
    """Some photos, with their true classes where these are known."""

    words: str
    """What they are: "100 validation photos of this run"."""
    sources: tuple[Source, ...]
    labels: np.ndarray | None = None
    """The number of each photo's class [n]; None if unknown."""
    boxes: np.ndarray | None = None
    """The labelled boxes [n, 4], x, y, width and height in pixels; None without boxes."""
    sizes: tuple[tuple[int, int], ...] = ()
    """Width and height of each photo, where there are boxes."""
    remarks: tuple[str, ...] = ()
    """What a reader of figures must know about these photos."""

    def view(self, place: int, cache: ResizedCache) -> np.ndarray:
        """Return what the network sees of a photo, uint8 [S, S, 3]; raises ImageRefused."""
        return cache.view(self.sources[place])

    def photo(self, place: int) -> np.ndarray:
        """Return a whole photo, upright, uint8 [H, W, 3]; raises ImageRefused."""
        source = self.sources[place]
        return np.asarray(decode(source.path, source.name).image)


def photos_to_use(run: Path | None, info: BundleInfo) -> tuple[PhotoSet, PhotoSet]:
    """Return the photos to calibrate on and those to test on; test photos of a run are never used.

    Of a run these are its training and its validation photos. Without a run, or where its photos are gone, they are
    the sample photos, and the remarks say so. Raises DataError for a damaged snapshot.
    """
    snapshot = Snapshot.read(run / "snapshot.csv") if run and (run / "snapshot.csv").is_file() else None
    remark = "This model was exported without its run, so the photos that it was trained and tested on are not known."
    calibration = tested = None
    if snapshot is not None:
        remark = "The run's photos are not there any more."
        calibration, tested = _of_run(snapshot, "train", info), _of_run(snapshot, "val", info)
    samples = _sample_files()
    if tested is None:
        files = samples[:SAMPLES_TESTED]
        left_out = "" if snapshot is None or len(snapshot.part("val")) else " The run has no validation photos."
        said = f"{left_out.strip() or remark} The test used {len(files)} sample photos of ResNet Studio instead"
        said += ": their classes are not the model's, so there is no accuracy."
        tested = PhotoSet(f"{len(files)} sample photos of ResNet Studio", tuple(map(_source, files)), remarks=(said,))
    if calibration is None:
        files = samples[SAMPLES_TESTED : SAMPLES_TESTED + CALIBRATION_PHOTOS]
        said = f"{remark} 8 bits were calibrated on {len(files)} sample photos of ResNet Studio instead of training "
        said += "photos, which may cost accuracy."
        words = f"{len(files)} sample photos of ResNet Studio"
        calibration = PhotoSet(words, tuple(map(_source, files)), remarks=(said,))
    return calibration, tested


def _of_run(snapshot: Snapshot, split: str, info: BundleInfo) -> PhotoSet | None:
    """Return photos of a split, drawn with a fixed seed where there are more than needed; None if none is there."""
    frame = snapshot.part(split)
    frame = frame[frame["label"].isin(info.classes)]
    there = frame[[Path(path).is_file() for path in frame["path"]]]
    if there.empty:
        return None
    remarks = []
    if lost := len(frame) - len(there):
        first = frame.loc[frame.index.difference(there.index)[0], "filename"]
        kind = "training" if split == "train" else "validation"
        remarks.append(f"{lost:,} of {len(frame):,} {kind} photos are missing (the first: {first}) and were left out.")
    if split == "train":
        chosen = _of_each_class(there, CALIBRATION_PHOTOS)
        words = f"{len(chosen)} training photos of this run"
    else:
        chosen = there if len(there) <= MOST_TESTED else there.sample(MOST_TESTED, random_state=_SEED).sort_index()
        words = f"{len(chosen):,} validation photos of this run"
        if len(chosen) < len(there):
            words = f"{len(chosen):,} of the {len(there):,} validation photos of this run, drawn at random"
    place = {name: number for number, name in enumerate(info.classes)}
    boxed = snapshot.task == LOCALIZATION and info.task == LOCALIZATION
    sizes = chosen[list(SIZE_COLUMNS)].to_numpy().astype(int).tolist() if boxed else []
    return PhotoSet(
        words,
        tuple(
            Source(str(image), Path(path), str(name))
            for image, path, name in zip(chosen["image"], chosen["path"], chosen["filename"], strict=True)
        ),
        np.array([place[label] for label in chosen["label"]], dtype=np.int64),
        chosen[list(BOX_COLUMNS)].to_numpy().astype(np.float64) if boxed else None,
        tuple((width, height) for width, height in sizes),
        tuple(remarks),
    )


def _of_each_class(frame: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return photos, drawn with a fixed seed, of all classes in turn."""
    mixed = frame.sample(len(frame), random_state=_SEED)
    turn = mixed.groupby("label").cumcount()
    return mixed.iloc[np.argsort(turn.to_numpy(), kind="stable")[:most]]


def _sample_files() -> list[Path]:
    """Return the sample photos in an order that mixes their kinds."""
    files = [*(SAMPLE_IMAGES / "photos").glob("*.jpg"), *(SAMPLE_IMAGES / "birds" / "images").glob("*")]
    return sorted(files, key=lambda path: hashlib.sha256(path.name.encode()).hexdigest())


def _source(path: Path) -> Source:
    return Source(hashlib.sha256(path.read_bytes()).hexdigest(), path, path.name)
