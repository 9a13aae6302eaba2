"""What each person said of an image, read from the history; what was looked at and kept."""

from pathlib import Path

import pytest

from core.data.store.records import BoxRow
from core.data.store.store import Store
from tests.data.builders import add, labelled_project, open_store
from tests.data.store.history.test_changes import class_id


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def said(store: Store, project_id: int) -> dict[tuple[int, str], str]:
    return {(one.image_id, one.who): one.label for one in store.opinions(project_id)}


def test_each_person_has_one_opinion_of_an_image_their_latest(store: Store) -> None:
    project_id, (image, other) = labelled_project(store, ["owl", "duck"])
    store.annotate(project_id, [image], "duck", "bob")
    store.annotate(project_id, [image], "owl", "bob")
    store.annotate(project_id, [other], "duck", "bob")  # the same as ann: a confirmation is an opinion too
    assert said(store, project_id) == {
        (image, "ann"): "owl",
        (image, "bob"): "owl",
        (other, "ann"): "duck",
        (other, "bob"): "duck",
    }


def test_what_is_undone_or_taken_away_is_no_opinion(store: Store) -> None:
    project_id, (image, other) = labelled_project(store, ["owl", "duck"])
    store.annotate(project_id, [image], "duck", "bob")
    store.undo(project_id, "bob")
    store.annotate(project_id, [other], None, "ann")
    assert said(store, project_id) == {(image, "ann"): "owl"}
    store.remove_images(project_id, [image], "ann")
    assert said(store, project_id) == {}


def test_an_import_speaks_for_the_one_who_brought_it(store: Store) -> None:
    project_id, (image,) = labelled_project(store, ["owl"])
    store.apply_labels(project_id, [(image, "duck", "train")], "bob", "labels.csv")
    assert said(store, project_id)[image, "bob"] == "duck"


def test_who_draws_a_box_says_what_is_in_it(store: Store) -> None:
    project = store.create_project("Hens", task="localization", classes=["hen", "cock"])
    image = add(store, project.id, 0).id
    store.set_boxes(project.id, image, [BoxRow("hen", 1, 1, 4, 4)], "ann")
    store.set_boxes(project.id, image, [BoxRow("cock", 1, 1, 4, 4)], "bob")
    assert said(store, project.id) == {(image, "ann"): "hen", (image, "bob"): "cock"}


@pytest.mark.parametrize("kind", ["accepted", "adjudicated"])
def test_decisions_and_accepted_suggestions_are_no_opinions(store: Store, kind: str) -> None:
    project_id, (image, _) = labelled_project(store, ["owl", "duck"])
    number = store.annotate(project_id, [image], "duck", "bob", kind)
    assert said(store, project_id).keys() == {(image, "ann"), (image + 1, "ann")}
    assert store.adjudicated(project_id) == ({image: number} if kind == "adjudicated" else {})
    assert store.history(project_id)[0].kind == kind
    store.undo(project_id)
    assert store.adjudicated(project_id) == {}


def test_people_without_a_name_are_not_taken_for_one_annotator(store: Store) -> None:
    """All their labels counted as those of one person called someone, who agreed or disagreed with the others."""
    project_id, (image, other) = labelled_project(store, ["owl", "duck"])
    for tab, label in (("left", "duck"), ("right", "owl")):
        store.in_tab(tab).annotate(project_id, [image], label, "someone")
    store.annotate(project_id, [other], "duck", "Someone ")
    assert said(store, project_id) == {(image, "ann"): "owl", (other, "ann"): "duck"}
    assert store.nameless_labels(project_id) == 2
    store.annotate(project_id, [image], "duck", "bob")
    assert said(store, project_id)[image, "bob"] == "duck"


def test_who_accepts_a_suggestion_no_longer_holds_an_opinion_of_their_own(store: Store) -> None:
    project_id, (image, _) = labelled_project(store, ["owl", "duck"])
    store.annotate(project_id, [image], "duck", "bob")
    store.annotate(project_id, [image], "owl", "bob", "accepted")
    assert (image, "bob") not in said(store, project_id)
    store.undo(project_id)
    assert said(store, project_id)[image, "bob"] == "duck"


def test_opinions_follow_a_class_that_was_merged_and_renamed(store: Store) -> None:
    project_id, (image, _) = labelled_project(store, ["owls", "owl"])
    store.annotate(project_id, [image], "owls", "bob")
    store.merge_classes(project_id, class_id(store, project_id, "owls"), class_id(store, project_id, "owl"), "cleo")
    store.rename_class(project_id, class_id(store, project_id, "owl"), "Owl", "cleo")
    found = said(store, project_id)
    assert found[image, "ann"] == found[image, "bob"] == "Owl"
    assert (image, "cleo") not in found  # who merges classes has not looked at every image


def test_opinions_of_a_removed_class_are_gone(store: Store) -> None:
    project_id, (_, other) = labelled_project(store, ["owl", "duck"])
    store.remove_class(project_id, class_id(store, project_id, "owl"), "cleo")
    assert said(store, project_id) == {(other, "ann"): "duck"}


def test_verdicts_survive_a_restart_and_can_be_taken_back(store: Store, tmp_path: Path) -> None:
    project_id, _ = labelled_project(store, ["owl"])
    other, _ = labelled_project(store, ["owl"], "other")
    store.record_review(project_id, "label error", ["1:1", "2:1"], "ann")
    store.record_review(project_id, "label error", ["2:1"], "bob")
    store.record_review(project_id, "odd", ["1"], "bob")
    store.close()
    again = open_store(tmp_path)
    kept = again.reviews(project_id, "label error")
    assert {subject: verdict.who for subject, verdict in kept.items()} == {"1:1": "ann", "2:1": "bob"}
    assert list(again.reviews(project_id, "odd")) == ["1"]
    assert again.reviews(other, "label error") == {}
    again.forget_review(project_id, "label error", ["1:1"])
    assert list(again.reviews(project_id, "label error")) == ["2:1"]
    again.delete_project(project_id)
    assert again.reviews(project_id, "label error") == {}
