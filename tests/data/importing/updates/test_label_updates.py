"""Corrected labels from a labels.csv: what would change is known before, and one undo takes it back."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import Connection

from core.data.importing.plan_import import ImportPlan, Upload, plan_folder, plan_uploads, run_import
from core.data.importing.updates.apply_updates import apply_updates, update_text
from core.data.importing.updates.known_photos import find_known
from core.data.importing.updates.label_updates import LabelUpdates, find_updates
from core.data.store import annotations, large_changes
from core.data.store.records import BoxRow, Labels
from core.data.store.store import Store
from core.data.tables.labels_csv import write_labels
from core.errors import DatabaseBusy
from tests.data.builders import add, open_store, picture

NAMES = {"owl/1.png": "owl", "owl/2.png": "owl", "duck/1.png": "duck", "new.png": None}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def project(store: Store) -> int:
    """Two owls and a duck, whose names differ only by folders, and a photo without a label."""
    project = store.create_project("Birds", classes=["owl", "duck"]).id
    for number, (name, label) in enumerate(NAMES.items()):
        row = add(store, project, number, name)
        if label:
            store.annotate(project, [row.id], label, "ann")
    return project


@pytest.fixture
def boxes(store: Store) -> int:
    """Two photos with two boxes each, in a project of boxes."""
    project = store.create_project("Boxes", "localization", classes=["cat", "dog"]).id
    for number, name in enumerate(["a.png", "b.png"]):
        row = add(store, project, number, name)
        store.set_boxes(project, row.id, [BoxRow("cat", 1, 1, 8, 8), BoxRow("dog", 2.1, 2, 3, 10 / 3)], "ann")
    return project


def plan_of(table: str | bytes, *files: tuple[str, bytes]) -> ImportPlan:
    data = table.encode() if isinstance(table, str) else table
    return plan_uploads([Upload(name, io.BytesIO(raw)) for name, raw in (*files, ("labels.csv", data))])


def updates_of(store: Store, project: int, plan: ImportPlan) -> LabelUpdates:
    return find_updates(plan, find_known(plan, store, project), store, project)


def changes(updates: LabelUpdates) -> list[tuple[str, str | None, str | None, str | None, str | None]]:
    """File name, label before and after, split before and after."""
    return [(one.image.filename, one.image.label, one.label, one.image.split, one.split) for one in updates.changes]


def labels(store: Store, project: int) -> dict[str, str | None]:
    return {row.filename: row.label for row in store.images(project)}


def test_corrected_labels_of_a_table_alone_are_found_and_set_as_one_change(store: Store, project: int) -> None:
    """The table alone was 203 problems, since it wanted the photos again."""
    before = labels(store, project)
    plan = plan_of("filename,label\nowl/1.png,owl\nowl/2.png,duck\nduck/1.png,goose\nnew.png,owl\n")
    updates = updates_of(store, project, plan)
    assert changes(updates) == [
        ("owl/2.png", "owl", "duck", None, None),
        ("duck/1.png", "duck", "goose", None, None),
        ("new.png", None, "owl", None, None),
    ]
    assert (updates.labels, updates.photos, updates.new_classes, updates.problems) == (3, 4, ("goose",), ())
    assert [one.line for one in updates.changes] == [3, 4, 5]
    assert labels(store, project) == before, "nothing is stored before it is applied"
    apply_updates(updates, store, project, "bob", plan.source)
    assert labels(store, project) == {"owl/1.png": "owl", "owl/2.png": "duck", "duck/1.png": "goose", "new.png": "owl"}
    assert store.history(project)[0].text == "3 labels updated from labels.csv"
    store.undo(project, "bob")
    assert labels(store, project) == before
    assert [info.name for info in store.classes(project)] == ["owl", "duck"]


def test_updates_that_are_interrupted_between_two_parts_are_undone_as_one_step_or_completed(
    store: Store, project: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All rows were one transaction: everybody waited meanwhile."""
    monkeypatch.setattr(large_changes, "LABELS_AT_ONCE", 2)
    before = labels(store, project)
    plan = plan_of("filename,label\nowl/1.png,duck\nowl/2.png,duck\nduck/1.png,goose\nnew.png,owl\n")
    apply_labels = annotations.apply_labels

    def dying(conn: Connection, project_id: int, part: Labels, *rest: Any, **more: Any) -> int:
        if any(label == "goose" for _, label, _ in part.rows):
            raise DatabaseBusy("the process ends here")
        return apply_labels(conn, project_id, part, *rest, **more)

    monkeypatch.setattr("core.data.store.transactions.PAUSES", ())
    with monkeypatch.context() as patched, pytest.raises(DatabaseBusy):
        patched.setattr(annotations, "apply_labels", dying)
        apply_updates(updates_of(store, project, plan), store, project, "bob", plan.source)
    assert labels(store, project) == {"owl/1.png": "duck", "owl/2.png": "duck", "duck/1.png": "duck", "new.png": None}
    store.undo(project, "bob")
    assert labels(store, project) == before
    store.redo(project, "bob")
    apply_updates(updates_of(store, project, plan), store, project, "bob", plan.source)
    assert labels(store, project) == {"owl/1.png": "duck", "owl/2.png": "duck", "duck/1.png": "goose", "new.png": "owl"}


