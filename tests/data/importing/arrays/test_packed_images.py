"""Images packed as arrays: their names, shapes and values, and hostile or damaged files."""

import io
import time
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.lib import format as npy
from PIL import Image

from core.data.importing.arrays import array_files
from core.data.importing.import_plan import ImportPlan
from core.data.importing.plan_import import (
    Upload,
    plan_folder,
    plan_packed,
    plan_packed_files,
    plan_uploads,
    plan_zip,
    run_import,
)
from core.data.pictures.decoding import decode
from core.data.snapshot import Snapshot, snapshot_of_packed
from core.data.tables.questions import Asking
from core.errors import ArraysError, DataError, ImageRefused
from tests.data.builders import open_store, picture

N, SIDE = 6, 8
PIXELS = np.random.default_rng(0).integers(0, 256, (N, SIDE, SIDE, 3), dtype=np.uint8)
PIXELS[:, 0, 0, 0] = 255
LABELS = np.array([0, 1, 2, 0, 1, 2])
COURSE = {
    "train_set_x": PIXELS[:4],
    "train_set_y": LABELS[None, :4],
    "test_set_x": PIXELS[4:],
    "test_set_y": LABELS[None, 4:],
    "list_classes": np.array([b"fist", b"one", b"two"]),
}

Arrays = dict[str, Any]


def npz(arrays: Arrays, compressed: bool = False) -> io.BytesIO:
    out = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(out, **arrays)
    out.seek(0)
    return out


def hdf5(arrays: Arrays) -> io.BytesIO:
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        for name, values in arrays.items():
            file[name] = values
    out.seek(0)
    return out


def npz_of(name: str, shape: tuple[int, ...], data: bytes = b"", descr: str = "|u1") -> io.BytesIO:
    """An .npz whose header says what it likes."""
    member = io.BytesIO()
    npy.write_array_header_1_0(member, {"descr": descr, "fortran_order": False, "shape": shape})
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}.npy", member.getvalue() + data)
        archive.writestr("y.npy", b"")
    out.seek(0)
    return out


def plan(**arrays: Any) -> ImportPlan:
    return plan_packed(npz(arrays), "some.npz")


def error(**arrays: Any) -> str:
    with pytest.raises(ArraysError) as caught:
        plan(**arrays)
    return str(caught.value)


def labels_of(found: ImportPlan) -> list[str | None]:
    return [candidate.label for candidate in found.candidates]


def pixels_of(found: ImportPlan) -> np.ndarray:
    return np.stack([np.array(decode(one.read(), one.name).image) for one in found.candidates])


def write_all(source: io.BytesIO, path: Path) -> Path:
    path.write_bytes(source.getvalue())
    return path


# Layouts


@pytest.mark.parametrize("made", [npz, hdf5])
def test_the_course_layout(made: Callable[[Arrays], io.BytesIO]) -> None:
    found = plan_packed(made(COURSE), "signs.h5")
    assert [(one.name, one.label, one.split) for one in found.candidates] == [
        ("train_00000.png", "fist", "train"),
        ("train_00001.png", "one", "train"),
        ("train_00002.png", "two", "train"),
        ("train_00003.png", "fist", "train"),
        ("test_00000.png", "one", "test"),
        ("test_00001.png", "two", "test"),
    ]
    assert (pixels_of(found) == PIXELS).all(), "without loss"
    assert found.classes == ("fist", "one", "two")
    assert (found.problems, found.refused, found.source) == ((), (), "signs.h5")


@pytest.mark.parametrize("made", [npz, hdf5])
def test_plain_x_and_y_are_called_after_the_file_and_have_no_split(made: Callable[[Arrays], io.BytesIO]) -> None:
    found = plan_packed(made({"x": PIXELS, "y": LABELS}), "my.things.h5")
    assert [one.name for one in found.candidates][:2] == ["my.things_00000.png", "my.things_00001.png"]
    assert {one.split for one in found.candidates} == {None}
    assert labels_of(found) == ["0", "1", "2", "0", "1", "2"]
    assert found.classes == ("0", "1", "2")


@pytest.mark.parametrize(
    ("train", "test"),
    [("x_train y_train", "x_test y_test"), ("train_images train_labels", "test_images test_labels")],
)
def test_the_layouts_of_keras_and_of_medmnist(train: str, test: str) -> None:
    names = [*train.split(), *test.split()]
    found = plan(**dict(zip(names, [PIXELS[:4], LABELS[:4], PIXELS[4:], LABELS[4:, None]], strict=True)))
    assert [one.split for one in found.candidates] == ["train"] * 4 + ["test"] * 2
    assert labels_of(found) == ["0", "1", "2", "0", "1", "2"]
    assert {one.split for one in plan(X_Valid=PIXELS, y_dev=LABELS).candidates} == {"val"}


