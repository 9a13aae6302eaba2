"""Running an import: a result for every file, labels as one change, nothing lost when it stops half-way."""

import io
import re
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from core.data.importing import store_photos
from core.data.importing.photo_files import decode_ahead
from core.data.importing.plan_import import (
    Candidate,
    FileResult,
    ImportPlan,
    ImportReport,
    Upload,
    plan_folder,
    plan_uploads,
    run_import,
)
from core.data.pictures.box import Box
from core.data.snapshot import snapshot_of_table
from core.data.store.store import Store
from core.data.tables.label_rows import LabelledBox
from core.data.tables.labels_csv import write_labels
from core.errors import DataError, ImageRefused
from tests.data.builders import open_store, picture


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path)
    yield opened
    opened.close()


def candidate(name: str, data: bytes, label: str | None = None, split: str | None = None) -> Candidate:
    return Candidate(name, label, split, None, lambda: data)


def plan(*candidates: Candidate) -> ImportPlan:
    return ImportPlan(candidates, (), (), "my.zip", ())


def imported(store: Store, project_id: int, *candidates: Candidate) -> dict[str, FileResult]:
    return {result.name: result for result in run_import(plan(*candidates), store, project_id, "ann")}


def state(store: Store, project_id: int) -> list[tuple[str, str | None, str | None]]:
    return [(row.filename, row.label, row.split) for row in store.images(project_id)]


def test_images_labels_splits_and_classes_come_in_as_one_change(store: Store) -> None:
    project = store.create_project("Birds").id
    results = imported(
        store,
        project,
        candidate("owl/1.png", picture(1), "owl", "test"),
        candidate("duck/1.png", picture(2), "duck"),
        candidate("größe 3.png", picture(3)),
    )
    assert {name: (result.kind, result.text) for name, result in results.items()} == dict.fromkeys(
        ["owl/1.png", "duck/1.png", "größe 3.png"], ("taken", "")
    )
    assert state(store, project) == [
        ("owl/1.png", "owl", "test"),
        ("duck/1.png", "duck", None),
        ("größe 3.png", None, None),
    ]
    assert [info.name for info in store.classes(project)] == ["owl", "duck"]
    (change,) = store.history(project)
    assert (change.text, change.who) == ("labels of 2 photos from my.zip", "ann")
    store.undo(project)
    assert [label for _, label, _ in state(store, project)] == [None, None, None]
    assert store.count(project) == 3, "undo takes the labels back, not the images"


def test_every_file_gets_its_verdict(store: Store, tmp_path: Path) -> None:
    project = store.create_project("Birds").id
    photo = Image.open(io.BytesIO(picture(5)))
    clear, turned = io.BytesIO(), io.BytesIO()
    photo.convert("RGBA").resize((20, 20)).rotate(45).save(clear, "PNG")
    exif = Image.Exif()
    exif[0x0112] = 3
    photo.save(turned, "JPEG", exif=exif)

    def unreadable() -> bytes:
        raise ImageRefused("gone.png", "the file cannot be read (No such file or directory)")

    results = imported(
        store,
        project,
        candidate("sound.png", picture(1), "owl"),
        candidate("clear.png", clear.getvalue(), "owl"),
        candidate("turned.jpg", turned.getvalue(), "owl"),
        candidate("copy.png", picture(1), "owl"),
        candidate("empty.png", b"", "duck"),
        candidate("cut.png", picture(2)[:200], "duck"),
        candidate("notes.png", b"not a picture", "duck"),
        Candidate("gone.png", "duck", None, None, unreadable),
    )
    assert {name: (result.kind, result.text) for name, result in results.items()} == {
        "sound.png": ("taken", ""),
        "clear.png": ("remark", "transparent parts made white"),
        "turned.jpg": ("remark", "turned upright (EXIF)"),
        "copy.png": ("copy", "the same photo as sound.png in this import"),
        "empty.png": ("refused", 'the file is empty; its label "duck" is not used'),
        "cut.png": (
            "refused",
            'it is cut off: the file ends before the picture is complete; its label "duck" is not used',
        ),
        "notes.png": ("refused", 'it is a text file, not an image; its label "duck" is not used'),
        "gone.png": ("refused", 'the file cannot be read (No such file or directory); its label "duck" is not used'),
    }
    assert ImportReport.of(results.values()).counts == {
        "taken": 1,
        "remark": 2,
        "copy": 1,
        "duplicate": 0,
        "refused": 4,
    }
    assert [info.name for info in store.classes(project)] == ["owl"], "no class of refused files alone"
    assert {row.filename for row in store.label_rows(project)} == {"sound.png", "copy.png", "clear.png", "turned.jpg"}


