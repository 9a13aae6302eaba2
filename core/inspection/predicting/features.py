"""Features of images: a stage's feature maps or the pooled vector, for many images, and files of them."""

import json
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import IO, TypeVar

import numpy as np
import torch
from PIL import Image

from core.data.pictures.decoding import decode
from core.errors import DataError, ImageRefused, ModelError
from core.features.frozen_pass import map_ahead
from core.inspection.predicting.predict_files import FileSource
from core.inspection.predicting.predictor import BATCH, Predictor, batched
from core.models.zoo import POOLED, STAGES
from core.processors import cpu_has_bfloat16

LAYERS = (POOLED, *STAGES)
_BUFFER_BYTES = 32 << 20
T = TypeVar("T")
Result = TypeVar("Result")


@dataclass(frozen=True)
class FileFeatures:
    """One file's features, float32 [C] or [C, h, w], or the reason why it cannot be read."""

    name: str
    features: np.ndarray | None
    refused: str | None = None


@dataclass(frozen=True)
class Written:
    """The contents of a feature file."""

    images: int
    shape: tuple[int, ...]
    """The shape of one image's features."""


def features_of(predictor: Predictor, images: Iterable[Image.Image], stage: str = POOLED) -> np.ndarray:
    """Return features as float32: [N, C] for ``pooled``, otherwise a stage's feature maps [N, C, h, w].

    A generator of images is never held in memory as a whole. Raises ModelError for an unknown stage.
    """
    check_stage(stage)
    parts = [_run(predictor, views, stage) for views in batched(map(predictor.view, images), BATCH)]
    return np.concatenate(parts) if parts else np.empty((0, predictor.network.feature_width), np.float32)


def file_features(
    predictor: Predictor,
    files: Iterable[tuple[str, FileSource]],
    stage: str = POOLED,
    *,
    fast: bool = False,
) -> Iterator[FileFeatures]:
    """Yield the features of each file, in order; unreadable files get the reason and are skipped.

    A few batches of files are read ahead while the network computes. ``fast`` computes in bfloat16 if the device
    supports it in hardware: two to three correct digits, enough to find similar images. Raises ModelError for an
    unknown stage before any file is read.
    """
    check_stage(stage)
    return _file_features(predictor, files, stage, fast and _has_bfloat16(predictor.device))


def form_of(path: Path) -> str:
    """Return the format, ``npz`` or ``parquet``, from a file's extension; raises DataError for any other."""
    form = path.suffix.removeprefix(".").lower()
    if form not in _FORMS:
        raise DataError(f"{path} has no known extension for features. Use one of: .{', .'.join(_FORMS)}.")
    return form


def write_features(answers: Iterable[FileFeatures], path: Path, form: str, *, model: str, stage: str) -> Written:
    """Write features to a file, a few at a time, and return what was written.

    ``npz``: ``filenames`` [N] and ``features`` [N, ...], with ``model`` and ``stage``.
    ``parquet``: a row per image with ``filename`` and ``features`` as a flat list; the shape is in the file's metadata.
    Raises DataError if no file could be read as an image.
    """
    rows = ((answer.name, answer.features) for answer in answers if answer.features is not None)
    first = next(rows, None)
    if first is None:
        raise DataError("None of the files could be read as an image, so there are no features to write.")
    shape = first[1].shape
    return Written(_FORMS[form](chain([first], rows), path, shape, {"model": model, "stage": stage}), shape)


def check_stage(stage: str) -> None:
    """Raise ModelError if there is no such stage."""
    if stage not in LAYERS:
        raise ModelError(f"The network has no stage {stage!r}. Choose one of: {', '.join(LAYERS)}.")


def _file_features(
    predictor: Predictor, files: Iterable[tuple[str, FileSource]], stage: str, bfloat16: bool
) -> Iterator[FileFeatures]:
    def decode_file(file: tuple[str, FileSource]) -> tuple[FileFeatures, Image.Image | None]:
        name, source = file
        try:
            if isinstance(source, ImageRefused):
                raise source
            image = decode(source() if callable(source) else source, name).image
            return FileFeatures(name, None), predictor.view(image)
        except ImageRefused as error:
            return FileFeatures(name, None, refused=error.reason), None

    with closing(map_ahead(decode_file, files)) as decoded_files:
        for some in batched(decoded_files, BATCH):
            views = [view for _, view in some if view is not None]
            found = iter(_run(predictor, views, stage, bfloat16) if views else ())
            for answer, view in some:
                yield answer if view is None else replace(answer, features=next(found))


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and cpu_has_bfloat16()


def _run(predictor: Predictor, views: list[Image.Image], stage: str, bfloat16: bool = False) -> np.ndarray:
    network = predictor.network
    batch = predictor.batch_of_views(views)
    smaller = torch.autocast(predictor.device.type, torch.bfloat16, enabled=bfloat16)
    with predictor.lock, torch.inference_mode(), smaller:
        if stage == POOLED:
            features = network.avgpool(network.forward_to(batch, STAGES[-1])).flatten(1)
        else:
            features = network.forward_to(batch, stage)
        return features.float().contiguous().cpu().numpy()


Rows = Iterator[tuple[str, np.ndarray]]


def _write_npz(rows: Rows, path: Path, shape: tuple[int, ...], attributes: dict[str, str]) -> int:
    names = []
    # An array's header contains the number of rows, which is only known at the end.
    with tempfile.TemporaryFile(dir=path.parent) as raw:
        for name, features in rows:
            names.append(name)
            raw.write(features.astype("<f4").tobytes())
        raw.seek(0)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            with archive.open("features.npy", "w", force_zip64=True) as member:
                head = {"descr": "<f4", "fortran_order": False, "shape": (len(names), *shape)}
                np.lib.format.write_array_header_1_0(member, head)
                _copy(raw, member)
            for key, value in {"filenames": names, **attributes}.items():
                with archive.open(f"{key}.npy", "w") as member:
                    np.lib.format.write_array(member, np.array(value), allow_pickle=False)
    return len(names)


def _copy(source: IO[bytes], target: IO[bytes]) -> None:
    while part := source.read(1 << 20):
        target.write(part)


def _write_parquet(rows: Rows, path: Path, shape: tuple[int, ...], attributes: dict[str, str]) -> int:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise DataError("Parquet files require the package pyarrow. Install it, or write an .npz file.") from error

    width = int(np.prod(shape))
    metadata = {**attributes, "shape": json.dumps(list(shape))}
    columns = [pa.field("filename", pa.string()), pa.field("features", pa.list_(pa.float32(), width))]
    schema = pa.schema(columns, metadata=metadata)
    count = 0
    with pq.ParquetWriter(path, schema) as writer:
        for some in batched(rows, max(1, _BUFFER_BYTES // (4 * width))):
            names, features = zip(*some, strict=True)
            values = pa.FixedSizeListArray.from_arrays(pa.array(np.concatenate([f.ravel() for f in features])), width)
            writer.write_table(pa.Table.from_arrays([pa.array(names), values], schema=schema))
            count += len(names)
    return count


_FORMS: dict[str, Callable[[Rows, Path, tuple[int, ...], dict[str, str]], int]] = {
    "npz": _write_npz,
    "parquet": _write_parquet,
}
