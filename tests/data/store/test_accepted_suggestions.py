"""Suggestions that were accepted: one change, marked as the model's, undone by the person who accepted."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.data.pictures.decoding import Decoded
from core.data.store.store import ImageLabel, Project, Store
from core.errors import DataError
from core.workspace import open_workspace


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(open_workspace(tmp_path))
    yield opened
    opened.close()


@pytest.fixture
def project(store: Store) -> Project:
    made = store.create_project("Birds", classes=["owl", "duck"])
    for number in range(4):
        image = Image.fromarray(np.full((8, 8, 3), number, np.uint8))
        store.add_image(made.id, Decoded(image, (), "PNG", False), b"", f"{number}.png")
    return made


def test_all_labels_are_read_at_once_without_removed_images(store: Store, project: Project) -> None:
    rows = store.images(project.id)
    store.annotate(project.id, [rows[1].id], "duck", "Ana")
    store.remove_images(project.id, [rows[2].id], "Ana")
    assert store.image_labels(project.id) == [
        ImageLabel(row.id, row.hash, "duck" if place == 1 else None) for place, row in enumerate(rows) if place != 2
    ]


def test_accepted_suggestions_are_one_change_that_names_model_and_person(store: Store, project: Project) -> None:
    ids = [row.id for row in store.images(project.id)]
    store.accept_suggestions(project.id, [(ids[0], "owl"), (ids[1], "Duck")], "Ana")
    first, second, third, _ = store.images(project.id)
    assert (first.label, second.label, third.label) == ("owl", "duck", None)
    assert {first.annotated_by, second.annotated_by} == {"model, accepted by Ana"} and first.annotated_at
    (change,) = store.history(project.id)
    assert (change.who, change.kind, change.text) == ("Ana", "accepted", "2 photos: accepted from the model")
    store.undo(project.id, "Ana")
    assert [(row.label, row.annotated_by) for row in store.images(project.id)] == [(None, None)] * 4
    store.redo(project.id, "Ana")
    assert store.image(project.id, ids[1]).annotated_by == "model, accepted by Ana"


def test_who_was_faster_than_the_model_keeps_the_label(store: Store, project: Project) -> None:
    ids = [row.id for row in store.images(project.id)]
    store.annotate(project.id, [ids[0]], "duck", "Bo")
    store.accept_suggestions(project.id, [(ids[0], "owl"), (ids[1], "owl")], "Ana")
    assert [(row.label, row.annotated_by) for row in store.images(project.id)[:2]] == [
        ("duck", "Bo"),
        ("owl", "model, accepted by Ana"),
    ]
    assert store.accept_suggestions(project.id, [(ids[0], "owl")], "Ana") == 0
    assert store.history(project.id)[0].text == "1.png: accepted from the model"


def test_a_class_that_is_gone_accepts_nothing(store: Store, project: Project) -> None:
    ids = [row.id for row in store.images(project.id)]
    with pytest.raises(DataError, match="eagle"):
        store.accept_suggestions(project.id, [(ids[0], "owl"), (ids[1], "eagle")], "Ana")
    assert store.history(project.id) == []
