"""Groups of a project's photos: set, undone, exported, kept on one side of the split."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, event, text

from core.data.store import large_changes
from core.data.store.database import MIGRATIONS
from core.data.store.store import ImageFilter, Store
from core.data.tables.labels_csv import read_labels, write_labels
from core.errors import DataError
from tests.data.builders import add, labelled_project, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path)
    yield opened
    opened.close()


def groups_of(store: Store, project: int) -> list[str | None]:
    return [row.group for row in store.images(project)]


def test_groups_are_set_changed_and_removed_each_as_one_change(store: Store) -> None:
    project, ids = labelled_project(store, ["owl", "duck", "owl", None])
    first = store.set_groups(project, {ids[0]: "anna", ids[1]: "anna", ids[3]: "bo"}, "ann")
    assert groups_of(store, project) == ["anna", "anna", None, "bo"]
    assert store.groups(project) == {"anna": 2, "bo": 1}
    second = store.set_groups(project, {ids[0]: None, ids[2]: "bo"}, "bob")
    assert groups_of(store, project) == [None, "anna", "bo", "bo"]
    assert [(one.text, one.kind, one.who) for one in store.history(project, 2)] == [
        ("2 photos: group bo", "groups", "bob"),
        ("3 photos: 2 groups", "groups", "ann"),
    ]
    assert store.changed_images(project, second) == [ids[0], ids[2]]
    assert [(one.group_before, one.group_after) for one in store.touched(project, second)] == [
        ("anna", None),
        (None, "bo"),
    ]
    assert store.set_groups(project, {ids[2]: "bo"}, "bob") == 0  # nothing changed, nothing in the history
    assert store.images(project, ImageFilter(group="bo"))[0].id == ids[2]
    assert store.count(project, ImageFilter(group="bo")) == 2
    store.undo_one(project, second)
    assert groups_of(store, project) == ["anna", "anna", None, "bo"]
    store.redo_one(project, second)
    assert groups_of(store, project) == [None, "anna", "bo", "bo"]
    reach = store.roll_back_reach(project, first - 1)
    assert (reach.changes, reach.images) == (2, 4)
    store.roll_back(project, first - 1, "ann")
    assert groups_of(store, project) == [None] * 4


def test_an_undo_keeps_the_group_that_somebody_gave_since_and_a_new_label(store: Store) -> None:
    project, ids = labelled_project(store, ["owl", "owl"])
    first = store.set_groups(project, dict.fromkeys(ids, "anna"), "ann")
    store.set_groups(project, {ids[0]: "bo"}, "bob")
    store.annotate(project, ids[1:], None, "bob")
    assert store.undo_one(project, first).kept == 1
    assert [(row.group, row.label) for row in store.images(project)] == [("bo", "owl"), (None, None)]


def test_a_group_has_one_spelling_and_a_usable_name(store: Store) -> None:
    project, ids = labelled_project(store, ["owl"] * 4)
    store.set_groups(project, {ids[0]: " Anna  B\u200b "}, "ann")
    store.set_groups(project, {ids[1]: "anna b", ids[2]: "Bo", ids[3]: "bo"}, "ann")
    assert groups_of(store, project) == ["Anna B", "Anna B", "Bo", "Bo"]
    before = store.revision(project)
    for wrong in ("", "\u200b", "x" * 201):
        with pytest.raises(DataError, match="The name of a group"):
            store.set_groups(project, {ids[0]: wrong}, "ann")
    with pytest.raises(DataError, match="can no longer be found"):
        store.set_groups(project, {ids[0]: "cy", 999: "cy"}, "ann")
    assert groups_of(store, project) == ["Anna B", "Anna B", "Bo", "Bo"] and store.revision(project) == before


def test_a_label_suggestion_does_not_notice_a_group(store: Store) -> None:
    """Groups change no label: suggestions that were fitted before are still right."""
    project, ids = labelled_project(store, ["owl", "duck"])
    before = store.label_revision(project)
    store.set_groups(project, dict.fromkeys(ids, "anna"), "ann")
    store.add_tag(project, ids, "snow", "ann")
    store.undo(project)
    assert store.label_revision(project) == before


def test_a_change_of_many_photos_is_one_step_although_it_is_written_in_parts(store: Store) -> None:
    project, ids = labelled_project(store, [None] * 7)
    monkey = pytest.MonkeyPatch()
    monkey.setattr("core.data.store.large_changes.LABELS_AT_ONCE", 2)
    monkey.setattr("core.data.store.history.undo.ITEMS_AT_ONCE", 2)
    try:
        store.set_groups(project, {number: f"g{place % 3}" for place, number in enumerate(ids)}, "ann")
        change = store.add_tag(project, ids, "snow", "ann")
        assert store.groups(project) == {"g0": 3, "g1": 2, "g2": 2} and store.tags(project) == {"snow": 7}
        assert len(store.history(project)) == 2 and len(store.touched(project, change)) == 7
        store.undo(project)
        store.undo(project)
    finally:
        monkey.undo()
    assert store.groups(project) == {} and store.tags(project) == {}


def test_the_exported_table_has_a_column_for_groups_only_if_there_are_any(store: Store) -> None:
    project, ids = labelled_project(store, ["owl", "duck"])
    assert write_labels(store.label_rows(project)).splitlines()[0] == "filename,label,split"
    store.set_groups(project, {ids[1]: "=anna"}, "ann")
    text_of = write_labels(store.label_rows(project, sources=True))
    assert text_of.splitlines()[0] == "filename,label,split,label_source,group"
    assert text_of.splitlines()[2] == "photo 1.png,duck,,person,'=anna"
    assert [row.group for row in read_labels(text_of.encode()).rows] == [None, "=anna"]


def test_another_name_of_a_photo_is_exported_with_its_group_and_tags(store: Store) -> None:
    project, ids = labelled_project(store, ["owl"])
    add(store, project, 0, "again.png")
    store.set_groups(project, {ids[0]: "anna"}, "ann")
    store.add_tag(project, ids, "snow", "ann")
    assert [(row.filename, row.group, row.tags) for row in store.label_rows(project)] == [
        ("photo 0.png", "anna", ("snow",)),
        ("again.png", "anna", ("snow",)),
    ]


# Splits


def test_photos_of_a_group_get_one_split_and_late_ones_join_it(store: Store) -> None:
    project, ids = labelled_project(store, ["owl", "duck"] * 14)
    store.set_groups(project, {number: f"driver {place // 4}" for place, number in enumerate(ids)}, "ann")
    store.assign_splits(project)
    state = store.group_state(project)
    assert state.sides == {} and state.remarks == () and state.without == 0
    assert {next(iter(one)) for one in state.splits.values()} == {"train", "val", "test"}
    assert all(len(one) == 1 for one in state.splits.values())
    before = {row.id: row.split for row in store.images(project)}
    late = [add(store, project, 100 + number).id for number in range(7)]
    store.set_groups(project, {number: f"driver {place}" for place, number in enumerate(late)}, "ann")
    store.annotate(project, late, "owl", "ann")
    store.assign_splits(project)
    after = {row.id: row for row in store.images(project)}
    assert {number: after[number].split for number in ids} == before
    assert store.group_state(project).sides == {}
    assert len({after[number].split for number in late}) == 3


def test_existing_splits_stay_until_they_are_made_again_by_group_and_undo_brings_them_back(store: Store) -> None:
    project, ids = labelled_project(store, ["owl", "duck"] * 14)
    store.assign_splits(project)
    random = [row.split for row in store.images(project)]
    store.set_groups(project, {number: f"driver {place // 4}" for place, number in enumerate(ids)}, "ann")
    store.assign_splits(project)
    assert [row.split for row in store.images(project)] == random
    torn = store.group_state(project).sides
    assert torn and all(len(splits) > 1 for splits in torn.values())
    change = store.split_by_group(project, "ann")
    assert store.group_state(project).sides == {}
    newest = store.history(project, 1)[0]
    moved = sum(row.split != split for row, split in zip(store.images(project), random, strict=True))
    assert newest.text == f"split again by group: {moved} photos moved" and newest.kind == "splits"
    assert store.split_by_group(project, "ann") == 0  # the same seed, the same groups: nothing moves
    store.undo_one(project, change)
    assert [row.split for row in store.images(project)] == random


def test_groups_are_brought_to_one_side_in_one_transaction(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that died between two parts left groups half moved, and a training could start between them."""
    monkeypatch.setattr(large_changes, "LABELS_AT_ONCE", 2)
    project, ids = labelled_project(store, ["owl", "duck"] * 14)
    store.assign_splits(project)
    store.set_groups(project, {number: f"driver {place // 4}" for place, number in enumerate(ids)}, "ann")
    commits: list[object] = []
    event.listen(store._engine, "commit", commits.append)
    change = store.split_by_group(project, "ann")
    assert len(commits) == 1 and len(store.changed_images(project, change)) > 2
    assert store.group_state(project).sides == {}


