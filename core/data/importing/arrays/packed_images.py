"""Plan the import of images packed as arrays in an .npz or .h5 file.

The arrays are called ``x, y`` or ``train_set_x, train_set_y, test_set_x, test_set_y``, with the words in any order
(``x_train``, ``train_images``, ``y_val``). The names of the classes are in ``classes`` or ``list_classes``.
"""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.data.importing.arrays.array_files import StoredArray, open_arrays
from core.data.importing.arrays.byte_words import words_in
from core.data.importing.arrays.packed_labels import class_names, labels_of
from core.data.importing.folder_layout import suffix_of
from core.data.importing.import_plan import Candidate, FileResult, ImportPlan
from core.data.importing.plan_files import with_usable_labels
from core.data.pictures.decoding import MAX_FILE_BYTES, MAX_PIXELS, MAX_SIDE
from core.data.splits import SPLITS
from core.data.tables.label_rows import Problem
from core.data.tables.labels_csv import split_named
from core.data.tables.names import class_key, storable_name
from core.data.tables.questions import Asking
from core.errors import ArraysError, ImageRefused

MAX_IMAGES = 200_000
"""The limit for one file."""

_IMAGES, _LABELS = ("x", "images"), ("y", "labels")
_CLASSES = ("list_classes", "classes", "class_names")
_ALLOWED = (
    "Possible names are x and y; train_set_x, train_set_y, test_set_x and test_set_y; x_train, y_train, x_val, y_val, "
    "x_test and y_test; train_images and train_labels; and list_classes or classes"
)
_SHAPES = "allowed are [N, H, W], [N, H, W, C] and [N, C, H, W], with 1, 3 or 4 channels C"
_SHOWN = 8


@dataclass(frozen=True)
class _Part:
    """Images of one split with their labels, if any."""

    split: str | None
    images: StoredArray
    labels: StoredArray | None


def plan_packed(source: Path | BinaryIO, name: str, asking: Asking | None = None) -> ImportPlan:
    """Plan the import of one file of packed images; each becomes a PNG when it is read, such as ``train_00012.png``.

    The array's name gives the split of an image; the labels and the list of classes give its class. Images with NaN or
    infinity are refused one by one. Raises ArraysError where the arrays are not matching images and labels.
    """
    asking = asking or Asking()
    if suffix_of(name) == ".parquet":
        from core.data.importing.arrays.packed_parquet import plan_parquet  # imports pyarrow in its own process

        return plan_parquet(source, name, asking)
    arrays = open_arrays(source, name)
    parts, classes, unused = _roles(arrays, name)
    problems = [Problem(None, f"unused arrays: {_listed(unused)}")] if unused else []
    images = [_Images(part.images, name) for part in parts]
    _check_number(images, name)
    texts = [array for array in (classes, *(part.labels for part in parts)) if array is not None]
    words, remarks = words_in(texts, name, asking)
    problems += remarks
    names = class_names(classes, name, words) if classes is not None else None
    counted = [(part.labels, one.count) for part, one in zip(parts, images, strict=True)]
    found = labels_of(counted, names, name, words, asking)
    candidates, refused = [], []
    for part, one, labels in zip(parts, images, found.labels, strict=True):
        if part.labels is None:
            problems.append(Problem(None, f"{part.images.name} has no labels; its images are imported without labels"))
        prefix, digits = part.split or PurePosixPath(name).stem, max(5, len(str(one.count - 1)))
        bad = one.find_invalid()
        for number in range(one.count):
            filename = f"{prefix}_{number:0{digits}d}.png"
            if number in bad:
                refused.append(FileResult(filename, "refused", "it has values that are not numbers (NaN or infinity)"))
                continue
            read = partial(one.png, number, filename)
            candidates.append(Candidate(filename, labels[number] if labels else None, part.split, None, read))
    candidates = with_usable_labels(candidates, problems)
    used = {class_key(one.label): one.label for one in reversed(candidates) if one.label is not None}
    in_order = dict.fromkeys(used[key] for key in map(class_key, found.classes) if key in used)
    return ImportPlan(tuple(candidates), tuple(problems), tuple(refused), storable_name(name), tuple(in_order))


def _roles(arrays: dict[str, StoredArray], name: str) -> tuple[list[_Part], StoredArray | None, list[str]]:
    """Return the parts in the order train, val, test, none; the list of classes; the names of unused arrays."""
    images: dict[str | None, StoredArray] = {}
    labels: dict[str | None, StoredArray] = {}
    classes: dict[str | None, StoredArray] = {}
    unused = []
    for key, array in arrays.items():
        role, split = _role(key)
        group = images if role in _IMAGES else labels if role in _LABELS else classes if role in _CLASSES else None
        if group is None:
            unused.append(key)
        elif split in group:
            raise ArraysError(f"{name} holds {group[split].name} and {key}, which mean the same. Remove one of them.")
        else:
            group[split] = array
    if not images:
        listed = ", ".join(f"{array.name} {list(array.shape)}" for array in list(arrays.values())[:_SHOWN])
        more = f" and {len(arrays) - _SHOWN} more" if len(arrays) > _SHOWN else ""
        found = f"holds {listed}{more}, but no array of images" if arrays else "holds no arrays"
        raise ArraysError(f"{name} {found}. {_ALLOWED}. Rename its arrays.")
    unused += [array.name for split, array in labels.items() if split not in images]
    order: tuple[str | None, ...] = (*SPLITS, None)
    return (
        [_Part(split, images[split], labels.get(split)) for split in order if split in images],
        classes.get(None),
        unused,
    )