def test_with_the_photos_along_the_corrected_labels_are_not_lost(store: Store, project: int) -> None:
    """The preview was right, then "Already there 200", and the old labels stood."""
    files = [(name, picture(number)) for number, name in enumerate(NAMES)]
    plan = plan_of("filename,label\nowl/1.png,duck\nowl/2.png,owl\nduck/1.png,duck\nnew.png,owl\n", *files)
    updates = updates_of(store, project, plan)
    assert changes(updates) == [("owl/1.png", "owl", "duck", None, None), ("new.png", None, "owl", None, None)]
    assert updates.known == set(NAMES) and not updates.new_names
    results = {one.name: one.text for one in run_import(plan, store, project, "bob", updates)}
    assert results["owl/1.png"] == 'already in the project; its label is now "duck", was "owl"'
    assert results["new.png"] == 'already in the project; its label is now "owl"'
    assert labels(store, project) == {"owl/1.png": "duck", "owl/2.png": "owl", "duck/1.png": "duck", "new.png": "owl"}
    store.undo(project, "bob")
    assert labels(store, project) == NAMES


def test_a_photo_is_known_by_its_content_under_any_name_and_in_any_format(store: Store, project: int) -> None:
    bitmap = picture(1, "BMP")
    plan = plan_of("filename,label\nIMG_7.png,duck\nIMG_8.bmp,duck\n", ("IMG_7.png", picture(0)), ("IMG_8.bmp", bitmap))
    updates = updates_of(store, project, plan)
    assert changes(updates) == [("owl/1.png", "owl", "duck", None, None), ("owl/2.png", "owl", "duck", None, None)]
    assert updates.new_names


def test_a_new_photo_with_the_name_of_another_changes_nothing_of_that_one(store: Store, project: int) -> None:
    plan = plan_of("filename,label\nnew.png,duck\n", ("new.png", picture(77)))
    updates = updates_of(store, project, plan)
    assert (updates.changes, updates.photos, updates.known) == ((), 0, frozenset())
    list(run_import(plan, store, project, "bob", updates))
    assert labels(store, project) == NAMES | {"new (2).png": "duck"}


def test_new_photos_and_corrections_of_known_ones_are_one_change(store: Store, project: int) -> None:
    plan = plan_of("filename,label,split\nmore.png,goose,test\nowl/1.png,duck,val\n", ("more.png", picture(50)))
    updates = updates_of(store, project, plan)
    list(run_import(plan, store, project, "bob", updates))
    assert labels(store, project) == NAMES | {"owl/1.png": "duck", "more.png": "goose"}
    assert store.history(project)[0].text == (
        "labels of 1 photo, and 1 label and 1 split updated from more.png, labels.csv"
    )
    store.undo(project, "bob")
    assert labels(store, project) == NAMES | {"more.png": None}
    assert {row.split for row in store.images(project)} == {None}


def test_another_name_of_a_photo_counts_and_repeated_old_labels_do_not_contradict(store: Store, project: int) -> None:
    add(store, project, 0, "copies/owl.png")  # the same photo as owl/1.png
    plan = plan_of("filename,label\ncopies/owl.png,duck\n")
    assert changes(updates_of(store, project, plan)) == [("owl/1.png", "owl", "duck", None, None)]
    # The downloaded table has a row for each name, and only one of them was edited.
    text = write_labels(store.label_rows(project)).replace("copies/owl.png,owl", "copies/owl.png,duck")
    updates = updates_of(store, project, plan_of(text))
    assert changes(updates) == [("owl/1.png", "owl", "duck", None, None)]
    text = text.replace("owl/1.png,owl", "owl/1.png,goose")
    updates = updates_of(store, project, plan_of(text))
    assert updates.changes == ()
    (problem,) = updates.problems
    assert str(problem) == (
        "line 3: owl/1.png (line 2) and copies/owl.png (line 3) are the same photo, and the labels differ "
        "(goose, duck), so neither is used; owl/1.png stays as it is"
    )


