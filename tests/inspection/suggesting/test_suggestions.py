"""Suggestions: from two labels per class on, refitted in the background, for photos with a vector."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.data.pictures.decoding import Decoded
from core.data.store.store import Project, Store
from core.features.vectors import Vectors, default_vectors
from core.features.views import MIRRORED, ORIGINAL
from core.inspection.suggesting.suggestions import SuggestionModel, Suggestions
from core.inspection.suggesting.vector_job import VectorsState, _in_turns, begin, vectors_of, vectors_state
from core.models.weights import Pretrained
from core.workspace import open_workspace

CLASSES = ("owl", "duck", "parrot")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(open_workspace(tmp_path))
    yield opened
    opened.close()


@pytest.fixture
def project(store: Store) -> Project:
    """Thirty photos: the first is an owl, the second a duck, the third a parrot, and so on."""
    made = store.create_project("Birds", classes=CLASSES)
    for number in range(30):
        pixels = np.full((8, 8, 3), number, np.uint8)
        store.add_image(made.id, Decoded(Image.fromarray(pixels), (), "PNG", False), b"", f"{number}.png")
    return made


def vectors_for(store: Store, project: Project, rows: slice = slice(None)) -> Vectors:
    """Store vectors around one centre for each kind of bird."""
    dice = np.random.default_rng(0)
    kind = np.arange(30) % 3
    values = (np.eye(3)[kind] @ dice.normal(0, 1, (3, 40)) * 3 + dice.normal(0, 1, (30, 40))).astype(np.float32)
    vectors = Vectors(store.workspace, "net")
    vectors.add([one.hash for one in store.image_labels(project.id)][rows], values[rows])
    return vectors


def ids_of(store: Store, project: Project) -> list[int]:
    return [one.id for one in store.image_labels(project.id)]


def label(store: Store, project: Project, count: int) -> None:
    """Label the first photos correctly."""
    for place, number in enumerate(ids_of(store, project)[:count]):
        store.annotate(project.id, [number], CLASSES[place % 3], "Ana")


def recomputed(model: SuggestionModel) -> Suggestions:
    """What the page shows once it no longer says that suggestions are recomputed."""
    until = time.monotonic() + 30
    while (found := model.current()) is None:
        assert time.monotonic() < until
    return found


def test_suggestions_begin_after_two_labels_a_class(store: Store, project: Project) -> None:
    model = SuggestionModel(store, project.id, vectors_for(store, project))
    ids = ids_of(store, project)
    label(store, project, 5)
    early = model.refresh()
    assert early.lacking == ("parrot",) and early.of(ids[10]) is None and early.sure(0.5) == []
    label(store, project, 6)
    begun = model.refresh()
    assert begun.lacking == ()
    found = [begun.of(number) for number in ids]
    assert [one[0] for one in found if one] == [CLASSES[place % 3] for place in range(30)]
    assert all(one and 1 / 3 < one[1] <= 1 for one in found)


def test_a_picture_outside_the_project_is_answered_as_a_photo_inside(store: Store, project: Project) -> None:
    vectors = vectors_for(store, project)
    model = SuggestionModel(store, project.id, vectors)
    model.refresh()
    hashes = [one.hash for one in store.image_labels(project.id)]
    known = vectors.known(hashes)[1]
    assert model.answer(known[:1]) is None, "without labels"
    label(store, project, 6)
    found = model.refresh()
    answered = model.answer(known)
    assert answered is not None and answered[0] == found.classes
    np.testing.assert_allclose(answered[1], found.probabilities, atol=1e-6)


def test_a_class_that_nobody_meets_does_not_stop_them_for_good(store: Store, project: Project) -> None:
    model = SuggestionModel(store, project.id, vectors_for(store, project))
    rows = [(number, CLASSES[place % 2], None) for place, number in enumerate(ids_of(store, project)[:15])]
    store.apply_labels(project.id, rows[:14], "Ana", "")
    assert model.refresh().of(rows[0][0]) is None
    store.apply_labels(project.id, rows, "Ana", "")
    begun = model.refresh()
    assert begun.lacking == ("parrot",)
    assert begun.probabilities is not None and (begun.probabilities[:, 2] == 0).all()


def test_the_sure_ones_are_without_a_label_and_the_surest_comes_first(store: Store, project: Project) -> None:
    model = SuggestionModel(store, project.id, vectors_for(store, project))
    label(store, project, 9)
    begun = model.refresh()
    assert begun.probabilities is not None
    middle = float(np.median(begun.probabilities.max(axis=1)))
    sure = begun.sure(middle)
    assert sure and not {number for number, _, _ in sure} & set(ids_of(store, project)[:9])
    assert [one[2] for one in sure] == sorted((one[2] for one in sure), reverse=True)
    assert min(one[2] for one in sure) >= middle


def test_photos_without_a_vector_wait_until_they_have_one(store: Store, project: Project) -> None:
    vectors = vectors_for(store, project, slice(0, 12))
    model = SuggestionModel(store, project.id, vectors)
    ids = ids_of(store, project)
    label(store, project, 6)
    assert model.refresh().of(ids[20]) is None
    vectors_for(store, project)
    later = model.refresh()
    assert later.of(ids[20]) is not None and len(later.ids) == 30


def test_without_any_vector_there_is_nothing_to_say(store: Store, project: Project) -> None:
    label(store, project, 6)
    found = SuggestionModel(store, project.id, Vectors(store.workspace, "net")).refresh()
    assert found.of(ids_of(store, project)[0]) is None and len(found.ids) == 0


def test_many_askings_end_in_an_answer_that_knows_the_last_label(store: Store, project: Project) -> None:
    model = SuggestionModel(store, project.id, vectors_for(store, project))
    label(store, project, 6)
    for number in ids_of(store, project)[6:16]:
        store.annotate(project.id, [number], "owl", "Ana")
        model.ask()
    until = time.monotonic() + 30
    while not model.fresh and time.monotonic() < until:
        time.sleep(0.01)
    assert model.suggestions is not None and model.suggestions.labelled.sum() == 16


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_database_that_is_deleted_meanwhile_ends_a_fit_without_a_traceback(store: Store, project: Project) -> None:
    model = SuggestionModel(store, project.id, vectors_for(store, project))
    store.close()
    for path in store.workspace.root.glob("*.db*"):
        path.unlink()
    model.ask()
    until = time.monotonic() + 30
    while not model.fresh:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert model.suggestions is None


def test_after_an_undo_the_old_suggestion_does_not_hold_and_a_new_one_comes_at_once(
    store: Store, project: Project
) -> None:
    """A duck was labelled owl and undone; the page went on with "Accept owl", and Enter stored the mistake."""
    model = SuggestionModel(store, project.id, vectors_for(store, project))
    label(store, project, 9)
    sure = model.refresh()
    ids = ids_of(store, project)
    mistaken = [ids[10], ids[13], ids[16]]  # ducks
    store.annotate(project.id, mistaken, "owl", "Ana")
    assert not model.holds(sure.revision)
    misled = recomputed(model)
    assert misled.of(ids[19]) is not None and model.holds(misled.revision)
    store.undo(project.id)
    assert not model.holds(misled.revision)
    righted = recomputed(model)
    assert righted.revision > misled.revision
    found, before = righted.of(ids[19]), sure.of(ids[19])
    assert found is not None and before is not None
    assert (found[0], round(found[1], 2)) == ("duck", round(before[1], 2))


@pytest.mark.parametrize("act", ["label", "rename", "remove"])
def test_a_change_in_any_tab_makes_suggestions_stale_until_they_are_recomputed(
    store: Store, project: Project, act: str
) -> None:
    model = SuggestionModel(store, project.id, vectors_for(store, project))
    label(store, project, 9)
    made = model.refresh()
    other, ids = store.in_tab("another"), ids_of(store, project)
    if act == "label":
        other.annotate(project.id, [ids[20]], "parrot", "Bo")
    elif act == "rename":
        other.rename_class(project.id, store.classes(project.id)[0].id, "barn owl", "Bo")
    else:
        other.remove_images(project.id, [ids[0]], "Bo")
    assert not model.holds(made.revision)
    assert model.holds(model.refresh().revision)


def test_what_changes_no_label_makes_no_suggestion_stale(store: Store, project: Project) -> None:
    model = SuggestionModel(store, project.id, vectors_for(store, project))
    label(store, project, 9)
    made = model.refresh()
    store.assign_splits(project.id)
    store.hand_out(project.id, "Bo")
    store.annotate(project.id, ids_of(store, project)[:1], "owl", "Bo")  # confirmed
    assert model.holds(made.revision) and model.current() is made


def test_where_labels_come_faster_than_fits_a_suggestion_may_lack_others_newest_labels_alone(
    store: Store, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thirty people add ten labels a second: strictly, no suggestion would ever answer to all of them."""
    model = SuggestionModel(store, project.id, vectors_for(store, project))
    label(store, project, 9)
    ids = ids_of(store, project)
    refit = model._refit

    def overtaken() -> Suggestions:
        made = refit()
        store.annotate(project.id, [ids[20]], "parrot", "Bo")
        return made

    monkeypatch.setattr(model, "_refit", overtaken)
    made = model.refresh()
    assert model.holds(made.revision)
    store.annotate(project.id, [ids[21]], "owl", "Bo")
    assert model.holds(made.revision)
    own = store.label_revision(project.id).changed
    assert not model.holds(made.revision, least=own)  # this tab's own label must be in
    store.undo(project.id)
    assert not model.holds(made.revision)  # and nothing that was taken back


