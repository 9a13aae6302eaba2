"""Undo and redo in parts: others label in between, and what was interrupted goes on or is taken back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from core.data.store.history import roll_back, undo
from core.data.store.store import BoxRow, Store
from tests.data.builders import add, labelled_project, labels_of, open_store


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(undo, "ITEMS_AT_ONCE", 3)
    opened = open_store(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def imported(store: Store) -> tuple[int, list[int], int]:
    """A project of ten images whose labels and classes one change has set; its number, the images', the change's."""
    project, ids = labelled_project(store, [None] * 10)
    rows = [(number, f"class {place % 4}", None) for place, number in enumerate(ids)]
    return project, ids, store.apply_labels(project, rows, "ann", "labels.csv")


def writes_of(store: Store) -> list[bool]:
    """The write transactions that the store begins from now on."""
    begun: list[bool] = []
    event.listen(
        store._engine, "begin", lambda conn: begun.append(True) if conn.get_execution_options().get("writes") else None
    )
    return begun


def test_a_large_change_is_undone_in_several_transactions_as_one_step(
    store: Store, imported: tuple[int, list[int], int]
) -> None:
    """Undo of an import with 1,000 classes held the database for two seconds."""
    project, _, change = imported
    begun = writes_of(store)
    undone = store.undo(project)
    assert undone is not None and (undone.id, undone.undone, undone.kept, undone.unfinished) == (change, True, 0, False)
    assert len(begun) == 5  # 14 items, three at a time
    assert set(labels_of(store, project)) == {None}
    assert store.classes(project) == []
    assert store.redo(project) is not None
    assert [info.count for info in store.classes(project)] == [3, 3, 2, 2]
    (newest, *_) = store.history(project)
    assert (newest.id, newest.undone, newest.unfinished) == (change, False, False)


def test_a_label_that_somebody_gives_between_two_parts_stays(
    store: Store, imported: tuple[int, list[int], int]
) -> None:
    project, ids, _ = imported
    go_on, parts = undo.go_on, 0

    def watched(conn: Any, *rest: Any) -> Any:
        nonlocal parts
        parts += 1
        return go_on(conn, *rest)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(undo, "go_on", watched)
        first = store._write(lambda conn: undo.undo(conn, project), project)
        assert first is not None and first.more
        store.annotate(project, [ids[0]], "class 3", "bob")
        undone = store._go_on(project, first)
    assert parts == 5
    assert undone.kept == 2  # the image, and the class that it has now
    assert labels_of(store, project) == ["class 3", *[None] * 9]
    assert [info.name for info in store.classes(project)] == ["class 3"]


def interrupted(store: Store, project: int) -> None:
    """Begins to undo the newest change; the process dies after the first part."""
    store._write(lambda conn: undo.undo(conn, project), project)
    assert labels_of(store, project).count(None) == 3


def test_an_interrupted_undo_goes_on_when_it_is_called_again(
    store: Store, imported: tuple[int, list[int], int]
) -> None:
    project, _, change = imported
    interrupted(store, project)
    (newest, *_) = store.history(project)
    assert (newest.undone, newest.unfinished) == (False, True)
    undone = store.undo(project)
    assert undone is not None and (undone.id, undone.kept) == (change, 0)
    assert set(labels_of(store, project)) == {None}
    assert store.classes(project) == []


def test_an_interrupted_undo_can_be_taken_back_and_so_can_an_interrupted_redo(
    store: Store, imported: tuple[int, list[int], int]
) -> None:
    project, _, change = imported
    before = store.images(project)
    interrupted(store, project)
    redone = store.redo_one(project, change)
    assert redone.kept == 0
    assert store.images(project) == before
    store.undo(project)
    store._write(lambda conn: undo.redo(conn, project), project)  # classes only
    assert len(store.classes(project)) == 3
    assert store.undo_one(project, change).kept == 0
    assert store.classes(project) == []


def test_what_comes_after_an_interrupted_undo_is_no_part_of_that_change(
    store: Store, imported: tuple[int, list[int], int]
) -> None:
    project, ids, change = imported
    interrupted(store, project)
    assert store.apply_labels(project, [(ids[-1], "class 0", None)], "ann", "labels.csv", extends=change) != change


def test_an_interrupted_roll_back_is_undone_as_a_whole(store: Store) -> None:
    project, ids = labelled_project(store, ["owl"] * 6 + ["duck"] * 4)
    store.annotate(project, ids[:5], "duck", "bob")
    store.annotate(project, ids[3:8], None, "cem")
    before = store.images(project)
    first = store._write(lambda conn: roll_back.roll_back(conn, project, 0, "ann"), project)
    second = store._write(lambda conn: undo.go_on(conn, project, first), project)
    assert second.more and store.images(project) != before
    store.annotate(project, [ids[9]], "owl", "dan")  # no part of it
    (mine,) = store.roll_backs(project)
    assert store.undo_roll_back(project, mine.id).kept == 0
    assert [row.label for row in store.images(project)] == [*(row.label for row in before[:9]), "owl"]
    assert not any(change.unfinished for change in store.history(project))


def test_two_classes_that_have_swapped_their_names_go_back_together(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undo, "ITEMS_AT_ONCE", 500)
    project = store.create_project("Birds", classes=["owl", "duck"]).id
    start = store.annotate(project, [add(store, project, 0).id], "owl", "ann")
    owl, duck = (info.id for info in store.classes(project))
    for number, name in ((owl, "x"), (duck, "owl"), (owl, "duck")):
        store.rename_class(project, number, name, "ann")
    assert store.roll_back(project, start, "ann").kept == 0
    assert [info.name for info in store.classes(project)] == ["owl", "duck"]
    store.undo_roll_back(project, store.roll_backs(project)[0].id)
    assert [info.name for info in store.classes(project)] == ["duck", "owl"]


def test_boxes_and_the_class_of_their_image_stay_together_over_parts(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = store.create_project("Eyes", "localization", classes=["owl", "duck"]).id
    ids = [add(store, project, number).id for number in range(4)]
    boxes = {number: [BoxRow("owl", 1, 1, 4, 4)] for number in ids}
    store.apply_labels(project, [], "ann", "first", boxes=boxes)
    before = store.images(project), store.boxes(project)
    other = {number: [BoxRow("duck", 2, 2, 5, 5)] for number in ids}
    store.apply_labels(project, [], "bob", "second", boxes=other)
    after = store.images(project), store.boxes(project)
    for size in (1, 3, 5):
        monkeypatch.setattr(undo, "ITEMS_AT_ONCE", size)
        undone = store.undo(project)
        assert undone is not None and undone.kept == 0
        assert (store.images(project), store.boxes(project)) == before
        store.redo(project)
        assert (store.images(project), store.boxes(project)) == after
