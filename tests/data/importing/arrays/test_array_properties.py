"""Random images in packed arrays and Parquet files are read as they were written; one change is equal or said."""

import io
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from typing import IO, Any, BinaryIO

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from core.data.importing.arrays import array_files, hdf5_copy, parquet_copy
from core.data.importing.arrays.packed_images import plan_packed
from core.data.importing.import_plan import ImportPlan
from core.data.tables.questions import Asking
from core.errors import ArraysError
from core.limited_process import FileRefused

EXAMPLES = int(os.environ.get("EXAMPLES", "12"))  # more for a search: EXAMPLES=2000 HYPOTHESIS_PROFILE=search
CLASSES = ("ant", "bee", "Katze ß", "10", "no")
SIDES = (6, 5)  # pixels: width and height

Marks = Counter[tuple[str, str | None, tuple[Any, ...]]]


@pytest.fixture(autouse=True)
def copied_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copy in this process: hundreds of processes would take minutes. That they are used is tested elsewhere."""
    copies = {hdf5_copy.__name__: hdf5_copy.copy_arrays, parquet_copy.__name__: parquet_copy.copy_parquet}

    def here(words: list[str], source: BinaryIO, target: IO[bytes], _: float) -> None:
        try:
            copies[words[1]](source, target, words[2])
        except ArraysError as error:
            raise FileRefused(str(error)) from error

    monkeypatch.setattr(array_files, "read_limited", here)


# Every example sets its own files, so the fixture need not run again.
given_here = settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Reading:
    """What is made of a file: each image by its pixels, with its label, split and boxes."""

    def __init__(self, data: bytes, name: str, answers: dict[str, str] | None = None) -> None:
        asking = Asking(answers or {})
        self.error = ""
        try:
            self.plan: ImportPlan = plan_packed(io.BytesIO(data), name, asking)
        except ArraysError as error:
            self.error = str(error)
            self.plan = ImportPlan((), (), (), name, ())
        self.problems = [str(one) for one in self.plan.problems if not one.harmless]
        self.questions = asking.open
        self.said = bool(self.error or self.problems or self.questions or self.plan.refused)
        self.marks: Marks = Counter()
        for one in self.plan.candidates:
            boxes = tuple((each.label, each.box.x, each.box.y, each.box.width, each.box.height) for each in one.objects)
            self.marks[pixels_of(one.read()), one.label if not boxes else None, (one.split, *boxes)] += 1


def pixels_of(data: bytes) -> str:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB")).tobytes().hex()


def picture(number: int) -> NDArray[np.uint8]:
    """An image that is like no other number's; it has a white pixel."""
    pixels = np.random.default_rng(number).integers(0, 256, (SIDES[1], SIDES[0], 3), dtype=np.uint8)
    pixels[0, 0] = 255
    return pixels


# Arrays


@st.composite
def arrays(draw: st.DrawFn) -> tuple[dict[str, NDArray[Any]], Marks]:
    """Arrays of one or several splits, with labels in one of the usual ways, and what they mean."""
    several: list[list[str | None]] = [[None], ["train", "test"], ["train", "val", "test"]]
    parts = draw(st.sampled_from(several))
    way = draw(st.sampled_from(["numbers", "names", "one-hot", "bytes"]))
    listed = draw(st.booleans()) or way == "one-hot"
    count = draw(st.integers(2, len(CLASSES)))
    found: dict[str, NDArray[Any]] = {}
    marks: Marks = Counter()
    number = 0
    for part in parts:
        labels = draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=4))
        pictures = [picture(number + place) for place in range(len(labels))]
        number += len(labels)
        stack: NDArray[Any] = np.stack(pictures)
        form = draw(st.sampled_from(["bytes", "fractions", "floats", "channels first"]))
        if form == "fractions":
            stack = (stack / 255).astype(np.float32)
        elif form == "floats":
            stack = stack.astype(np.float64)
        elif form == "channels first":
            stack = stack.transpose(0, 3, 1, 2)
        words = [CLASSES[one] for one in labels]
        y: NDArray[Any] = np.array(labels)
        if way == "one-hot":
            y = np.eye(count, dtype=np.int64)[labels]
        elif way != "numbers":
            y = np.array([word.encode() for word in words] if way == "bytes" else words)
        elif draw(st.booleans()):
            y = y[:, None]
        found |= {f"x_{part}" if part else "x": stack, f"y_{part}" if part else "y": y}
        for pixels, label, word in zip(pictures, labels, words, strict=True):
            named = word if listed or way in ("names", "bytes") else str(label)
            marks[pixels.tobytes().hex(), named, (part,)] += 1
    if listed:
        found["list_classes"] = np.array([one.encode() for one in CLASSES[:count]])
    return found, marks