def _role(key: str) -> tuple[str | None, str | None]:
    """Return an array's role and split by its name: "train_set_x" is an x of train."""
    lower = key.lower()
    if lower in _CLASSES:
        return lower, None
    words = [word for word in re.split(r"[_\s-]+", lower) if word != "set"]
    splits = [split for word in words if (split := split_named(word))]
    rest = [word for word in words if not split_named(word)]
    return (rest[0], splits[0] if splits else None) if len(rest) == 1 and len(splits) <= 1 else (None, None)


class _Images:
    """The images of one array, read in blocks because compressed data cannot be read one image at a time."""

    def __init__(self, array: StoredArray, name: str) -> None:
        self._array, self._name = array, name
        shape = array.shape
        # Channels before height and width.
        self._channels_first = len(shape) == 4 and shape[3] not in (1, 3, 4) and shape[1] in (1, 3, 4)
        self.count = shape[0] if shape else 0
        self._white = 255.0
        self._block: tuple[int, NDArray[Any]] | None = None
        if array.dtype.kind not in "buif":
            raise ArraysError(f"{name}: {array.name} has the type {array.dtype}; integers and floats are allowed.")
        if not (len(shape) == 3 or (len(shape) == 4 and (self._channels_first or shape[3] in (1, 3, 4)))):
            raise ArraysError(f"{name}: {array.name} has the shape {list(shape)}; {_SHAPES}.")
        if 0 in shape:
            raise ArraysError(f"{name}: {array.name} has the shape {list(shape)}, so it has no images.")
        first_side = 2 if self._channels_first else 1
        height, width = shape[first_side], shape[first_side + 1]
        if height * width > MAX_PIXELS or max(height, width) > MAX_SIDE or array.row_bytes > MAX_FILE_BYTES:
            raise ArraysError(
                f"{name}: the images of {array.name} have {width:,} x {height:,} pixels; at most "
                f"{MAX_PIXELS:,} pixels, {MAX_SIDE:,} per side and {MAX_FILE_BYTES // 2**20} MB are allowed."
            )

    def find_invalid(self) -> set[int]:
        """Scan all values once: set the value of white, and return the images with values that are not numbers.

        White is 1 where no value is above it, else 255. Raises ArraysError for values outside, which may mean anything.
        """
        bad: set[int] = set()
        lowest, highest = np.inf, -np.inf
        for start in range(0, self.count, self._array.rows_per_read):
            block = self._rows(start)
            if block.dtype.kind == "f":
                sound = np.isfinite(block).all(axis=tuple(range(1, block.ndim)))
                bad.update((start + np.flatnonzero(~sound)).tolist())
                block = block[sound]
            if len(block):
                lowest, highest = min(lowest, float(block.min())), max(highest, float(block.max()))
            if block.dtype == np.uint8 and highest > 1:
                break  # all other values are allowed too
        if len(bad) < self.count and (lowest < 0 or highest > 255):
            raise ArraysError(
                f"{self._name}: {self._array.name} has values from {lowest:g} to {highest:g}; allowed are 0 to 255 "
                "and 0 to 1. Undo the normalisation of the pixels and save them again."
            )
        self._white = 1.0 if highest <= 1 else 255.0
        return bad

    def png(self, number: int, filename: str) -> bytes:
        """Return one image as the bytes of a PNG, without loss where the values are integers. Raises ImageRefused."""
        rows = self._array.rows_per_read
        start = number // rows * rows
        try:
            if self._block is None or self._block[0] != start:
                self._block = None  # first, so that two blocks are never in memory
                self._block = start, self._rows(start)
        except ArraysError as error:
            raise ImageRefused(filename, f"it cannot be read: {error}") from error
        pixels = self._block[1][number - start]
        if pixels.dtype != np.uint8 or self._white != 255:
            pixels = np.clip(np.rint(pixels.astype(np.float64) * (255 / self._white)), 0, 255).astype(np.uint8)
        if self._channels_first:
            pixels = pixels.transpose(1, 2, 0)
        if pixels.ndim == 3 and pixels.shape[2] == 1:
            pixels = pixels[..., 0]
        out = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(pixels)).save(out, "PNG")
        return out.getvalue()

    def _rows(self, start: int) -> NDArray[Any]:
        return self._array.rows(start, min(start + self._array.rows_per_read, self.count))


def _check_number(images: Sequence[_Images], name: str) -> None:
    total = sum(one.count for one in images)
    if total > MAX_IMAGES:
        raise ArraysError(
            f"{name} holds {total:,} images; at most {MAX_IMAGES:,} are allowed. Make several smaller files."
        )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
