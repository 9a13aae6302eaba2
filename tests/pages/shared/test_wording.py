"""Sentences that the pages share."""

from core.data.store.store import Project, Store
from pages.components.shared.wording import disambiguate, undo_message
from tests.pages.conftest import add_photo


def test_an_undo_says_what_it_left_because_somebody_changed_it_since(store: Store, birds: Project) -> None:
    numbers = [add_photo(store, birds, f"pool {number}.png") for number in range(3)]
    store.annotate(birds.id, numbers, "owl", "Ana")
    whole = store.undo(birds.id, "Ana")
    assert whole is not None
    assert undo_message(whole).startswith("Undone: 3 photos")
    assert "not undone" not in undo_message(whole)
    store.annotate(birds.id, numbers, "owl", "Ana")
    store.annotate(birds.id, numbers[:1], "duck", "Ben")
    partly = store.undo(birds.id, "Ana")
    assert partly is not None
    assert "1 not undone, because somebody changed it since." in undo_message(partly)


def test_two_classes_of_one_name_are_told_apart_by_their_numbers() -> None:
    assert disambiguate(["owl", "crane", "duck", "crane"]) == ["owl", "crane (class 1)", "duck", "crane (class 3)"]