def as_npz(found: dict[str, NDArray[Any]]) -> bytes:
    out = io.BytesIO()
    np.savez(out, **found)  # type: ignore[arg-type]
    return out.getvalue()


def as_hdf5(found: dict[str, NDArray[Any]]) -> bytes:
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        for name, array in found.items():
            if array.dtype.kind == "U":
                file.create_dataset(name, data=array.astype(object), dtype=h5py.string_dtype())
            else:
                file.create_dataset(name, data=array)
    return out.getvalue()


FILES: dict[str, Callable[[dict[str, NDArray[Any]]], bytes]] = {"set.npz": as_npz, "set.h5": as_hdf5}


@pytest.mark.parametrize("name", FILES)
@given(packed=arrays())
@given_here
def test_packed_arrays_are_read_exactly(name: str, packed: tuple[dict[str, NDArray[Any]], Marks]) -> None:
    found, marks = packed
    read = Reading(FILES[name](found), name)
    assert not read.said, (read.error, read.problems)
    assert read.marks == marks


@pytest.mark.parametrize("name", FILES)
@given(packed=arrays(), data=st.data())
@given_here
def test_a_changed_array_is_equal_or_said(
    name: str, packed: tuple[dict[str, NDArray[Any]], Marks], data: st.DataObject
) -> None:
    found, marks = packed
    key = data.draw(st.sampled_from(sorted(found)))
    array = found[key].copy()
    change = data.draw(st.sampled_from(["gone", "name", "shorter", "longer", "value", "type"]))
    others = {one: some for one, some in found.items() if one != key}
    if change == "gone":
        changed = others
    elif change == "name":
        changed = {**others, data.draw(st.sampled_from(["z", "y2", "images_x", f"{key}_1"])): array}
    elif change in ("shorter", "longer"):
        changed = {**others, key: array[:-1] if change == "shorter" else np.concatenate([array, array[-1:]])}
    elif change == "value":
        place = data.draw(st.integers(0, array.size - 1))
        odd: list[Any] = ["", "nope", "ant"] if array.dtype.kind in "US" else [-1, 99, 2]
        odd += [float("nan"), 0.5, float("inf")] if array.dtype.kind == "f" else []
        with np.errstate(all="ignore"):
            array.reshape(-1)[place] = np.array(data.draw(st.sampled_from(odd))).astype(array.dtype)
        changed = {**others, key: array}
    else:
        changed = {**others, key: array.astype("c16" if array.dtype.kind in "iuf" else array.dtype)}
    read = Reading(FILES[name](changed), name)
    if read.said:
        return
    new, lost = read.marks - marks, marks - read.marks
    if change == "value" and key.startswith("x"):  # other pixels in one image
        assert new.total() <= 1 and [one[1:] for one in new] == [one[1:] for one in lost]
    elif change == "value" and key.startswith("y"):  # another class of one image
        assert new.total() <= 1 and {one[0] for one in new} == {one[0] for one in lost}
    elif key == "list_classes":  # other names of classes
        assert {(one[0], one[2]) for one in new} == {(one[0], one[2]) for one in lost}
    else:
        assert not new and not lost, (change, key, new, lost)


# Parquet


@st.composite
def tables(draw: st.DrawFn) -> tuple[dict[str, list[Any]], dict[str, Any], Marks]:
    """The columns of a table of images with classes, the features of its schema, and what they mean."""
    labels = draw(st.lists(st.integers(0, len(CLASSES) - 1), min_size=1, max_size=4))
    rows: dict[str, list[Any]] = {"image": [as_image(number) for number in range(len(labels))]}
    words = [CLASSES[one] for one in labels]
    numbers = draw(st.booleans())
    features: dict[str, Any] = {"image": {"_type": "Image"}}
    if numbers:
        features["label"] = {"_type": "ClassLabel", "names": [*CLASSES]}
    rows["label"] = [*labels] if numbers else [*words]
    marks: Marks = Counter()
    for number, word in enumerate(words):
        marks[picture(number).tobytes().hex(), word, ("train",)] += 1
    return rows, features, marks


