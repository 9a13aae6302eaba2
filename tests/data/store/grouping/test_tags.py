"""Tags of photos: added, removed, undone, searched."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.data.store.store import ImageFilter, Store
from core.data.tables.labels_csv import read_labels, write_labels
from core.errors import DataError
from tests.data.builders import labelled_project, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path)
    yield opened
    opened.close()


def test_a_photo_has_several_tags_which_are_added_and_removed(store: Store) -> None:
    project, ids = labelled_project(store, ["owl", "duck", None])
    change = store.add_tag(project, ids[:2], "snow", "ann")
    store.add_tag(project, ids[1:], " Indoors ", "ann")
    assert store.tags(project) == {"Indoors": 2, "snow": 2}
    assert store.tags_of(project) == {ids[0]: ("snow",), ids[1]: ("Indoors", "snow"), ids[2]: ("Indoors",)}
    assert store.tags_of(project, ids[:1]) == {ids[0]: ("snow",)}
    assert store.tagged(project, "snow") == ids[:2] and store.tagged(project, "no such tag") == []
    assert [row.id for row in store.images(project, ImageFilter(tag="INDOORS", unlabelled=True))] == ids[2:]
    assert store.count(project, ImageFilter(tag="indoors")) == 2
    assert [(one.text, one.kind) for one in store.history(project, 2)] == [
        ("2 photos: tag Indoors added", "tags"),
        ("2 photos: tag snow added", "tags"),
    ]
    assert [(one.image_id, one.tags) for one in store.touched(project, change)] == [
        (number, {"snow": True}) for number in ids[:2]
    ]
    assert store.changed_images(project, change) == ids[:2]
    assert store.remove_tag(project, ids, "SNOW", "ann") and store.tags(project) == {"Indoors": 2}
    assert store.remove_tag(project, ids, "snow", "ann") == 0
    assert store.add_tag(project, ids[1:], "indoors", "ann") == 0


def test_an_undo_takes_back_its_own_tag_only(store: Store) -> None:
    project, ids = labelled_project(store, ["owl", "duck"])
    first = store.add_tag(project, ids, "snow", "ann")
    store.add_tag(project, ids, "night", "bob")
    assert store.undo_one(project, first).kept == 0
    assert store.tags(project) == {"night": 2}
    assert store.redo_one(project, first).kept == 0
    assert store.tags(project) == {"night": 2, "snow": 2}
    assert store.roll_back_reach(project, first - 1).images == 2
    store.roll_back(project, first - 1, "ann")
    assert store.tags(project) == {}
    store.undo_roll_back(project, store.roll_backs(project)[0].id)
    assert store.tags(project) == {"night": 2, "snow": 2}
    store.remove_tag(project, ids[:1], "snow", "bob")
    assert store.undo_one(project, first).kept == 1  # somebody has removed it from one photo since
    assert store.tags(project) == {"night": 2}


def test_a_removal_is_undone_too(store: Store) -> None:
    project, ids = labelled_project(store, ["owl", "duck"])
    store.add_tag(project, ids[:1], "snow", "ann")
    store.remove_tag(project, ids, "snow", "ann")
    assert store.tags(project) == {}
    store.undo(project)
    assert store.tags_of(project) == {ids[0]: ("snow",)}


def test_a_name_that_cannot_be_a_tag_is_refused_and_changes_nothing(store: Store) -> None:
    project, ids = labelled_project(store, ["owl"])
    for wrong, said in (("", "is empty"), ("a;b", "has a semicolon"), ("x" * 201, "at most 200")):
        with pytest.raises(DataError, match=said):
            store.add_tag(project, ids, wrong, "ann")
    assert store.history(project) == store.history(project, who="ann") and store.tags(project) == {}
    store.add_tag(project, ids, "annotated_at", "ann")  # a column's name: it once broke the undo
    store.undo(project)
    assert store.tags(project) == {}


def test_two_projects_share_no_tags_and_a_deleted_one_leaves_none(store: Store) -> None:
    one, ids = labelled_project(store, ["owl"], "One")
    two, others = labelled_project(store, ["owl"], "Two")
    store.add_tag(one, ids, "snow", "ann")
    assert store.tags(two) == {} and store.tagged(two, "snow") == []
    store.add_tag(two, others, "snow", "ann")
    store.delete_project(one)
    assert store.tags(two) == {"snow": 1}
    with store._engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM tags").scalar() == 1


def test_tags_go_out_and_come_back_in_one_column(store: Store) -> None:
    project, ids = labelled_project(store, ["owl", "duck"])
    store.add_tag(project, ids[:1], "snow", "ann")
    store.add_tag(project, ids[:1], "=2, at night", "ann")
    lines = write_labels(store.label_rows(project)).splitlines()
    assert lines == ["filename,label,split,tags", 'photo 0.png,owl,,"\'=2, at night; snow"', "photo 1.png,duck,,"]
    rows = read_labels("\n".join(lines).encode()).rows
    assert [row.tags for row in rows] == [("=2, at night", "snow"), ()]
