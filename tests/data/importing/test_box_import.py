"""Import boxes from a table: good ones are kept, each bad one is reported with its line, none is clipped."""

from pathlib import Path

import pytest

from core.data.importing.plan_import import plan_folder, run_import
from core.data.store.store import Store
from core.data.tables.labels_csv import write_labels
from tests.data.builders import open_store, picture

TABLE = """filename,label,x,y,width,height
a.png,cat,1,1,4,4
a.png,dog,2,2,10,8
b.png,cat,3,3,20,4
c.png,cat,30,3,4,4
d.png,cat,nan,3,4,4
e.png,cat,5,3,0,4
f.png,cat,5,3,-2,4
g.png,cat,0.25,0.5,15.75,11.5
"""


KEPT = {"box-beyond": "keep"}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def photos(tmp_path: Path, table: str = TABLE) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, name in enumerate("abcdefg"):
        (folder / f"{name}.png").write_bytes(picture(number))
    (folder / "labels.csv").write_text(table, encoding="utf-8")
    return folder


def boxes_by_name(store: Store, project_id: int) -> dict[str, list[tuple[str, float, float, float, float]]]:
    found = store.boxes(project_id)
    return {
        row.filename: [(box.label, box.x, box.y, box.width, box.height) for box in found.get(row.id, [])]
        for row in store.images(project_id)
    }


def test_good_boxes_come_in_bad_ones_are_named_and_none_is_clipped(store: Store, tmp_path: Path) -> None:
    project = store.create_project("Boxes", "localization")
    plan = plan_folder(photos(tmp_path), answers=KEPT)
    wrong = {problem.line: problem.text for problem in plan.problems}
    assert "not four numbers" in wrong[6] and "no area" in wrong[7] and "negative" in wrong[8]
    said = {result.name: result.text for result in run_import(plan, store, project.id, "ann")}
    assert "line 4 extends 7 pixels beyond the photo" in said["b.png"]
    assert "line 5 is skipped: it lies outside the image" in said["c.png"]
    assert boxes_by_name(store, project.id) == {
        "a.png": [("cat", 1, 1, 4, 4), ("dog", 2, 2, 10, 8)],
        "b.png": [("cat", 3, 3, 20, 4)],
        **{f"{name}.png": [] for name in "cdef"},
        "g.png": [("cat", 0.25, 0.5, 15.75, 11.5)],
    }
    assert len(store.history(project.id)) == 1


def test_export_import_export_is_lossless(store: Store, tmp_path: Path) -> None:
    first = store.create_project("First", "localization")
    folder = photos(tmp_path)
    list(run_import(plan_folder(folder, answers=KEPT), store, first.id, "ann"))
    written = write_labels(store.label_rows(first.id))
    (folder / "labels.csv").write_text(written, encoding="utf-8")
    second = store.create_project("Second", "localization")
    list(run_import(plan_folder(folder, answers=KEPT), store, second.id, "ann"))
    assert write_labels(store.label_rows(second.id)) == written
    assert boxes_by_name(store, second.id) == boxes_by_name(store, first.id)


def test_boxes_that_an_image_has_stay_when_a_file_brings_others(store: Store, tmp_path: Path) -> None:
    project = store.create_project("Boxes", "localization")
    folder = photos(tmp_path)
    list(run_import(plan_folder(folder, answers=KEPT), store, project.id, "ann"))
    before = boxes_by_name(store, project.id)
    (folder / "labels.csv").write_text("filename,label,x,y,width,height\na.png,cat,5,5,2,2\nc.png,dog,1,1,2,2\n")
    said = {result.name: result.text for result in run_import(plan_folder(folder), store, project.id, "ann")}
    assert "its 2 boxes stay" in said["a.png"]
    assert boxes_by_name(store, project.id) == before | {"c.png": [("dog", 1, 1, 2, 2)]}


def test_a_classification_project_takes_the_class_only(store: Store, tmp_path: Path) -> None:
    project = store.create_project("Kinds")
    plan = plan_folder(photos(tmp_path), answers=KEPT)
    said = {result.name: result.text for result in run_import(plan, store, project.id, "ann")}
    assert "boxes of several classes (cat, dog)" in said["a.png"]
    assert store.boxes(project.id) == {}
    assert [row.label for row in store.images(project.id)][:2] == ["dog", "cat"]