def as_image(number: int) -> dict[str, Any]:
    out = io.BytesIO()
    Image.fromarray(picture(number)).save(out, "PNG")
    return {"bytes": out.getvalue(), "path": f"{number}.png"}


@st.composite
def boxed_tables(draw: st.DrawFn) -> tuple[dict[str, list[Any]], dict[str, Any], Marks]:
    """The columns of a table of images with boxes."""
    count = draw(st.integers(1, 3))
    rows: dict[str, list[Any]] = {"image": [as_image(number) for number in range(count)], "objects": []}
    marks: Marks = Counter()
    for number in range(count):
        boxes, categories = [], []
        # The first box is one that reaches beyond the photo if its numbers were two corners, so that nothing is asked.
        for place in range(draw(st.integers(int(number == 0), 2))):
            x, y = (0, 0) if number + place else (3, 3)
            width = draw(st.integers(2, SIDES[0] - x)) if number + place else 3
            height = draw(st.integers(2, SIDES[1] - y)) if number + place else 2
            boxes.append([float(x), float(y), float(width), float(height)])
            categories.append(draw(st.integers(0, len(CLASSES) - 1)))
        rows["objects"].append({"bbox": boxes, "category": categories})
        marked = tuple((CLASSES[one], *box) for one, box in zip(categories, boxes, strict=True))
        marks[picture(number).tobytes().hex(), None, ("train", *marked)] += 1
    names = {"_type": "ClassLabel", "names": [*CLASSES]}
    features = {"image": {"_type": "Image"}, "objects": {"feature": {"category": names}, "_type": "Sequence"}}
    return rows, features, marks


def as_parquet(rows: dict[str, list[Any]], features: dict[str, Any]) -> bytes:
    table = pa.table(rows)
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


TABLES = tables() | boxed_tables()
NAME = "train-00000-of-00001.parquet"


@given(packed=TABLES)
@given_here
def test_parquet_is_read_exactly(packed: tuple[dict[str, list[Any]], dict[str, Any], Marks]) -> None:
    rows, features, marks = packed
    read = Reading(as_parquet(rows, features), NAME)
    assert not read.said, (read.error, read.problems, read.questions)
    assert read.marks == marks


@given(packed=TABLES, data=st.data())
@given_here
def test_a_changed_cell_of_parquet_is_equal_or_said(
    packed: tuple[dict[str, list[Any]], dict[str, Any], Marks], data: st.DataObject
) -> None:
    rows, features, marks = packed
    places = [place for place in places_in(rows) if place[-1] not in ("image", "bytes", "path")]
    *path, last = data.draw(st.sampled_from([place for place in places if len(place) > 1]))
    inner: Any = rows
    for key in path:
        inner = inner[key]
    old = inner[last]
    odd: list[Any] = (
        [None, -1, 99, 2] if isinstance(old, int) else ["", "nope", None] if isinstance(old, str) else [None]
    )
    odd += [float("nan"), -3.0, 99.0] if isinstance(old, float) else []
    odd += [[]] if isinstance(old, list) else []
    inner[last] = data.draw(st.sampled_from(odd))
    read = Reading(as_parquet(rows, features), NAME)
    if read.said:
        return
    new, lost = read.marks - marks, marks - read.marks
    assert new.total() <= 1 and {one[0] for one in new} == {one[0] for one in lost}, (new, lost)
    if new and "bbox" not in path and "category" not in path and last not in ("bbox", "category"):
        [found] = new
        # -1 and null are how a class that is not known is written.
        says_it = isinstance(inner[last], (int, str)) and inner[last] not in ("", -1)
        assert says_it or (found[1] is None and "no label" in str(read.plan.problems)) or "objects" in path, (new, lost)


def places_in(content: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every value, by its path."""
    if path:
        yield path
    for key in content if isinstance(content, dict) else range(len(content)) if isinstance(content, list) else ():
        yield from places_in(content[key], (*path, key))