def test_folders_in_names_are_honoured(store: Store, project: int) -> None:
    table = "filename,label\nC:\\photos\\owl\\1.png,duck\n1.png,duck\nowl/9.png,duck\nNEW.PNG,duck\nduck/2.png,duck\n"
    updates = updates_of(store, project, plan_of(table))
    assert [one.image.filename for one in updates.changes] == ["owl/1.png", "new.png"]
    said = {problem.line: problem.text for problem in updates.problems}
    assert "1.png could be" in said[3]
    assert said[4].startswith("owl/9.png is neither in the project nor among the files")
    assert "only the case differs" in said[5]
    assert said[6].startswith("duck/2.png is neither"), "owl/2.png is another photo"


def test_a_row_without_a_label_changes_nothing_and_is_counted(store: Store, project: int) -> None:
    plan = plan_of("filename,label,split\nowl/1.png,,test\nowl/2.png,duck,\nnew.png,,\n")
    updates = updates_of(store, project, plan)
    assert changes(updates) == [("owl/2.png", "owl", "duck", None, None)]
    assert (updates.without_label, updates.photos, updates.problems) == (2, 3, ())


def test_splits_change_and_only_where_the_table_has_another_one(store: Store, project: int) -> None:
    store.assign_splits(project)
    text = write_labels(store.label_rows(project))
    before = {row.filename: row.split for row in store.images(project)}
    other = "test" if before["duck/1.png"] != "test" else "train"
    plan = plan_of(text.replace(f"duck/1.png,duck,{before['duck/1.png']}", f"duck/1.png,duck,{other}"))
    updates = updates_of(store, project, plan)
    assert changes(updates) == [("duck/1.png", "duck", None, before["duck/1.png"], other)]
    assert (updates.labels, updates.splits, update_text(updates)) == (0, 1, "1 split")
    apply_updates(updates, store, project, "bob", "labels.csv")
    assert {row.filename: row.split for row in store.images(project)} == before | {"duck/1.png": other}
    store.undo(project, "bob")
    assert {row.filename: row.split for row in store.images(project)} == before


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [";", "\t", ","])
def test_a_table_as_a_spreadsheet_saves_it_comes_back(store: Store, encoding: str, delimiter: str) -> None:
    project = store.create_project("Birds", classes=["Eule", "Gänse"]).id
    for number, name in enumerate(["größe 1.png", "=2.png", "3.png"]):
        store.annotate(project, [add(store, project, number, name).id], "Eule", "ann")
    text = write_labels(store.label_rows(project)).replace("3.png,Eule", "3.png,Gänse")
    text = text.replace(",", delimiter).replace("\n", "\r\n") + delimiter * 2 + "\r\n"
    updates = updates_of(store, project, plan_of(text.encode(encoding)))
    assert changes(updates) == [("3.png", "Eule", "Gänse", None, None)]
    assert updates.photos == 3 and all(problem.harmless for problem in updates.problems)


def test_the_unchanged_table_changes_nothing(store: Store, project: int, boxes: int) -> None:
    for number in (project, boxes):
        updates = updates_of(store, number, plan_of(write_labels(store.label_rows(number))))
        assert updates.changes == () and updates.problems == ()
        assert updates.photos == store.count(number)


def test_boxes_are_corrected_and_undone_as_one_change(store: Store, boxes: int) -> None:
    lines = write_labels(store.label_rows(boxes)).splitlines()
    assert lines[1] == "a.png,cat,,1,1,8,8"
    lines[1] = "a.png,cat,,2,1,8,8"  # moved
    del lines[4]  # the second box of b.png is deleted
    before = store.boxes(boxes)
    updates = updates_of(store, boxes, plan_of("\n".join(lines)))
    assert [(one.image.filename, len(one.boxes_before), len(one.boxes or ())) for one in updates.changes] == [
        ("a.png", 2, 2),
        ("b.png", 2, 1),
    ]
    assert (updates.labels, updates.boxes, update_text(updates)) == (0, 2, "2 photos' boxes")
    apply_updates(updates, store, boxes, "bob", "labels.csv")
    after = [[(box.label, box.x) for box in some] for some in store.boxes(boxes).values()]
    assert after == [[("cat", 2), ("dog", 2.1)], [("cat", 1)]]
    store.undo(boxes, "bob")
    assert store.boxes(boxes) == before