@pytest.mark.parametrize(
    "shaped",
    [
        PIXELS.astype(np.float32) / 255,
        PIXELS.astype(np.float64),
        PIXELS.astype(np.int64),
        PIXELS.transpose(0, 3, 1, 2),
        np.asfortranarray(PIXELS),
        PIXELS.astype(">f8"),
    ],
    ids=["0 to 1", "0 to 255", "int64", "channels first", "by columns", "big-endian"],
)
def test_values_and_axes_in_any_usual_form_are_the_same_pixels(shaped: np.ndarray) -> None:
    assert (pixels_of(plan(x=shaped, y=LABELS)) == PIXELS).all()
    assert (pixels_of(plan_packed(npz({"x": shaped, "y": LABELS}, compressed=True), "a.npz")) == PIXELS).all()


def test_gray_and_transparent_images() -> None:
    gray = PIXELS[..., 0]
    for shaped in (gray, gray[..., None], gray[:, None]):
        assert (pixels_of(plan(x=shaped, y=LABELS)) == gray[..., None]).all()
    opaque = np.concatenate([PIXELS, np.full((N, SIDE, SIDE, 1), 255, np.uint8)], axis=3)
    assert (pixels_of(plan(x=opaque, y=LABELS)) == PIXELS).all()
    assert (pixels_of(plan(x=gray > 100, y=LABELS)) == np.where(gray > 100, 255, 0)[..., None]).all()


@pytest.mark.parametrize(
    "given",
    [
        LABELS,
        LABELS[None],
        LABELS[:, None],
        np.eye(3)[LABELS],
        np.eye(3, dtype=bool)[LABELS],
        LABELS.astype(np.float32),
        np.array(["fist", "one", "two"])[LABELS],
        np.array([b"fist", b"one", b"two"])[LABELS],
    ],
    ids=["[N]", "[1, N]", "[N, 1]", "one-hot", "one-hot bool", "float", "text", "bytes"],
)
def test_labels_in_any_usual_form_are_the_same(given: np.ndarray) -> None:
    found = plan(x=PIXELS, y=given, classes=np.array(["fist", "one", "two"]))
    assert labels_of(found) == ["fist", "one", "two", "fist", "one", "two"]


@pytest.mark.parametrize("made", [npz, hdf5])
def test_classes_in_another_encoding_than_utf_8_are_decoded_and_said_or_asked(
    made: Callable[[Arrays], io.BytesIO],
) -> None:
    """They became Latin-1, in silence."""
    names = ["つばめ", "ふくろう", "あひる"]
    arrays = {"x": PIXELS, "y": LABELS, "classes": np.array([name.encode("cp932") for name in names])}
    asking = Asking()
    found = plan_packed(made(arrays), "some.npz", asking)
    said = [one.text for one in found.problems if "not UTF-8" in one.text]
    assert (labels_of(found)[:3] == names and said) or [one.kind for one in asking.open] == ["encoding"]
    answered = plan_packed(made(arrays), "some.npz", Asking({"encoding": "cp932"}))
    assert labels_of(answered)[:3] == names


def test_labels_and_classes_are_decoded_alike() -> None:
    names = ["größe", "Öl", "cat"]
    arrays = {
        "x": PIXELS,
        "y": np.array([name.encode("cp1252") for name in names])[LABELS],
        "classes": np.array([name.encode("cp1252") for name in reversed(names)]),
    }
    found = plan_packed(npz(arrays), "some.npz", Asking({"encoding": "cp1252"}))
    assert labels_of(found)[:3] == names and found.classes == ("cat", "Öl", "größe")


def test_texts_of_any_length_in_hdf5() -> None:
    names = ["größe", "ツバメ", "a" * 50]
    found = plan_packed(hdf5({"x": PIXELS, "y": [names[label] for label in LABELS]}), "a.h5")
    assert labels_of(found) == [names[label] for label in LABELS]


