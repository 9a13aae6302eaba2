"""The counters by which a page sees whether suggestions still answer to the labels as they are now."""

from collections.abc import Callable
from pathlib import Path

import pytest

from core.data.store.history.label_revision import LabelRevision
from core.data.store.store import ImageFilter, Store
from tests.data.builders import add, labelled_project, open_store
from tests.data.store.history.test_changes import class_id


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def moved(store: Store, project: int, act: Callable[[], object]) -> tuple[bool, bool]:
    """Whether it counted as a change of labels, and as one that took back what stood."""
    before = store.label_revision(project)
    act()
    after = store.label_revision(project)
    assert after.withdrawn in (before.withdrawn, after.changed)
    return after.changed > before.changed, after.withdrawn > before.withdrawn


def test_added_labels_count_and_replaced_or_undone_ones_count_as_withdrawn(store: Store) -> None:
    project, ids = labelled_project(store, ["owl", "duck", None, None, None])
    added, withdrawn, neither = (True, False), (True, True), (False, False)
    assert moved(store, project, lambda: store.annotate(project, [ids[2]], "owl", "ann")) == added
    assert moved(store, project, lambda: store.accept_suggestions(project, [(ids[3], "owl")], "ann")) == added
    assert moved(store, project, lambda: store.add_class(project, "swan", "ann")) == added
    assert moved(store, project, lambda: store.annotate(project, [ids[2]], "owl", "bob")) == neither  # confirmed
    assert moved(store, project, lambda: store.annotate(project, [ids[2]], "duck", "ann")) == withdrawn
    assert moved(store, project, lambda: store.undo(project)) == withdrawn
    assert moved(store, project, lambda: store.annotate(project, [ids[2]], None, "ann")) == withdrawn
    assert moved(store, project, lambda: store.remove_images(project, [ids[0]], "ann")) == withdrawn
    swan = class_id(store, project, "swan")
    assert moved(store, project, lambda: store.rename_class(project, swan, "goose", "ann")) == withdrawn
    assert moved(store, project, lambda: store.roll_back(project, 0, "ann")) == withdrawn


def test_what_changes_no_label_is_not_counted(store: Store) -> None:
    project, ids = labelled_project(store, ["owl", "duck", None])
    nothing = (False, False)
    assert moved(store, project, lambda: add(store, project, 99)) == nothing
    assert moved(store, project, lambda: store.assign_splits(project)) == nothing
    assert moved(store, project, lambda: store.record_review(project, "dark", ["1"], "ann")) == nothing
    assert moved(store, project, lambda: store.hand_out(project, "ann")) == nothing
    rows = [(ids[0], None, "test")]
    assert moved(store, project, lambda: store.apply_labels(project, rows, "ann", "", kind="splits")) == nothing
    assert store.count(project, ImageFilter(split="test")) >= 1
    assert store.label_revision(project + 1) == LabelRevision(0, 0)