def test_photos_in_no_group_keep_their_split_when_groups_are_split_again(store: Store) -> None:
    project, ids = labelled_project(store, ["owl", "duck"] * 14)
    store.assign_splits(project)
    alone = ids[16:]
    before = {row.id: row.split for row in store.images(project)}
    store.set_groups(project, {number: f"driver {place // 4}" for place, number in enumerate(ids[:16])}, "ann")
    unlabelled = add(store, project, 200).id
    store.split_by_group(project, "ann")
    after = {row.id: row.split for row in store.images(project)}
    assert {number: after[number] for number in alone} == {number: before[number] for number in alone}
    assert after[unlabelled] is None


def test_the_state_names_classes_that_cannot_be_tested(store: Store) -> None:
    project, ids = labelled_project(store, ["owl", "duck", "owl", "duck", "swan", "swan"])
    store.set_groups(project, dict(zip(ids, ["anna", "anna", "bo", "bo", "cy", "cy"], strict=True)), "ann")
    add(store, project, 300)
    state = store.group_state(project)
    assert (state.photos, state.without) == (7, 1)
    assert state.remarks == ("The class swan is in one group only (cy), so it cannot be tested on a new group.",)


# Copies


def test_a_photo_whose_copies_are_removed_gets_their_group_and_tags(store: Store) -> None:
    """The larger copy had no group, stayed, and lost the driver that its copies belonged to."""
    project, ids = labelled_project(store, ["owl", "owl", None, "owl"])
    store.set_groups(project, {ids[1]: "anna", ids[3]: "bo"}, "ann")
    store.add_tag(project, ids[1:2], "snow", "ann")
    store.add_tag(project, ids[2:3], "night", "ann")
    change = store.remove_images(project, ids[1:3], "ann", {}, {ids[0]: ids[1:3], ids[3]: []})
    assert [(row.id, row.group) for row in store.images(project)] == [(ids[0], "anna"), (ids[3], "bo")]
    assert store.tags_of(project) == {ids[0]: ("night", "snow")}
    store.undo_one(project, change)
    assert groups_of(store, project) == [None, "anna", None, "bo"]
    assert store.tags_of(project) == {ids[1]: ("snow",), ids[2]: ("night",)}


