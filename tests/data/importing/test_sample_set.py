"""The sample project, made from the photos in the repository."""

import time
from pathlib import Path

import pytest

from core.data.importing import sample_set
from core.data.importing.sample_set import SAMPLE_NAME, make_sample_project
from core.data.snapshot import check_trainable, snapshot_of_project
from core.data.store.store import ImageFilter, Store
from core.errors import DataError
from tests.data.builders import open_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def test_the_sample_project_has_its_labels_its_splits_and_a_pool_to_label(store: Store) -> None:
    seen: list[tuple[int, int]] = []
    began = time.perf_counter()
    project = make_sample_project(store, "ann", lambda done, total: seen.append((done, total)))
    assert time.perf_counter() - began < 20  # two seconds on a machine that does nothing else
    assert seen == [(number, 162) for number in range(1, 163)]
    table = store.counts(project.id)
    assert table["label"].tolist() == ["owl", "duck", "chicken", "parrot", "bird of prey", None]
    assert table["total"].tolist() == [24] * 5 + [42]
    assert table["none"].tolist() == [0] * 5 + [42]
    assert (table.loc[:4, ["train", "val", "test"]] >= [15, 3, 3]).all(axis=None)
    made = snapshot_of_project(store, project.id)
    check_trainable(made)
    assert len(made.frame) == 120
    # Nobody who labels here is taken for the author of the labels that came along, nor can undo them by accident.
    assert store.undo(project.id, "ann") is None


def test_the_second_press_opens_what_is_there(store: Store) -> None:
    first = make_sample_project(store, "ann")
    pool = store.images(first.id, ImageFilter(unlabelled=True))
    store.annotate(first.id, [pool[0].id], "owl", "ann")
    store.remove_images(first.id, [pool[1].id], "ann")
    assert make_sample_project(store, "bob") == first
    assert store.projects() == [first]
    assert store.count(first.id) == 161
    assert store.image(first.id, pool[0].id).label == "owl"


def test_making_it_goes_on_where_it_was_cut_short(store: Store) -> None:
    def stop(done: int, total: int) -> None:
        if done == 50:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_sample_project(store, "ann", stop)
    project = store.find_project(SAMPLE_NAME)
    assert project is not None and store.count(project.id) == 50
    assert make_sample_project(store, "ann") == project
    assert store.counts(project.id)["total"].tolist() == [24] * 5 + [42]


def test_missing_sample_photos_are_told(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample_set, "SAMPLE_IMAGES", tmp_path)
    with pytest.raises(DataError, match="sample photos are missing"):
        make_sample_project(store, "ann")
    assert store.projects() == []