def test_the_same_picture_in_another_format_is_a_duplicate(store: Store) -> None:
    project = store.create_project("Birds").id
    results = imported(store, project, candidate("a.png", picture(1)), candidate("b.bmp", picture(1, "BMP")))
    assert results["b.bmp"] == FileResult("b.bmp", "copy", "the same photo as a.png in this import")


def test_of_equal_photos_with_different_labels_no_label_is_used(store: Store) -> None:
    """The store kept the label that came first, training on the same table left the photos out."""
    project = store.create_project("Birds").id
    files = (
        candidate("a.png", picture(1), "owl"),
        candidate("b.png", picture(1), "duck"),
        candidate("c.png", picture(1), "Owl"),
        candidate("d.png", picture(1)),
        candidate("e.png", picture(2), "owl"),
        candidate("f.png", picture(2), "Owl"),
    )
    results = list(run_import(plan(*files), store, project, "ann"))
    said = {result.name: (result.kind, result.text) for result in results}
    differ = "the labels differ (owl, duck), so neither is used"
    assert said["a.png"] == ("remark", f"the same photo as b.png, c.png in this import; {differ}")
    assert said["b.png"] == said["c.png"] == ("copy", f"the same photo as a.png in this import; {differ}")
    assert said["d.png"] == ("copy", "the same photo as a.png in this import")
    assert state(store, project) == [("a.png", None, None), ("e.png", "owl", None)]
    assert ImportReport.of(results).counts == {"taken": 1, "remark": 1, "copy": 4, "duplicate": 0, "refused": 0}