def test_a_removed_photo_that_is_added_again_has_its_group_and_tags(store: Store) -> None:
    project, ids = labelled_project(store, ["owl", "duck"])
    store.set_groups(project, {ids[0]: "anna"}, "ann")
    store.add_tag(project, ids[:1], "snow", "ann")
    store.remove_images(project, ids[:1], "ann")
    assert store.groups(project) == {} and store.tags(project) == {} and store.tagged(project, "snow") == []
    add(store, project, 0)
    assert store.groups(project) == {"anna": 1} and store.tags(project) == {"snow": 1}


# Older databases


def test_a_database_of_the_version_before_opens_with_photos_in_no_group(tmp_path: Path) -> None:
    (tmp_path / "workspace").mkdir()
    engine = create_engine(f"sqlite:///{tmp_path / 'workspace' / 'studio.db'}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0006")
        for statement in (
            "INSERT INTO projects (id, name, name_key, task, created) "
            "VALUES (7, 'Birds', 'birds', 'classification', '2026-01-01')",
            "INSERT INTO pictures (hash, suffix, width, height, bytes) VALUES ('h', '.png', 4, 4, 10)",
            "INSERT INTO images (id, project_id, hash, filename, search_key, sort_key, removed) "
            "VALUES (3, 7, 'h', 'a.png', 'a.png', 'a.png', 0)",
        ):
            connection.execute(text(statement))
        connection.commit()
    engine.dispose()
    store = open_store(tmp_path)
    assert [(row.filename, row.group) for row in store.images(7)] == [("a.png", None)]
    assert store.groups(7) == {} and store.tags(7) == {}
    store.set_groups(7, {3: "anna"}, "ann")
    store.add_tag(7, [3], "snow", "ann")
    assert store.groups(7) == {"anna": 1} and store.tagged(7, "Snow") == [3]
    store.delete_project(7)
    assert store.projects() == []
    store.close()
