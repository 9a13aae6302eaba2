"""The doubtful labels of a project, from its kept vectors to the queue."""

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import update

from core.data.store.schema import pictures
from core.data.store.store import Store
from core.errors import TooLittleData
from core.features.vectors import Vectors
from core.inspection.suggesting.review import (
    CORRECTED,
    REVIEW_KIND,
    ReviewedLabel,
    labels_to_review,
    newest_decision,
)
from tests.data.builders import labelled_project, open_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def with_vectors(store: Store, project_id: int, truth: list[int]) -> Vectors:
    """Vectors that lie by the true class, in two clear clouds."""
    vectors = Vectors(store.workspace, "test")
    dice = np.random.default_rng(0)
    features = np.eye(8, dtype=np.float32)[truth] + 0.1 * dice.normal(size=(len(truth), 8)).astype(np.float32)
    vectors.add([row.hash for row in store.image_labels(project_id)], features)
    return vectors


def test_wrong_labels_are_queued_with_what_they_should_be(store: Store) -> None:
    truth = [0, 1] * 15
    given: list[str | None] = ["owl" if one == 0 else "duck" for one in truth]
    given[4], given[9], given[20] = "duck", "owl", None
    project_id, ids = labelled_project(store, given)
    vectors = with_vectors(store, project_id, truth)
    queue, checked = labels_to_review(store, project_id, vectors)
    assert checked == 29
    found = {one.image_id: one for one in queue}
    assert set(found) == {ids[4], ids[9]}
    first = found[ids[4]]
    assert (first.given, first.proposed, first.likely) == ("duck", "owl", True)
    assert first.proposed_probability > 0.5 > first.given_probability
    duck = next(info.id for info in store.classes(project_id) if info.name == "duck")
    assert first.subject == f"{ids[4]}:{duck}"


def test_a_near_duplicate_does_not_confirm_a_wrong_label(store: Store) -> None:
    truth = [0, 1] * 12
    given: list[str | None] = ["owl" if one == 0 else "duck" for one in truth]
    for place in (0, 2, 4):
        given[place] = "duck"  # three frames of one burst, all wrong alike
    project_id, ids = labelled_project(store, given)
    hashes = [row.hash for row in store.image_labels(project_id)]
    vectors = Vectors(store.workspace, "test")
    features = np.zeros((24, 30), np.float32)
    features[:, 0] = np.array(truth) - 0.5
    features[np.arange(24), np.arange(24) + 2] = 0.7
    features[[2, 4]] = features[0]
    vectors.add(hashes, features)
    before = {one.image_id for one in labels_to_review(store, project_id, vectors).queue}
    with store._engine.begin() as connection:
        burst_hashes = pictures.c.hash.in_([hashes[place] for place in (0, 2, 4)])
        connection.execute(update(pictures).where(burst_hashes).values(phash=f"{0xF0F0:016x}"))
    after = {one.image_id for one in labels_to_review(store, project_id, vectors).queue}
    burst = {ids[0], ids[2], ids[4]}
    assert not burst & before  # the copies in the other folds had taught the wrong label
    assert burst <= after


def test_a_tab_takes_back_its_own_decision_and_not_that_of_another_person_without_a_name(store: Store) -> None:
    """Everybody without a name is "someone", and the newest decision of that name was taken back."""
    project_id, (one, other) = labelled_project(store, ["owl", "duck"])
    left, right = store.in_tab("left"), store.in_tab("right")
    number = left.annotate(project_id, [one], "duck", "someone", kind=CORRECTED)
    right.record_review(project_id, REVIEW_KIND, [f"{other}:2"], "someone")
    assert newest_decision(left, project_id, "someone") == ReviewedLabel(one, number, None)
    assert newest_decision(right, project_id, "someone") == ReviewedLabel(other, None, f"{other}:2")
    assert newest_decision(store.in_tab("third"), project_id, "someone") is None
    assert newest_decision(store, project_id, "someone") is not None  # a command, without a tab


def test_too_few_labels_are_said_to_be_too_few(store: Store) -> None:
    project_id, _ = labelled_project(store, ["owl", "owl", "duck"])
    with pytest.raises(TooLittleData, match="two classes with at least two"):
        labels_to_review(store, project_id, with_vectors(store, project_id, [0, 0, 1]))
    with pytest.raises(TooLittleData):
        labels_to_review(store, project_id, Vectors(store.workspace, "none"))