def test_a_table_gives_a_project_the_same_labels_as_a_training_on_it(store: Store, tmp_path: Path) -> None:
    """Equal photos with different labels: none is used; in several splits: the strictest; with spellings: one class."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for place, number in enumerate([1, 1, 2, 2, 3, 3, 4]):
        (folder / f"{place}.png").write_bytes(picture(number))
    (tmp_path / "labels.csv").write_text(
        "filename,label,split\n0.png,owl,train\n1.png,duck,train\n2.png,owl,train\n3.png,owl,test\n"
        "4.png,duck,val\n5.png,Duck,val\n6.png,goose,train\n"
    )
    project = store.create_project("Birds").id
    one = {"class-case": "one"}
    list(run_import(plan_folder(folder, tmp_path / "labels.csv", answers=one), store, project, "ann"))
    in_project = {(row.hash, row.label, row.split) for row in store.images(project) if row.label}
    trained, _ = snapshot_of_table(tmp_path / "labels.csv", folder, answers=one)
    in_training = set(trained.frame[["image", "label"]].itertuples(index=False, name=None))
    assert {(image, label) for image, label, _ in in_project} == in_training
    assert sorted((label or "", split) for _, label, split in in_project) == [
        ("duck", "val"),
        ("goose", "train"),
        ("owl", "test"),
    ]


def test_equal_photos_with_different_classes_in_their_boxes_get_no_box(store: Store) -> None:
    project = store.create_project("Boxes", "localization").id
    owl, duck = (LabelledBox(label, Box(1, 1, 5, 5)) for label in ("owl", "duck"))
    first = Candidate("a.png", "owl", None, owl.box, lambda: picture(1), (owl,))
    second = Candidate("b.png", "duck", None, duck.box, lambda: picture(1), (duck,))
    list(run_import(plan(first, second), store, project, "ann"))
    assert store.boxes(project) == {}
    assert state(store, project) == [("a.png", None, None)]


def test_an_unlabelled_picture_takes_the_label_of_its_copy(store: Store) -> None:
    project = store.create_project("Birds").id
    results = imported(store, project, candidate("a.png", picture(1)), candidate("b.png", picture(1), "duck"))
    assert results["b.png"].text == "the same photo as a.png in this import; it is now labelled duck"
    assert state(store, project) == [("a.png", "duck", None)]


@pytest.mark.parametrize(
    ("splits", "held", "text"),
    [
        (("train", "test"), "test", "; it is in test and not in train"),
        (("test", "train"), "test", "; it is in test and not in train"),
        (("train", "val"), "val", "; it is in val and not in train"),
        (("val", "test"), "test", "; it is in test and not in val"),
        ((None, "val"), "val", ""),
        (("val", None), "val", ""),
        (("val", "val"), "val", ""),
    ],
)
def test_of_copies_in_several_splits_the_strictest_holds(
    store: Store, splits: tuple[str | None, str | None], held: str, text: str
) -> None:
    project = store.create_project("Birds").id
    first, second = splits
    results = imported(
        store, project, candidate("a.png", picture(1), "owl", first), candidate("b.png", picture(1), "owl", second)
    )
    assert results["b.png"].text == f"the same photo as a.png in this import{text}"
    assert state(store, project) == [("a.png", "owl", held)]


def test_importing_again_changes_nothing(store: Store) -> None:
    project = store.create_project("Birds").id
    files = [candidate("a.png", picture(1), "owl", "val"), candidate("b.png", picture(2))]
    imported(store, project, *files)
    before = state(store, project)
    results = imported(store, project, *files)
    assert {result.text for result in results.values()} == {"already in the project"}
    assert state(store, project) == before
    assert len(store.history(project)) == 1


def test_a_copy_within_one_import_is_not_said_to_have_been_in_the_project(store: Store) -> None:
    """Of a fresh upload with copies in it "4 in the project already" was said."""
    project = store.create_project("Birds").id
    files = [candidate("a.png", picture(1)), candidate("b.png", picture(1))]
    assert [one.kind for one in imported(store, project, *files).values()] == ["taken", "copy"]
    again = imported(store, project, *files, candidate("c.png", picture(1)))
    assert {one.kind for one in again.values()} == {"duplicate"}
    assert again["c.png"].text == "already in the project, as a.png"


def test_labels_given_by_hand_are_not_overwritten_by_a_later_import(store: Store) -> None:
    project = store.create_project("Birds", classes=["owl", "duck"]).id
    imported(store, project, candidate("a.png", picture(1)))
    store.annotate(project, [store.images(project)[0].id], "owl", "bob")
    results = imported(store, project, candidate("a.png", picture(1), "duck"))
    assert results["a.png"].text == 'already in the project; the label "duck" is not used, "owl" stays'
    assert state(store, project) == [("a.png", "owl", None)]


def test_another_picture_of_a_known_name_says_what_it_is_called(store: Store) -> None:
    project = store.create_project("Birds").id
    imported(store, project, candidate("a.png", picture(1)))
    results = imported(store, project, candidate("a.png", picture(2), "owl"))
    assert results["a.png"].kind == "remark"
    assert results["a.png"].text == "named a (2).png, because another photo has its name"


@pytest.fixture
def in_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two photos are stored at a time."""
    monkeypatch.setattr(store_photos, "BATCH_PHOTOS", 2)
    monkeypatch.setattr(store_photos, "BATCH_SECONDS", 1000)


def test_closing_half_way_keeps_images_with_their_labels(store: Store, in_pairs: None) -> None:
    project = store.create_project("Birds").id
    going = run_import(plan(*(candidate(f"{n}.png", picture(n), "owl") for n in range(5))), store, project, "ann")
    assert [next(going).name, next(going).name] == ["0.png", "1.png"]
    going.close()
    assert state(store, project) == [("0.png", "owl", None), ("1.png", "owl", None)]
    assert store.history(project)[0].text == "labels of 2 photos from my.zip"