def test_numbers_that_can_only_be_classes_or_only_places_are_read_so() -> None:
    labels = np.array([1, 2, 3, 1, 2, 3])
    assert labels_of(plan(x=PIXELS, y=labels, list_classes=np.array([3, 1, 2])))[:3] == ["1", "2", "3"]
    assert plan(x=PIXELS, y=labels, list_classes=np.array([3, 1, 2])).classes == ("3", "1", "2")
    assert labels_of(plan(x=PIXELS, y=LABELS, list_classes=np.array([10, 20, 30])))[:3] == ["10", "20", "30"]
    assert labels_of(plan(x=PIXELS, y=LABELS, list_classes=np.array([1, 2, 3])))[:3] == ["1", "2", "3"]
    assert labels_of(plan(x=PIXELS, y=LABELS, list_classes=np.array([0, 1, 2])))[:3] == ["0", "1", "2"]
    assert labels_of(plan(x=PIXELS, y=LABELS, list_classes=np.array(["a", "b", "1"])))[:3] == ["a", "b", "1"]


@pytest.mark.parametrize("classes", [np.array([2, 0, 1]), np.array([b"2", b"0", b"1"])], ids=["numbers", "text"])
@pytest.mark.parametrize(("answer", "first"), [("names", ["0", "1", "2"]), ("places", ["2", "0", "1"])])
def test_numbers_that_may_be_classes_or_places_in_their_list_are_asked(
    classes: np.ndarray, answer: str, first: list[str]
) -> None:
    arrays = {"x": PIXELS, "y": LABELS, "list_classes": classes}
    asking = Asking()
    plan_packed(npz(arrays), "some.npz", asking)
    (question,) = asking.open
    assert question.id == "label-numbers:some.npz"
    by_key = {choice.key: choice.rows for choice in question.choices}
    assert by_key["names"] == (("y[0]", "0", "0"), ("y[1]", "1", "1"), ("y[2]", "2", "2"))
    assert by_key["places"] == (("y[0]", "0", "2"), ("y[1]", "1", "0"), ("y[2]", "2", "1"))
    answered = plan_packed(npz(arrays), "some.npz", Asking({"label-numbers": answer}))
    assert labels_of(answered)[:3] == first


def test_numbers_of_which_only_some_classes_are_used_are_asked_as_well() -> None:
    asking = Asking()
    plan_packed(npz({"x": PIXELS, "y": LABELS % 2 + 1, "classes": np.array([1, 2, 3])}), "some.npz", asking)
    assert [question.kind for question in asking.open] == ["label-numbers"]


@pytest.mark.parametrize("rows", [[0, 1, 2, 0, 1, 2], [1, 2, 1, 2, 1, 2]], ids=["all classes", "not the first"])
def test_the_columns_of_one_hot_rows_are_places_in_the_list_even_if_it_holds_numbers(rows: list[int]) -> None:
    for classes in ([2, 0, 1], [1, 2, 3]):
        found = plan(x=PIXELS, y=np.eye(3)[rows], list_classes=np.array(classes))
        assert labels_of(found) == [str(classes[place]) for place in rows]


def test_one_hot_rows_with_another_number_of_columns_than_classes_are_refused() -> None:
    said = error(x=PIXELS, y=np.eye(2)[[0, 1, 0, 1, 0, 1]], list_classes=np.array([b"a", b"b", b"c"]))
    assert "2 columns, for 3 classes" in said


def test_classes_without_a_list_are_in_natural_order() -> None:
    assert plan(x=PIXELS, y=np.array([10, 9, 2, 2, 9, 10])).classes == ("2", "9", "10")


def test_one_image_is_enough() -> None:
    assert labels_of(plan(x=PIXELS[:1], y=LABELS[None, :1])) == ["0"]


# What needs saying


def test_images_without_labels_come_in_unlabelled_and_unused_arrays_are_named() -> None:
    found = plan(x_train=PIXELS, y_train=LABELS, x_test=PIXELS, extra=LABELS, y_val=LABELS)
    assert labels_of(found)[N:] == [None] * N
    assert [str(problem) for problem in found.problems] == [
        "unused arrays: extra, y_val",
        "x_test has no labels; its images are imported without labels",
    ]


def test_an_image_that_is_no_numbers_is_refused_alone() -> None:
    wrong = PIXELS / 255
    wrong[2, 3, 3, 0], wrong[4, 0, 0, 1] = np.nan, np.inf
    found = plan(x=wrong, y=LABELS)
    assert [(one.name, one.kind) for one in found.refused] == [
        ("some_00002.png", "refused"),
        ("some_00004.png", "refused"),
    ]
    assert "NaN" in found.refused[0].text
    assert labels_of(found) == ["0", "1", "0", "2"]


