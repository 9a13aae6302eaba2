"""Classes of a project whose names differ only in case."""

from pathlib import Path

import pytest
from sqlalchemy import text

from core.data.store.records import BoxRow, ImageFilter
from core.data.store.store import Store
from core.data.tables.names import ByClassName, spellings
from core.errors import DataError
from tests.data.builders import add, labelled_project, open_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def counts(store: Store, project_id: int) -> dict[str, int]:
    return {info.name: info.count for info in store.classes(project_id)}


def test_new_classes_of_an_import_have_exactly_their_names(store: Store) -> None:
    project_id, ids = labelled_project(store, [None, None, None])
    rows = [(ids[0], "cat", None), (ids[1], "Cat", None), (ids[2], "CAT", None)]
    store.apply_labels(project_id, rows, "ann", "import", new_classes=["cat", "Cat"])
    assert counts(store, project_id) == {"cat": 2, "Cat": 1}, "CAT is the first of those that differ only in case"


def test_without_new_classes_one_spelling_counts(store: Store) -> None:
    project_id, ids = labelled_project(store, [None, None])
    store.apply_labels(project_id, [(ids[0], "cat", None), (ids[1], "Cat", None)], "ann", "import")
    assert counts(store, project_id) == {"cat": 2}


def test_many_classes_that_differ_only_in_case_survive_the_parts_of_a_large_change(store: Store) -> None:
    names = [name for number in range(150) for name in (f"k{number}x", f"K{number}x")]
    project_id, ids = labelled_project(store, [None, None])
    rows = [(ids[0], "K149x", None), (ids[1], "k149x", None)]
    store.apply_labels(project_id, rows, "ann", "import", new_classes=names)
    assert list(counts(store, project_id)) == names
    assert counts(store, project_id)["K149x"] == counts(store, project_id)["k149x"] == 1


def test_undo_and_redo_bring_both_back(store: Store) -> None:
    project_id, ids = labelled_project(store, [None, None])
    rows = [(ids[0], "a", None), (ids[1], "A", None)]
    store.apply_labels(project_id, rows, "ann", "import", new_classes=["a", "A"])
    store.undo(project_id, "ann")
    assert counts(store, project_id) == {}
    store.redo(project_id, "ann")
    assert counts(store, project_id) == {"a": 1, "A": 1}


def test_a_letter_and_its_capital_can_be_added_by_hand_but_no_second_spelling_of_a_word(store: Store) -> None:
    project = store.create_project("Letters", classes=["a", "A"])
    store.add_class(project.id, "b", "ann")
    store.add_class(project.id, "B", "ann")
    with pytest.raises(DataError, match='a class "a" already'):
        store.add_class(project.id, " a ", "ann")
    store.add_class(project.id, "cat", "ann")
    with pytest.raises(DataError, match='a class "cat" already'):
        store.add_class(project.id, "Cat", "ann")
    assert list(counts(store, project.id)) == ["a", "A", "b", "B", "cat"]


def test_labels_filters_and_boxes_mean_the_class_in_their_own_case(store: Store) -> None:
    project = store.create_project("Letters", "localization", ["a", "A"])
    ids = [add(store, project.id, number).id for number in range(2)]
    store.annotate(project.id, ids[:1], "A", "ann")
    store.set_boxes(project.id, ids[1], [BoxRow("a", 1, 1, 4, 4)], "ann")
    assert counts(store, project.id) == {"a": 1, "A": 1}
    assert [row.id for row in store.images(project.id, ImageFilter(label="A"))] == ids[:1]
    assert [row.id for row in store.images(project.id, ImageFilter(label="a"))] == ids[1:]


def test_a_database_of_an_older_version_gets_keys_with_case(store: Store, tmp_path: Path) -> None:
    project = store.create_project("Birds", classes=["Owl", "A"])
    with store._engine.begin() as connection:
        connection.execute(text("UPDATE classes SET name_key = lower(name)"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0007'"))
    store.close()
    again = open_store(tmp_path)
    with again._engine.begin() as connection:
        assert set(connection.execute(text("SELECT name_key FROM classes")).scalars()) == {"Owl", "A"}
    again.add_class(project.id, "a", "ann")
    assert list(counts(again, project.id)) == ["Owl", "A", "a"]


def test_names_are_found_in_their_own_case_first() -> None:
    classes = ByClassName([("cat", 1), ("Cat", 2), ("dog", 3)])
    assert [classes.find(name) for name in ("cat", "Cat", "CAT", "Dog", "owl")] == [1, 2, 1, 3, None]
    assert classes.same("CAT") is None
    assert spellings({"cat": 0, "dog": 0, "Cat": 0, "cat\u200b": 0}) == [["cat", "Cat"]]
