"""Where a label came from: a person, an accepted suggestion or an import, in the store and in the exported table."""

import csv
from io import StringIO
from pathlib import Path

import pytest

from core.data.store.records import LABEL_KINDS, BoxRow
from core.data.store.store import Store
from core.data.tables.labels_csv import read_labels, write_labels
from tests.data.builders import add, labelled_project, open_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def project_of(store: Store, labels: list[str | None]) -> tuple[int, list[int]]:
    """A project with the classes owl and duck, and the numbers of its photos."""
    project, ids = labelled_project(store, labels)
    for name in {"owl", "duck"} - {one.name for one in store.classes(project)}:
        store.add_class(project, name, "ann")
    return project, ids


def sources(store: Store, project: int) -> list[str | None]:
    return [row.label_source for row in store.images(project)]


def test_a_suggestion_accepted_with_enter_is_told_apart_from_a_typed_label(store: Store) -> None:
    """It was stored as if a person had typed it."""
    project, ids = project_of(store, [None] * 5)
    store.annotate(project, [ids[0]], "owl", "ann")
    store.annotate(project, [ids[1]], "owl", "ann", kind="accepted")
    store.accept_suggestions(project, [(ids[2], "duck")], "ann")
    store.apply_labels(project, [(ids[3], "duck", None)], "ann", "labels.csv")
    assert sources(store, project) == ["person", "suggestion", "suggestion", "import", None]
    rows = store.images(project)
    assert [row.annotated_by for row in rows[:3]] == ["ann", "model, accepted by ann", "model, accepted by ann"]
    kinds = [change.kind for change in store.history(project, limit=4)]
    assert kinds == ["import", "accepted", "accepted", "label"]
    # Somebody who looks again and confirms the label has decided it.
    store.annotate(project, [ids[1]], "owl", "bob")
    assert sources(store, project)[1] == "person"
    store.undo(project)
    assert sources(store, project)[1] == "suggestion"
    store.undo(project)  # the import
    assert sources(store, project)[3] is None


@pytest.mark.parametrize("kind", sorted(set(LABEL_KINDS) - {"accepted"}))
def test_decisions_of_people_are_theirs(store: Store, kind: str) -> None:
    project, ids = project_of(store, [None])
    store.annotate(project, ids, "owl", "ann", kind=kind)
    assert sources(store, project) == ["person"]


def test_a_label_that_is_taken_away_takes_its_source_along(store: Store) -> None:
    project, ids = labelled_project(store, ["owl", "duck"])
    store.annotate(project, [ids[0]], None, "ann")
    store.remove_class(project, next(one.id for one in store.classes(project) if one.name == "duck"), "ann")
    assert sources(store, project) == [None, None]


def test_boxes_come_from_a_person_or_an_import(store: Store) -> None:
    project = store.create_project("Hens", "localization", ["hen"]).id
    drawn, imported = add(store, project, 0).id, add(store, project, 1).id
    store.set_boxes(project, drawn, [BoxRow("hen", 1, 1, 4, 4)], "ann")
    store.apply_labels(project, [], "ann", "coco", boxes={imported: [BoxRow("hen", 1, 1, 4, 4)]})
    assert sources(store, project) == ["person", "import"]
    store.set_boxes(project, drawn, [], "ann")
    assert sources(store, project) == [None, "import"]


def test_the_exported_table_says_so_in_its_last_column_and_is_read_without_a_remark(store: Store) -> None:
    project, ids = project_of(store, ["owl", None, None])
    store.annotate(project, [ids[1]], "duck", "ann", kind="accepted")
    text = write_labels(store.label_rows(project, sources=True))
    rows = list(csv.DictReader(StringIO(text)))
    assert list(rows[0]) == ["filename", "label", "split", "label_source"]
    assert [row["label_source"] for row in rows][1:] == ["suggestion", ""]
    table = read_labels(text.encode())
    assert table.ignored_columns == () and [one for one in table.problems if "no label" not in one.text] == []
    assert table.rows == tuple(store.label_rows(project))
    assert "label_source" not in write_labels(store.label_rows(project))


def test_the_table_of_boxes_has_the_source_behind_the_box(store: Store) -> None:
    project = store.create_project("Hens", "localization", ["hen"]).id
    image = add(store, project, 0).id
    store.set_boxes(project, image, [BoxRow("hen", 1, 1, 4, 4), BoxRow("hen", 2, 2, 4, 4)], "ann")
    lines = write_labels(store.label_rows(project, sources=True)).splitlines()
    assert lines[0] == "filename,label,split,x,y,width,height,label_source"
    assert [line.rsplit(",", 1)[1] for line in lines[1:]] == ["person", "person"]