def test_a_label_that_no_class_can_have_is_said() -> None:
    found = plan(x=PIXELS, y=np.array(["owl", "", "owl", "duck", " bird  of prey", "x" * 300]))
    assert labels_of(found) == ["owl", None, "owl", "duck", "bird of prey", None]
    assert len(found.problems) == 2
    assert found.classes == ("bird of prey", "duck", "owl")


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({}, "holds no arrays. Possible names are x and y; train_set_x"),
        ({"data": PIXELS, "target": LABELS}, r"holds data \[6, 8, 8, 3\], target \[6\], but no array of images"),
        ({"x": PIXELS, "X": PIXELS, "y": LABELS}, "holds x and X, which mean the same"),
        ({"x": PIXELS.reshape(N, -1), "y": LABELS}, r"x has the shape \[6, 192\]; allowed are \[N, H, W\]"),
        ({"x": PIXELS[..., :2], "y": LABELS}, r"x has the shape \[6, 8, 8, 2\]; allowed are"),
        ({"x": PIXELS[:0], "y": LABELS[:0]}, "so it has no images"),
        ({"x": PIXELS, "y": LABELS[:5]}, r"y has the shape \[5\], for 6 images; allowed are \[6\], \[1, 6\]"),
        ({"x": PIXELS, "y": np.array(3)}, r"y has the shape \[\], for 6 images"),
        ({"x": PIXELS, "y": np.eye(3)[LABELS] * 0.5}, "one-hot, but its row 0 is not a single 1"),
        ({"x": PIXELS, "y": LABELS + 0.5}, "y has the label 0.5; labels are integers or text"),
        ({"x": PIXELS, "y": np.full(N, np.nan)}, "y has the label nan"),
        ({"x": PIXELS, "y": LABELS * 1j}, "y has the type complex128"),
        (
            {"x": PIXELS, "y": LABELS, "classes": np.array(["a", "b"])},
            r"the label 2 is not one of its 2 classes \(a, b\)",
        ),
        ({"x": PIXELS, "y": LABELS, "classes": np.array(["a", "b", "a "])}, 'contains the class "a " twice'),
        ({"x": PIXELS, "y": LABELS, "classes": np.zeros((2, 2))}, r"classes has the shape \[2, 2\]"),
        ({"x": PIXELS / 127.5 - 1, "y": LABELS}, "x has values from -1 to 1; allowed are 0 to 255 and 0 to 1"),
        ({"x": PIXELS.astype(np.uint16) * 257, "y": LABELS}, "x has values from 0 to 65535"),
        ({"x": PIXELS * 1j, "y": LABELS}, "x has the type complex128"),
        ({"x": np.array([["a"] * 3] * 3), "y": LABELS}, "x has the type <U1"),
    ],
)
def test_what_does_not_fit_is_one_sentence(arrays: Arrays, said: str) -> None:
    with pytest.raises(ArraysError, match=said):
        plan(**arrays)
    assert error(**arrays).startswith("some.npz")


# Harm


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    class Harm:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "harm",))

    with pytest.raises(ArraysError, match="has the type object"):
        plan(x=PIXELS, y=np.array([Harm()] * N))
    with pytest.raises(ArraysError, match="has the type object"):
        plan(x=np.full((N, SIDE, SIDE), Harm()), y=LABELS)
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("shape", [(10**6, 200, 200, 3), (10**9, 10**9, 10**9), (2**62, 4, 4), (6, -8, 8)])
def test_a_header_that_claims_more_than_there_is_costs_no_memory(shape: tuple[int, ...]) -> None:
    tracemalloc.start()
    with pytest.raises(ArraysError, match="damaged or incomplete"):
        plan_packed(npz_of("x", shape, b"1234"), "some.npz")
    assert tracemalloc.get_traced_memory()[1] < 5e6
    tracemalloc.stop()


