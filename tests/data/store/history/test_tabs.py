"""Undo belongs to the browser tab that made the change, whatever name the person has."""

from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import inspect, text

from core.data.importing import sample_set
from core.data.store.records import IMPORT
from core.data.store.store import Store
from tests.data.builders import labelled_project, labels_of, open_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def project_of(store: Store, labels: list[str | None]) -> tuple[int, list[int]]:
    """A project with the classes owl and duck, and the numbers of its photos."""
    project, ids = labelled_project(store, labels)
    for name in {"owl", "duck"} - {one.name for one in store.classes(project)}:
        store.add_class(project, name, "ann")
    return project, ids


@pytest.mark.parametrize("who", ["someone", "Ana"])
def test_undo_of_two_tabs_of_one_name_never_takes_back_the_others_label(store: Store, who: str) -> None:
    """U undid the newest change of the name, and everybody without a name is "someone"."""
    project, ids = project_of(store, [None, None, None])
    left, right = store.in_tab("left"), store.in_tab("right")
    left.annotate(project, [ids[0]], "owl", who)
    right.annotate(project, [ids[1]], "duck", who)
    undone = left.undo(project, tab="left")
    assert undone is not None and store.changed_images(project, undone.id) == [ids[0]]
    assert labels_of(store, project) == [None, "duck", None]
    assert left.undo(project, tab="left") is None
    assert left.newest_change(project, tab="left") is None
    assert labels_of(store, project) == [None, "duck", None]


def test_redo_belongs_to_the_tab_too(store: Store) -> None:
    project, ids = project_of(store, [None, None])
    left, right = store.in_tab("left"), store.in_tab("right")
    left.annotate(project, [ids[0]], "owl", "someone")
    left.undo(project, tab="left")
    right.annotate(project, [ids[1]], "duck", "someone")  # the same name: its new change ended the other's redo
    assert right.redo(project, tab="right") is None
    assert left.redo(project, tab="left") is not None
    assert labels_of(store, project) == ["owl", "duck"]
    left.undo(project, tab="left")
    left.annotate(project, [ids[0]], "duck", "someone")
    assert left.redo(project, tab="left") is None


def test_a_tab_never_takes_back_the_sample_projects_labels(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Undo was offered before one had done anything, and would have taken back the sample project's import."""
    folder = tmp_path / "samples" / "birds"
    (folder / "images").mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(folder / "images" / "a.jpg")
    (folder / "labels.csv").write_text("filename,label\na.jpg,owl\n")
    (folder / "labels-of-the-rest.csv").write_text("filename,label\n")
    monkeypatch.setattr(sample_set, "SAMPLE_IMAGES", tmp_path / "samples")
    mine = store.in_tab("mine")
    project = sample_set.make_sample_project(mine, "Ana")
    assert mine.newest_change(project.id, tab="mine") is None
    assert mine.undo(project.id, tab="mine") is None
    assert labels_of(store, project.id) == ["owl"]


def test_an_import_is_left_out_where_one_key_undoes(store: Store) -> None:
    project, ids = project_of(store, [None, None])
    mine = store.in_tab("mine")
    mine.annotate(project, [ids[0]], "owl", "Ana")
    number = mine.apply_labels(project, [(ids[1], "duck", None)], "Ana", "labels.csv: 1 image")
    newest = mine.newest_change(project, tab="mine")
    assert newest is not None and newest.id == number
    undone = mine.undo(project, tab="mine", without=(IMPORT,))
    assert undone is not None and undone.kind == "label"
    assert mine.undo(project, tab="mine", without=(IMPORT,)) is None
    assert labels_of(store, project) == [None, "duck"]


def test_a_database_of_the_version_before_keeps_its_rows_and_its_undo(store: Store, tmp_path: Path) -> None:
    project, ids = labelled_project(store, ["owl", None, "duck"])
    store.accept_suggestions(project, [(ids[1], "owl")], "Ana")
    with store._engine.begin() as connection:
        for table in ("reservations", "image_tags", "tags"):
            connection.execute(text(f"DROP TABLE {table}"))
        connection.execute(text("DROP INDEX ix_images_by_group"))
        connection.execute(text("ALTER TABLE images DROP COLUMN group_name"))
        for table, index in (("changes", "ix_changes_by_tab"), ("verdicts", None)):
            if index:
                connection.execute(text(f"DROP INDEX {index}"))
            connection.execute(text(f"ALTER TABLE {table} DROP COLUMN tab"))
        connection.execute(text("ALTER TABLE changes DROP COLUMN reached"))
        connection.execute(text("ALTER TABLE images DROP COLUMN label_source"))
        for column in ("labels_changed", "labels_withdrawn"):
            connection.execute(text(f"ALTER TABLE projects DROP COLUMN {column}"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0004'"))
    store.close()
    again = open_store(tmp_path)
    assert "reservations" in inspect(again._engine).get_table_names()
    assert [row.label_source for row in again.images(project)] == [None, "suggestion", None]
    assert again.newest_change(project, tab="mine") is None
    undone = again.undo(project)
    assert undone is not None and undone.kind == "accepted"
    assert labels_of(again, project) == ["owl", None, "duck"]