def test_rounded_and_reordered_boxes_are_the_same_and_a_new_class_is_a_label(store: Store, boxes: int) -> None:
    table = "filename;label;x;y;width;height\nb.png;dog;2,1;2;3;3,33333333333333\nb.png;cat;1;1;8;8\n"
    assert updates_of(store, boxes, plan_of(table)).changes == ()
    one = add(store, boxes, 5, "c.png").id
    store.set_boxes(boxes, one, [BoxRow("cat", 1, 1, 8, 8)], "ann")
    updates = updates_of(store, boxes, plan_of("filename,label,x,y,width,height\nc.png,fox,1,1,8,8\n"))
    assert (updates.labels, updates.boxes, updates.new_classes) == (1, 0, ("fox",))
    apply_updates(updates, store, boxes, "bob", "labels.csv")
    assert [(box.label, box.made_by) for box in store.boxes(boxes)[one]] == [("fox", "ann")]


def test_a_photo_with_a_broken_box_stays_as_it_is(store: Store, boxes: int) -> None:
    table = "filename,label,x,y,width,height\na.png,cat,1,1,4,4\na.png,dog,500,2,3,3\nb.png,dog,1,1,0,8\n"
    updates = updates_of(store, boxes, plan_of(table))
    assert updates.changes == ()
    said = {problem.line: problem.text for problem in updates.problems}
    assert "lies outside the image" in said[3] and "a.png stays as it is" in said[3]
    assert "has no area" in said[4]


def test_what_somebody_changed_after_the_preview_is_left_alone(store: Store, project: int) -> None:
    plan = plan_of("filename,label\nowl/1.png,duck\nowl/2.png,duck\n")
    updates = updates_of(store, project, plan)
    first = store.images(project)[0].id
    store.annotate(project, [first], "duck", "ann")
    store.annotate(project, [first], "owl", "ann")
    store.add_class(project, "swan", "ann")
    store.annotate(project, [first], "swan", "ann")
    _, done, left = apply_updates(updates, store, project, "bob", plan.source)
    assert [one.image.filename for one in done.changes] == ["owl/2.png"] and left == ("owl/1.png",)
    assert labels(store, project)["owl/1.png"] == "swan"
    assert store.history(project)[0].text == "1 label updated from labels.csv"


def test_a_turned_phone_photo_is_known_by_its_content(store: Store) -> None:
    """It is stored upright, so its file differs from the one that was uploaded."""
    turned = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.open(io.BytesIO(picture(3))).save(turned, "JPEG", exif=exif)
    project = store.create_project("Phones").id
    plan = plan_of("filename,label\nIMG.jpg,owl\n", ("IMG.jpg", turned.getvalue()))
    list(run_import(plan, store, project, "ann"))
    again = plan_of("filename,label\nIMG.jpg,duck\n", ("IMG.jpg", turned.getvalue()))
    assert changes(updates_of(store, project, again)) == [("IMG.jpg", "owl", "duck", None, None)]


def test_class_folders_do_not_replace_a_label_that_somebody_gave(store: Store, project: int, tmp_path: Path) -> None:
    """A folder that is imported again, with photos added to it, must not revert what was corrected since."""
    (tmp_path / "photos" / "duck").mkdir(parents=True)
    for number in (0, 3, 60):
        (tmp_path / "photos" / "duck" / f"{number}.png").write_bytes(picture(number))
    (tmp_path / "photos" / "owl").mkdir()
    (tmp_path / "photos" / "owl" / "61.png").write_bytes(picture(61))
    plan = plan_folder(tmp_path / "photos")
    updates = updates_of(store, project, plan)
    assert updates.changes == () and updates.known == {"duck/0.png", "duck/3.png"}
    said = {one.name: one.text for one in run_import(plan, store, project, "bob", updates)}
    assert said["duck/0.png"].endswith('the label "duck" is not used, "owl" stays')
    assert labels(store, project)["owl/1.png"] == "owl" and labels(store, project)["new.png"] == "duck"