def test_a_bomb_is_refused_before_it_goes_off() -> None:
    bomb = npz_of("x", (20 * 2**20 // 64, 8, 8), bytes(20 * 2**20))
    with pytest.raises(ArraysError, match="unpacks to more than 200 times its size"):
        plan_packed(bomb, "some.npz")


def test_too_many_images_are_refused() -> None:
    with pytest.raises(ArraysError, match="holds 250,000 images; at most 200,000"):
        plan(x=np.zeros((250_000, 2, 2), np.uint8), y=np.zeros(250_000, np.uint8))


def test_an_image_too_large_to_decode_is_refused() -> None:
    with pytest.raises(ArraysError, match="have 70,000 x 1 pixels"):
        plan(x=np.zeros((1, 1, 70_000), np.uint8), y=LABELS[:1])


def test_what_was_never_written_is_refused() -> None:
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file.create_dataset("x", (1000, 1000, 1000, 3), np.uint8)
    with pytest.raises(ArraysError, match="x claims 3,000,000,000 bytes and takes 0 in the file"):
        plan_packed(out, "a.h5")


def test_other_files_are_never_followed(tmp_path: Path) -> None:
    secret = write_all(hdf5({"x": PIXELS, "y": LABELS}), tmp_path / "secret.h5")
    linked = tmp_path / "linked.h5"
    with h5py.File(linked, "w") as file:
        file["x"] = h5py.ExternalLink(str(secret), "/x")
    virtual = tmp_path / "virtual.h5"
    with h5py.File(virtual, "w") as file:
        layout = h5py.VirtualLayout(PIXELS.shape, np.uint8)
        layout[:] = h5py.VirtualSource(str(secret), "x", PIXELS.shape)
        file.create_virtual_dataset("x", layout)
    raw = tmp_path / "raw.h5"
    with h5py.File(raw, "w") as file:
        file.create_dataset("x", PIXELS.shape, np.uint8, external=[(str(secret), 0, h5py.h5f.UNLIMITED)])
    for path in (linked, virtual, raw):
        with pytest.raises(ArraysError, match="x links to another file"):
            plan_packed(path, path.name)


def test_a_library_that_hangs_or_breaks_down_ends_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(array_files, "PATIENCE_SECONDS", 0.5)
    sound = hdf5({"x": PIXELS, "y": LABELS})
    for program, said in (("import time; time.sleep(60)", "to its end"), ("import os; os.abort()", "crashed")):
        monkeypatch.setattr(array_files, "COPY", ("-c", program))
        began = time.monotonic()
        with pytest.raises(ArraysError, match=said):
            plan_packed(sound, "a.h5")
        assert time.monotonic() - began < 20


@pytest.mark.parametrize("data", [b"", b"hello", b"PK", b"PK\x03\x04rest", b"\x89HDF\r\n\x1a\nrest"])
def test_what_is_no_file_of_arrays_is_said(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(ArraysError, match=r"^some\.npz"):
        plan_packed(io.BytesIO(data), "some.npz")
    with pytest.raises(ArraysError, match="cannot be read"):
        plan_packed(tmp_path / "gone.npz", "gone.npz")


SOUND = [npz(COURSE).getvalue(), npz(COURSE, compressed=True).getvalue()]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from(SOUND)))
    if draw(st.booleans()):
        del data[draw(st.integers(0, len(data))) :]
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(data)))
        data[place : place + draw(st.integers(0, 4))] = draw(st.binary(max_size=4))
    return bytes(data)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_damaged_files_give_images_or_sentences_and_nothing_else(data: bytes) -> None:
    try:
        with warnings.catch_warnings(action="ignore"):
            found = plan_packed(io.BytesIO(data), "some.npz")
    except ArraysError:
        return
    for candidate in found.candidates:
        try:
            decode(candidate.read(), candidate.name)
        except ImageRefused as refusal:
            assert refusal.reason


# Everywhere that a zip or a folder is taken


def test_packed_files_among_uploads_in_zips_and_in_folders(tmp_path: Path) -> None:
    course = npz(COURSE)
    uploads = [Upload("a.png", io.BytesIO(picture(1))), Upload("signs.npz", course), Upload("bad.h5", io.BytesIO(b"x"))]
    found = plan_uploads(uploads)
    assert [one.name for one in found.candidates] == ["a.png", *(one.name for one in plan(**COURSE).candidates)]
    assert [(one.name, one.kind) for one in found.refused] == [("bad.h5", "refused")]
    assert found.classes == ("fist", "one", "two")

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("set/signs.npz", course.getvalue())
        archive.writestr("set/owl/1.png", picture(1))
        archive.writestr("set/duck/2.png", picture(2))
    for found in (plan_zip(packed, "my.zip"), plan_uploads([Upload("my.zip", packed)])):
        assert [one.label for one in found.candidates] == ["duck", "owl", *labels_of(plan(**COURSE))]
        assert (found.problems, found.refused) == ((), ())

    write_all(course, tmp_path / "signs.npz")
    (tmp_path / "weights.npz").write_bytes(npz({"conv1": LABELS}).getvalue())
    found = plan_folder(tmp_path)
    assert len(found.candidates) == N
    assert [one.name for one in found.refused] == ["weights.npz"] and "conv1 [6]" in found.refused[0].text
    table = tmp_path / "labels.csv"
    table.write_text("filename,label\na.png,owl\n")
    assert plan_folder(tmp_path, table).candidates == (), "a table that is named is all that is meant"


