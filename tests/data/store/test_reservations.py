"""Photos are handed out: many desks on one project do not meet, and a desk that is gone keeps nobody waiting."""

from datetime import timedelta
from pathlib import Path

import pytest

from benchmarks.shared_labelling import label_together, make_project
from core.data.store import reservations
from core.data.store.history.changes import now
from core.data.store.records import BoxRow
from core.data.store.store import Store
from tests.data.builders import add, labelled_project, open_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def project_of(store: Store, labels: list[str | None]) -> tuple[int, list[int]]:
    """A project with the classes owl and duck, and the numbers of its photos."""
    project, ids = labelled_project(store, labels)
    for name in {"owl", "duck"} - {one.name for one in store.classes(project)}:
        store.add_class(project, name, "ann")
    return project, ids


def test_twelve_desks_label_different_photos_without_a_conflict(store: Store) -> None:
    """Thirty people made 522 presses: 337 were "changed meanwhile", and 22 distinct photos got a label."""
    project = make_project(store, 150)
    revision = store.revision(project)
    names = [f"person {number}" for number in range(12)]
    found = label_together(store, project, names, seconds=3.0, think=0.25)
    assert found.errors == []
    assert found.presses > 30  # each desk's share, also on a busy machine
    assert found.conflicts <= 0.02 * found.presses
    assert len(found.photos) == found.presses - found.conflicts
    assert store.revision(project) - revision == len(found.photos)  # reserving moves no revision
    assert store.reserved_by_others(project, "nobody") == {}  # they have left


def test_two_tabs_of_one_person_get_different_photos(store: Store) -> None:
    project, ids = project_of(store, ["owl", None, None, None])
    left, right = store.in_tab("left"), store.in_tab("right")
    assert left.hand_out(project, "someone") == ids[1]
    assert right.hand_out(project, "someone") == ids[2]
    assert left.hand_out(project, "someone", keep=[ids[1]], after_id=ids[1]) == ids[3]
    assert right.hand_out(project, "someone", keep=[ids[2]], after_id=ids[2]) is None
    assert set(right.reserved_by_others(project, "someone")) == {ids[1], ids[3]}


def test_the_order_of_suggestions_is_followed_and_skipped_photos_are_not_handed_out(store: Store) -> None:
    project, ids = project_of(store, [None, "owl", None, None])
    left, right = store.in_tab("left"), store.in_tab("right")
    assert left.hand_out(project, "ann", order=[ids[1], ids[3], ids[0]]) == ids[3]
    assert right.hand_out(project, "bob", order=[ids[1], ids[3], ids[0]]) == ids[0]
    assert right.hand_out(project, "bob", skip=[ids[0]]) == ids[2]
    assert set(left.reserved_by_others(project, "ann")) == {ids[2]}  # what it skipped was given back
    assert right.hand_out(project, "bob", skip=[ids[0], ids[2]]) is None


def test_a_reservation_ends_by_itself_and_renewing_keeps_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    project, ids = project_of(store, [None, None])
    left, right = store.in_tab("left"), store.in_tab("right")
    left.hand_out(project, "ann")
    begun = now()
    later = begun + timedelta(seconds=reservations.SECONDS - 5)
    monkeypatch.setattr(reservations, "now", lambda: later)
    assert right.hand_out(project, "bob") == ids[1]
    left.reserve(project, "ann", [ids[0]])
    right.release(project, "bob")
    much_later = begun + timedelta(seconds=reservations.SECONDS + 30)
    monkeypatch.setattr(reservations, "now", lambda: much_later)
    assert right.hand_out(project, "bob") == ids[1]  # renewed, so the first one is still ann's
    gone = much_later + timedelta(seconds=reservations.SECONDS)
    monkeypatch.setattr(reservations, "now", lambda: gone)
    assert right.reserved_by_others(project, "bob") == {}
    assert right.hand_out(project, "bob") == ids[0]


def test_a_photo_on_anothers_desk_is_seen_cannot_be_taken_over_and_can_be_labelled(store: Store) -> None:
    project, ids = project_of(store, [None, None])
    ana, bob = store.in_tab("a"), store.in_tab("b")
    ana.hand_out(project, "Ana")
    bob.reserve(project, "Bob", [ids[0]])
    (seen,) = bob.reserved_by_others(project, "Bob").values()
    assert (seen.image_id, seen.who) == (ids[0], "Ana") and seen.until > now()
    assert ana.reserved_by_others(project, "Ana") == {}
    bob.annotate(project, [ids[0]], "owl", "Bob")  # it reserves, it does not forbid
    assert store.image(project, ids[0]).label == "owl"


def test_the_last_photo_on_a_desk_stays_reserved_when_no_other_is_left(store: Store) -> None:
    project, ids = project_of(store, [None])
    ana, bob = store.in_tab("a"), store.in_tab("b")
    assert ana.hand_out(project, "Ana") == ids[0]
    assert ana.hand_out(project, "Ana", keep=ids, after_id=ids[0]) is None
    assert set(bob.reserved_by_others(project, "Bob")) == {ids[0]}
    assert bob.hand_out(project, "Bob") is None
    ana.release(project, "Ana")
    assert bob.hand_out(project, "Bob") == ids[0]


def test_photos_without_a_box_are_handed_out_too(store: Store) -> None:
    project = store.create_project("Hens", "localization", ["hen"]).id
    ids = [add(store, project, number).id for number in range(3)]
    store.set_boxes(project, ids[0], [BoxRow("hen", 1, 1, 4, 4)], "ann")
    left, right = store.in_tab("left"), store.in_tab("right")
    assert left.hand_out(project, "ann", boxless=True) == ids[1]
    assert right.hand_out(project, "bob", boxless=True) == ids[2]


def test_reservations_go_with_their_project_and_a_photo_that_is_gone_reserves_nothing(store: Store) -> None:
    project, ids = project_of(store, [None])
    other = store.create_project("Other", classes=["owl"]).id
    kept = add(store, other, 77).id
    ana = store.in_tab("a")
    ana.hand_out(project, "Ana")
    store.delete_project(project)
    assert store.reserved_by_others(project, "Bob") == {}
    ana.reserve(other, "Ana", [ids[0], kept])
    assert set(store.reserved_by_others(other, "Bob")) <= {kept, ids[0]}