def test_a_class_that_is_added_or_renamed_is_learned_anew(store: Store, project: Project) -> None:
    model = SuggestionModel(store, project.id, vectors_for(store, project))
    label(store, project, 9)
    model.refresh()
    store.rename_class(project.id, store.classes(project.id)[0].id, "barn owl", "Ana")
    found = model.refresh().of(ids_of(store, project)[0])
    assert found is not None and found[0] == "barn owl"


def test_without_weights_nothing_is_computed(
    store: Store, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESNET_STUDIO_WEIGHTS", str(tmp_path / "none"))
    begin(store, project.id)
    assert vectors_state(store, project.id) == VectorsState(0, 30, False)


@pytest.mark.weights
def test_a_process_computes_the_vectors_and_says_what_it_cannot_read(store: Store, default_weights: Pretrained) -> None:
    project = store.create_project("Few", classes=CLASSES)
    for number in range(3):
        pixels = np.full((60, 60, 3), 80 * number, np.uint8)
        row, _ = store.add_image(project.id, Decoded(Image.fromarray(pixels), (), "PNG", False), b"", f"{number}.png")
    store.image_path(row.hash).unlink()
    begin(store, project.id)
    begin(store, project.id)  # a second click
    assert vectors_state(store, project.id).running
    until = time.monotonic() + 120
    while vectors_state(store, project.id).running and time.monotonic() < until:
        time.sleep(0.2)
    state = vectors_state(store, project.id)
    assert (state.done, state.total, state.running) == (2, 3, False)
    assert state.problem == "1 of the photos cannot be read, for example 2.png."
    begin(store, project.id)  # does not try for ever what cannot be read
    assert not vectors_state(store, project.id).running
    hashes = [one.hash for one in store.image_labels(project.id)]
    name = default_vectors(store.workspace)
    assert name is not None and vectors_of(store.workspace, name).known(hashes)[1].shape == (2, 2048)
    mirrored = vectors_of(store.workspace, name.replace(ORIGINAL, MIRRORED))  # a training uses it too
    while mirrored.missing(hashes) != [row.hash] and time.monotonic() < until:
        time.sleep(0.2)
    assert mirrored.missing(hashes) == [row.hash]


@pytest.mark.weights
def test_the_process_has_a_limit_on_memory_and_says_so(
    store: Store, project: Project, default_weights: Pretrained, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESNET_STUDIO_WORKER_MEMORY", "100")
    begin(store, project.id)
    until = time.monotonic() + 120
    while vectors_state(store, project.id).running and time.monotonic() < until:
        time.sleep(0.2)
    state = vectors_state(store, project.id)
    assert (state.done, state.running) == (0, False)
    assert state.problem.startswith("The computation needed more than 0.1 GB of memory and was stopped. ")


def test_each_order_leaves_out_labelled_photos(store: Store, project: Project) -> None:
    model = SuggestionModel(store, project.id, vectors_for(store, project))
    ids = ids_of(store, project)
    early = model.refresh()
    assert early.ranking("uncertain").tolist() == early.ranking("unlike").tolist() != []
    assert sorted(early.ranking("random")) == ids
    label(store, project, 6)
    model.unlike_wanted = True
    begun = model.refresh()
    for order in ("uncertain", "unlike", "random", "class"):
        assert sorted(begun.ranking(order, "duck")) == ids[6:]
    ducks = {number for place, number in enumerate(ids) if place % 3 == 1}
    assert set(begun.ranking("class", "duck")[:8]) <= ducks


def test_labelled_photos_and_those_to_be_suggested_are_looked_at_in_turns(store: Store) -> None:
    project = store.create_project("Birds", classes=["owl"]).id
    for number in range(120):
        image = Image.fromarray(np.full((8, 8, 3), number, np.uint8))
        row, _ = store.add_image(project, Decoded(image, (), "PNG", False), b"", f"{number:03}.png")
        if number >= 40:
            store.annotate(project, [row.id], "owl", "ann")
    rows = _in_turns(store.images(project))
    assert sorted(row.id for row in rows) == [row.id for row in store.images(project)]
    assert [row.label is None for row in rows[:72]] == [False] * 32 + [True] * 32 + [False] * 8
    assert _in_turns([]) == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fit_that_failed_is_tried_again_only_when_asked(
    store: Store, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages said "Preparing suggestions" for ever, and a new fit failed twice a second."""
    model = SuggestionModel(store, project.id, vectors_for(store, project))
    label(store, project, 6)
    fits: list[int] = []

    def broken() -> Suggestions:
        fits.append(1)
        raise ValueError("the vectors have two lengths")

    monkeypatch.setattr(model, "_refit", broken)
    model.ask()
    until = time.monotonic() + 30
    while not model.failed:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert model.current() is None and model.fresh and len(fits) == 1
    monkeypatch.undo()
    model.ask()
    assert recomputed(model).of(ids_of(store, project)[0]) and not model.failed