def test_the_files_of_a_course_come_together_and_equal_names_are_kept_apart(tmp_path: Path) -> None:
    for part in ("train", "test"):
        arrays = {name: values for name, values in COURSE.items() if part in name}
        write_all(hdf5(arrays | {"list_classes": COURSE["list_classes"]}), tmp_path / f"{part}_signs.h5")
    both = plan_packed_files([tmp_path / "train_signs.h5", tmp_path / "test_signs.h5"])
    assert [one.split for one in both.candidates] == ["train"] * 4 + ["test"] * 2
    assert both.classes == ("fist", "one", "two")
    twice = plan_packed_files([tmp_path / "test_signs.h5"] * 2)
    assert [one.name for one in twice.candidates][::2] == ["test_00000.png", "test_signs/test_00000.png"]


def test_an_import_stores_the_pixels_and_keeps_the_order_of_the_classes(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    project = store.create_project("Signs")
    arrays = COURSE | {"train_set_y": np.array([[2, 1, 0, 2]])}
    results = list(run_import(plan_packed(npz(arrays), "signs.npz"), store, project.id, "ann"))
    assert {result.kind for result in results} <= {"taken", "remark"}
    assert [(one.name, one.count) for one in store.classes(project.id)] == [("fist", 1), ("one", 2), ("two", 3)]
    rows = store.images(project.id)
    assert [(row.filename, row.split) for row in rows][3:5] == [
        ("train_00003.png", "train"),
        ("test_00000.png", "test"),
    ]
    for row, pixels in zip(rows, PIXELS, strict=True):
        assert (np.array(Image.open(store.image_path(row.hash))) == pixels).all()


# Snapshots


def test_a_snapshot_finds_its_images_after_the_packed_file_is_gone(tmp_path: Path) -> None:
    path = write_all(npz(COURSE), tmp_path / "signs.npz")
    made, problems = snapshot_of_packed([path], tmp_path / "unpacked")
    assert str(problems[0]).startswith("There was no validation set, so one training image in six was moved there")
    assert made.classes == ("fist", "one", "two")
    assert made.frame["split"].tolist()[4:] == ["test", "test"] and set(made.frame["split"][:4]) == {"train", "val"}
    made.write(tmp_path / "snapshot.csv")
    path.unlink()
    read = Snapshot.read(tmp_path / "snapshot.csv")
    for row, pixels in zip(read.frame.itertuples(), PIXELS, strict=True):
        assert (np.array(decode(Path(str(row.path)), "a").image) == pixels).all()


def test_the_same_images_are_unpacked_once_and_equal_ones_are_kept_once(tmp_path: Path) -> None:
    first, _ = snapshot_of_packed([write_all(npz(COURSE), tmp_path / "a.npz")], tmp_path / "unpacked")
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "unpacked").rglob("*.png")}
    again, _ = snapshot_of_packed([write_all(npz(COURSE, compressed=True), tmp_path / "b.npz")], tmp_path / "unpacked")
    assert first.digest == again.digest
    assert files == {path: path.stat().st_mtime_ns for path in (tmp_path / "unpacked").rglob("*.png")}
    twice = COURSE | {"test_set_x": PIXELS[[0, 5]], "test_set_y": LABELS[[0, 5]]}
    made, problems = snapshot_of_packed([write_all(npz(twice), tmp_path / "c.npz")], tmp_path / "unpacked")
    assert len(made.frame) == N - 1
    assert "train_00000.png, test_00000.png are the same photo: kept once, in test" in str(problems[0])


def test_images_that_cannot_be_used_are_named_and_left_out(tmp_path: Path) -> None:
    wrong = PIXELS / 255
    wrong[0, 0, 0, 0] = np.nan
    path = write_all(npz({"x": wrong, "y": np.array(["a", "b", "B", "a", "b", "a"])}), tmp_path / "a.npz")
    made, problems = snapshot_of_packed([path], tmp_path / "unpacked", answers={"class-case": "two"})
    assert len(made.frame) == N - 1 and made.classes == ("a", "B", "b")
    said = [str(problem) for problem in problems]
    assert any(text.startswith("a_00000.png was skipped: it has values that are not numbers") for text in said)
    with pytest.raises(DataError):
        snapshot_of_packed([tmp_path / "gone.npz"], tmp_path / "unpacked")
