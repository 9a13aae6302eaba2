"""Labels, classes and removals as changes: who and when, undo, redo, and several people at once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.data.store.history import undo
from core.data.store.store import ImageRow, Store
from core.errors import DataError
from tests.data.builders import add, labelled_project, labels_of, open_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def state(store: Store, project_id: int) -> tuple[list[str], list[ImageRow], dict[int, tuple[str, ...]]]:
    """All that changes can touch."""
    classes = [info.name for info in store.classes(project_id)]
    return classes, store.images(project_id), store.tags_of(project_id)


def class_id(store: Store, project_id: int, name: str) -> int:
    return next(info.id for info in store.classes(project_id) if info.name == name)


def texts(store: Store, project_id: int) -> list[str]:
    return [change.text for change in store.history(project_id)]


# Labels


def test_a_label_carries_who_and_when(store: Store) -> None:
    project_id, ids = labelled_project(store, ["owl", None])
    number = store.annotate(project_id, [ids[1]], "OWL", "bob")
    row = store.image(project_id, ids[1])
    assert (row.label, row.annotated_by) == ("owl", "bob")
    assert row.annotated_at is not None
    assert timedelta() <= datetime.now(UTC) - row.annotated_at < timedelta(minutes=1)
    newest = store.history(project_id)[0]
    assert (newest.id, newest.kind, newest.text, newest.who) == (number, "label", "photo 1.png: owl", "bob")
    assert (newest.when.tzinfo, newest.undone, newest.kept) == (UTC, False, 0)
    assert store.changed_images(project_id, number) == [ids[1]]


def test_taking_a_label_away_takes_its_author_along(store: Store) -> None:
    project_id, ids = labelled_project(store, ["owl", "owl"])
    store.annotate(project_id, ids, None, "bob")
    assert {(row.label, row.annotated_by, row.annotated_at) for row in store.images(project_id)} == {(None, None, None)}
    assert texts(store, project_id) == ["2 photos: no label", "2 photos: owl"]


def test_confirming_a_label_is_a_change_of_who_gave_it(store: Store) -> None:
    project_id, ids = labelled_project(store, ["owl"])
    store.annotate(project_id, ids, "owl", "bob")
    assert store.image(project_id, ids[0]).annotated_by == "bob"
    store.undo(project_id)
    assert store.image(project_id, ids[0]).annotated_by == "ann"


def test_wrong_calls_change_nothing(store: Store) -> None:
    project_id, ids = labelled_project(store, ["owl", "duck"])
    before = state(store, project_id)
    with pytest.raises(DataError, match=r'no class "swan".*owl, duck'):
        store.annotate(project_id, ids, "swan", "ann")
    with pytest.raises(DataError, match="Of the 3 photos selected, 1 can no longer"):
        store.annotate(project_id, [*ids, 99], "owl", "ann")
    with pytest.raises(DataError, match="No image was selected"):
        store.remove_images(project_id, [], "ann")
    with pytest.raises(DataError, match='no split "maybe"'):
        store.apply_labels(project_id, [(ids[0], "swan", None), (ids[1], None, "maybe")], "ann", "import")
    assert state(store, project_id) == before
    assert len(store.history(project_id)) == 2
    with pytest.raises(DataError, match="no classes yet"):
        empty = store.create_project("empty").id
        store.annotate(empty, [add(store, empty, 50).id], "owl", "ann")


# Import


def test_an_import_is_one_change_with_its_classes_in_order_of_appearance(store: Store) -> None:
    project_id, ids = labelled_project(store, [None, None, "owl", "owl", None])
    before = state(store, project_id)
    rows = [
        (ids[0], "duck", "test"),
        (ids[1], "Duck", None),  # another spelling is no other class
        (ids[2], None, "val"),  # says nothing about the label
        (ids[3], "swan", None),
        (ids[4], None, None),
    ]
    number = store.apply_labels(project_id, rows, "bob", "birds.zip: 5 images")
    assert [info.name for info in store.classes(project_id)] == ["owl", "duck", "swan"]
    assert labels_of(store, project_id) == ["duck", "duck", "owl", "swan", None]
    assert [row.split for row in store.images(project_id)] == ["test", None, "val", None, None]
    assert [row.annotated_by for row in store.images(project_id)] == ["bob", "bob", "ann", "bob", None]
    after = state(store, project_id)
    undone = store.undo(project_id)
    assert undone is not None and (undone.id, undone.text, undone.undone, undone.kept) == (
        number,
        "birds.zip: 5 images",
        True,
        0,
    )
    assert state(store, project_id) == before
    store.redo(project_id)
    assert state(store, project_id) == after


def test_an_import_that_says_nothing_new_is_no_change(store: Store) -> None:
    project_id, ids = labelled_project(store, ["owl", None])
    before = state(store, project_id)
    assert store.apply_labels(project_id, [(ids[0], "owl", None), (ids[1], None, None)], "bob", "import") == 0
    assert store.apply_labels(project_id, [], "bob", "import") == 0
    assert state(store, project_id) == before
    assert len(store.history(project_id)) == 1


# Classes


def test_names_of_classes_are_trimmed_and_unique_in_any_case(store: Store) -> None:
    project_id, _ = labelled_project(store, ["owl", "duck"])
    added = store.add_class(project_id, "  bird  of prey ", "ann")
    assert (added.name, added.position, added.count) == ("bird of prey", 2, 0)
    for taken in ("OWL", " owl", "Bird of\tPrey"):
        with pytest.raises(DataError, match="already"):
            store.add_class(project_id, taken, "ann")
    with pytest.raises(DataError, match='class "duck" already'):
        store.rename_class(project_id, added.id, "Duck", "ann")
    with pytest.raises(DataError, match="empty"):
        store.rename_class(project_id, added.id, " ", "ann")
    store.rename_class(project_id, added.id, "Bird of Prey", "ann")
    assert [info.name for info in store.classes(project_id)] == ["owl", "duck", "Bird of Prey"]
    store.rename_class(project_id, added.id, "Bird of Prey", "ann")
    assert len(store.history(project_id)) == 4  # the last call was no change


def test_renaming_keeps_the_labels(store: Store) -> None:
    project_id, _ = labelled_project(store, ["owl", "duck"])
    store.rename_class(project_id, class_id(store, project_id, "owl"), "barn owl", "ann")
    assert labels_of(store, project_id) == ["barn owl", "duck"]


def test_merging_moves_all_images_and_undo_parts_them_again(store: Store) -> None:
    project_id, _ = labelled_project(store, ["owl", "duck", "Owls", "owl", "Owls"])
    before = state(store, project_id)
    source, target = class_id(store, project_id, "Owls"), class_id(store, project_id, "owl")
    assert store.merge_classes(project_id, source, target, "bob") == 2
    assert labels_of(store, project_id) == ["owl", "duck", "owl", "owl", "owl"]
    assert [info.name for info in store.classes(project_id)] == ["owl", "duck"]
    assert texts(store, project_id)[0] == 'class "Owls" merged into "owl" (2 photos)'
    store.undo(project_id)
    assert state(store, project_id) == before
    with pytest.raises(DataError, match="with itself"):
        store.merge_classes(project_id, source, source, "bob")
    with pytest.raises(DataError, match="no longer in the project"):
        store.merge_classes(project_id, 99, target, "bob")


def test_removing_a_class_leaves_its_images_unlabelled_until_undo(store: Store) -> None:
    project_id, ids = labelled_project(store, ["owl", "duck", "owl"])
    before = state(store, project_id)
    store.remove_images(project_id, [ids[2]], "ann")
    assert store.remove_class(project_id, class_id(store, project_id, "owl"), "bob") == 1
    assert labels_of(store, project_id) == [None, "duck"]
    store.add_class(project_id, "owl", "bob")  # the name is free again
    for _ in range(3):
        undone = store.undo(project_id)
        assert undone is not None and undone.kept == 0
    assert state(store, project_id) == before  # the removed image has its label again too


def test_moving_classes(store: Store) -> None:
    project_id, _ = labelled_project(store, ["a", "b", "c", "d"])

    def move(name: str, position: int) -> str:
        store.move_class(project_id, class_id(store, project_id, name), position, "ann")
        infos = store.classes(project_id)
        assert [info.position for info in infos] == [0, 1, 2, 3]
        return "".join(info.name for info in infos)

    assert move("d", 0) == "dabc"
    assert move("d", 2) == "abdc"
    assert move("a", 99) == "bdca"
    assert move("a", 3) == "bdca"
    for expected in ("abdc", "dabc", "abcd"):
        store.undo(project_id)
        assert "".join(info.name for info in store.classes(project_id)) == expected


# Undo, redo


def test_undo_and_redo_go_through_all_changes(store: Store) -> None:
    project_id, ids = labelled_project(store, ["owl", None])
    store.annotate(project_id, ids, "owl", "ann")
    store.remove_images(project_id, [ids[0]], "ann")
    assert [store.undo(project_id) is not None for _ in range(4)] == [True, True, True, False]
    assert labels_of(store, project_id) == [None, None]
    assert all(change.undone for change in store.history(project_id))
    assert [store.redo(project_id) is not None for _ in range(4)] == [True, True, True, False]
    assert labels_of(store, project_id) == ["owl"]
    assert not any(change.undone for change in store.history(project_id))


def test_something_new_ends_redoing(store: Store) -> None:
    project_id, ids = labelled_project(store, ["owl", None])
    store.annotate(project_id, [ids[1]], "owl", "ann")
    store.undo(project_id, "ann")
    store.annotate(project_id, [ids[0]], None, "bob")
    assert store.redo(project_id, "bob") is None
    store.annotate(project_id, [ids[0]], "owl", "ann")
    assert store.redo(project_id, "ann") is None
    assert labels_of(store, project_id) == ["owl", None]


def test_each_person_undoes_their_own(store: Store) -> None:
    project_id, ids = labelled_project(store, ["owl", "owl", "duck"])
    store.annotate(project_id, [ids[0]], "duck", "ann")
    store.annotate(project_id, [ids[1]], "duck", "bob")
    undone = store.undo(project_id, "ann")
    assert undone is not None and undone.text == "photo 0.png: duck"
    assert labels_of(store, project_id) == ["owl", "duck", "duck"]
    assert store.undo(project_id, "cleo") is None
    store.redo(project_id, "ann")
    assert labels_of(store, project_id) == ["duck", "duck", "duck"]


def test_undo_keeps_what_somebody_else_changed_since(store: Store) -> None:
    project_id, ids = labelled_project(store, [None, None, None, "duck", "owl"])
    store.annotate(project_id, ids[:3], "owl", "ann")
    store.annotate(project_id, [ids[1]], "duck", "bob")
    store.annotate(project_id, [ids[2]], "owl", "bob")  # the same label, but now bob vouches for it
    undone = store.undo(project_id, "ann")
    assert undone is not None and undone.kept == 2
    assert labels_of(store, project_id) == [None, "duck", "owl", "duck", "owl"]
    again = store.redo(project_id, "ann")
    assert again is not None and again.kept == 2
    assert labels_of(store, project_id) == ["owl", "duck", "owl", "duck", "owl"]


def test_undo_of_a_class_that_others_use_by_now_keeps_it(store: Store) -> None:
    project_id, ids = labelled_project(store, [None])
    store.add_class(project_id, "owl", "ann")
    store.annotate(project_id, ids, "owl", "bob")
    undone = store.undo(project_id, "ann")
    assert undone is not None and undone.kept == 1
    assert labels_of(store, project_id) == ["owl"]


def test_undo_of_a_removed_class_whose_name_is_taken_by_now(store: Store) -> None:
    project_id, _ = labelled_project(store, ["owl", "owl"])
    store.remove_class(project_id, class_id(store, project_id, "owl"), "ann")
    store.add_class(project_id, "owl\u200b", "bob")
    undone = store.undo(project_id, "ann")
    assert undone is not None and undone.kept == 3  # the class and, with it, its two images
    assert [info.name for info in store.classes(project_id)] == ["owl"]
    assert labels_of(store, project_id) == [None, None]


def test_undo_of_a_removed_class_brings_it_back_beside_one_that_differs_only_in_case(store: Store) -> None:
    project_id, _ = labelled_project(store, ["owl", "owl"])
    store.remove_class(project_id, class_id(store, project_id, "owl"), "ann")
    store.add_class(project_id, "Owl", "bob")
    undone = store.undo(project_id, "ann")
    assert undone is not None and undone.kept == 0
    assert {info.name: info.count for info in store.classes(project_id)} == {"owl": 2, "Owl": 0}


def test_undo_never_brings_back_a_label_of_a_removed_class(store: Store) -> None:
    project_id, ids = labelled_project(store, ["owl", "duck"])
    store.annotate(project_id, [ids[0]], "duck", "ann")
    store.remove_class(project_id, class_id(store, project_id, "owl"), "bob")
    undone = store.undo(project_id, "ann")
    assert undone is not None and undone.kept == 1
    assert labels_of(store, project_id) == ["duck", "duck"]


def test_undo_of_an_import_leaves_later_splits_alone(store: Store) -> None:
    project_id, ids = labelled_project(store, [None, None])
    store.apply_labels(project_id, [(number, "owl", None) for number in ids], "ann", "import")
    store.assign_splits(project_id)
    splits = [row.split for row in store.images(project_id)]
    undone = store.undo(project_id)
    assert undone is not None and undone.kept == 0
    assert labels_of(store, project_id) == [None, None]
    assert [row.split for row in store.images(project_id)] == splits


def test_an_image_comes_back_beside_one_that_took_its_name(store: Store) -> None:
    project_id, ids = labelled_project(store, ["owl"])
    store.remove_images(project_id, ids, "ann")
    add(store, project_id, 50, "photo 0.png")
    store.undo(project_id)
    assert [row.filename for row in store.images(project_id)] == ["photo 0 (2).png", "photo 0.png"]
    assert store.find_image(project_id, store.image(project_id, ids[0]).hash) is not None


def test_two_images_of_one_name_come_back_under_two_names(store: Store) -> None:
    project_id, ids = labelled_project(store, ["owl"])
    store.remove_images(project_id, ids, "ann")
    second = add(store, project_id, 50, "photo 0.png")
    store.remove_images(project_id, [second.id], "bob")
    store.undo(project_id, "ann")
    store.undo(project_id, "bob")
    assert sorted(row.filename for row in store.images(project_id)) == ["photo 0 (2).png", "photo 0.png"]


def test_an_alias_gives_way_too_when_its_image_comes_back(store: Store) -> None:
    project_id, ids = labelled_project(store, ["owl"])
    add(store, project_id, 0, "alias.png")
    store.remove_images(project_id, ids, "ann")
    add(store, project_id, 50, "alias.png")
    store.undo(project_id)
    filenames = [row.filename for row in store.label_rows(project_id)]
    assert sorted(filenames) == ["alias.png", "photo 0.png"]


def test_history_is_of_one_project_and_newest_first(store: Store) -> None:
    one, ids = labelled_project(store, ["owl"] * 3, "one")
    two, _ = labelled_project(store, ["duck"], "two")
    for number in ids:
        store.annotate(one, [number], "owl", "ann")
    assert texts(store, one) == ["photo 2.png: owl", "photo 1.png: owl", "photo 0.png: owl", "3 photos: owl"]
    assert len(store.history(one, limit=2)) == 2
    store.undo(one)
    assert labels_of(store, two) == ["duck"]


NAMES = ["owl", "duck", "swan", "crow"]


def steps() -> dict[str, Callable[[Store, int, list[int], Any], object]]:
    """Everything that a person can change, drawn from numbers; what is not possible just now is refused."""

    def one_class(store: Store, project_id: int, draw: Any) -> int:
        infos = store.classes(project_id)
        if not infos:
            raise DataError("none")
        return infos[draw(st.integers(0, len(infos) - 1))].id

    def some(ids: list[int], draw: Any) -> list[int]:
        return list(draw(st.lists(st.sampled_from(ids), min_size=1, max_size=4)))

    name = st.sampled_from(NAMES)
    split = st.sampled_from([None, "train", "val", "test"])
    return {
        "annotate": lambda s, p, ids, draw: s.annotate(p, some(ids, draw), draw(st.none() | name), "ann"),
        "import": lambda s, p, ids, draw: s.apply_labels(
            p, [(number, draw(name), draw(split)) for number in some(ids, draw)], "ann", "import"
        ),
        "group": lambda s, p, ids, draw: s.set_groups(p, dict.fromkeys(some(ids, draw), draw(st.none() | name)), "ann"),
        "add tag": lambda s, p, ids, draw: s.add_tag(p, some(ids, draw), draw(name), "ann"),
        "remove tag": lambda s, p, ids, draw: s.remove_tag(p, some(ids, draw), draw(name), "ann"),
        "remove images": lambda s, p, ids, draw: s.remove_images(p, some(ids, draw)[:1], "ann"),
        "add class": lambda s, p, ids, draw: s.add_class(p, draw(name), "ann"),
        "rename": lambda s, p, ids, draw: s.rename_class(p, one_class(s, p, draw), draw(name), "ann"),
        "merge": lambda s, p, ids, draw: s.merge_classes(p, one_class(s, p, draw), one_class(s, p, draw), "ann"),
        "remove class": lambda s, p, ids, draw: s.remove_class(p, one_class(s, p, draw), "ann"),
        "move": lambda s, p, ids, draw: s.move_class(p, one_class(s, p, draw), draw(st.integers(0, 4)), "ann"),
    }


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_was_done_undo_goes_back_through_every_state_and_redo_forth(store: Store, data: st.DataObject) -> None:
    with patch.object(undo, "ITEMS_AT_ONCE", data.draw(st.sampled_from([1, 2, 500]))):
        _go_back_and_forth(store, data)


def _go_back_and_forth(store: Store, data: st.DataObject) -> None:
    project = store.create_project(f"Birds {len(store.projects())}", classes=["owl"])
    ids = [add(store, project.id, number).id for number in range(5)]
    states = [state(store, project.id)]
    for kind in data.draw(st.lists(st.sampled_from(sorted(steps())), max_size=12)):
        count = len(store.history(project.id))
        try:
            steps()[kind](store, project.id, ids, data.draw)
        except DataError:
            assert state(store, project.id) == states[-1]  # what is refused changes nothing
        if len(store.history(project.id)) > count:
            states.append(state(store, project.id))
        else:
            assert state(store, project.id) == states[-1]
    for before in reversed(states[:-1]):
        undone = store.undo(project.id)
        assert undone is not None and undone.kept == 0
        assert state(store, project.id) == before
    assert store.undo(project.id) is None
    for after in states[1:]:
        redone = store.redo(project.id)
        assert redone is not None and redone.kept == 0
        assert state(store, project.id) == after