def test_a_folder_that_cannot_be_written_stops_it_and_keeps_what_is_there(store: Store, in_pairs: None) -> None:
    project = store.create_project("Birds").id
    going = run_import(plan(*(candidate(f"{n}.png", picture(n), "owl") for n in range(30))), store, project, "ann")
    next(going)
    # Also root may not make folders below a file: the disk refuses, as it does when it is full or read-only.
    images = store.workspace.images
    shutil.move(images, images.with_name("images before"))
    images.write_bytes(b"")
    with pytest.raises(
        DataError, match=r"The import stopped at (\d+)\.png; the \d+ photos imported before it are kept\. The photo"
    ) as stopped:
        list(going)
    kept = int(re.findall(r"\d+", str(stopped.value))[0])
    assert 2 <= kept < 30
    assert state(store, project) == [(f"{n}.png", "owl", None) for n in range(kept)]


@pytest.mark.parametrize("count", [32, 150])  # full at the labels; full at an image
def test_a_full_database_stops_it_and_importing_again_heals_it(store: Store, count: int, in_pairs: None) -> None:
    project = store.create_project("Birds").id
    with store._engine.connect() as connection:  # the one connection that the pool of this thread hands out
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
    files = [candidate(f"{n}.png", picture(n), "owl") for n in range(count)]
    with pytest.raises(DataError, match=r"The disk is full.* Free some space"):
        list(run_import(plan(*files), store, project, "ann"))
    assert store.count(project) == 32 if count == 32 else 32 < store.count(project) < 150
    assert store.counts(project)["label"].tolist() == [None]
    with store._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    list(run_import(plan(*files), store, project, "ann"))
    assert [label for _, label, _ in state(store, project)] == ["owl"] * count


def test_a_deleted_project_stops_it_with_a_sentence(store: Store, in_pairs: None) -> None:
    project = store.create_project("Birds").id
    going = run_import(plan(*(candidate(f"{n}.png", picture(n)) for n in range(3))), store, project, "ann")
    next(going)
    store.delete_project(project)
    with pytest.raises(DataError, match=r"The import stopped at 2\.png; the 2 photos imported before it are kept"):
        list(going)


def test_only_a_few_files_are_read_ahead(store: Store, in_pairs: None) -> None:
    project = store.create_project("Birds").id
    asked: list[int] = []

    def reading(number: int) -> bytes:
        asked.append(number)
        return picture(number)

    files = [Candidate(f"{n}.png", None, None, None, partial(reading, n)) for n in range(30)]
    going = run_import(plan(*files), store, project, "ann")
    next(going)
    assert asked == [*range(len(asked))]
    assert len(asked) <= 2 + 2 * decode_ahead.MAX_THREADS
    going.close()


def test_files_that_the_plan_refused_get_no_second_verdict(store: Store) -> None:
    project = store.create_project("Birds").id
    found = plan_uploads([Upload("../a.png", io.BytesIO(picture(1))), Upload("b.png", io.BytesIO(picture(2)))])
    assert [result.name for result in found.refused] == ["../a.png"]
    assert [result.name for result in run_import(found, store, project, "ann")] == ["b.png"]


def test_import_export_import_loses_nothing(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    names = {
        "train/owl/1.png": 1,
        "train/duck/1.png": 2,
        "test/owl/=2 größe.png": 3,
        "test/owl/copy.png": 3,
        "=4, 5.png": 4,
    }
    for name, number in names.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(picture(number))
    first = store.create_project("First").id
    ImportReport.of(run_import(plan_folder(folder), store, first, "ann"))
    exported = write_labels(store.label_rows(first))
    assert '"\'=4, 5.png",,\n' in exported

    again = plan_folder(folder, exported.encode())
    assert {problem.text for problem in again.problems} == {"no label; =4, 5.png counts as unlabelled"}
    second = store.create_project("Second").id
    ImportReport.of(run_import(again, store, second, "ann"))
    rows = {(row.filename, row.label, row.split) for row in store.label_rows(first)}
    assert {(row.filename, row.label, row.split) for row in store.label_rows(second)} == rows
    assert len(rows) == 5
    assert [info.name for info in store.classes(second)] == [info.name for info in store.classes(first)]
