"""Which photos an early model takes: some of each class, known ones first, and never many of the pass."""

from collections.abc import Set as AbstractSet

import numpy as np
import pytest

from core.features.engines.choice import _drawn
from core.features.engines.int8_check import LEAST_PHOTOS
from core.training.early.early_photos import (
    FIRST_VIEWS,
    LEAST_SECONDS,
    LEAST_VIEWS,
    OF_A_CLASS,
    SHARE,
    VALIDATION,
    Candidates,
    EarlyPhotos,
    at_once,
    early_photos,
    expected_photos,
    is_worthwhile,
)


def part(name: str, *counts: int) -> Candidates:
    labels = np.repeat(np.arange(len(counts)), counts)
    return Candidates(labels, [f"{name}{row}" for row in range(len(labels))])


def hashes(*parts: Candidates) -> set[str]:
    return {one for some in parts for one in some.hashes}


def chosen(train: Candidates, val: Candidates, missing: AbstractSet[str] | None = None) -> EarlyPhotos:
    lacking = hashes(train, val) if missing is None else missing
    found = early_photos(train, val, 2 * len(train.labels) + len(val.labels), lacking)
    assert found is not None
    return found


def test_five_classes_give_twenty_photos_each_within_a_fifth_of_the_pass() -> None:
    train, val = part("t", *[80] * 5), part("v", *[20] * 5)
    found = chosen(train, val)
    assert np.bincount(train.labels[found.train]).tolist() == [OF_A_CLASS] * 5
    assert np.bincount(val.labels[found.val]).tolist() == [12] * 5
    assert len(found.train) + len(found.val) <= SHARE * 900
    assert (np.diff(found.train) > 0).all() and (np.diff(found.val) > 0).all()
    assert expected_photos([80] * 5, 100, 900) == len(found.train) + len(found.val)


def test_many_classes_share_what_the_pass_allows_and_large_sets_are_capped() -> None:
    train, val = part("t", *[10] * 100), part("v", *[3] * 100)
    found = chosen(train, val)
    counts = np.bincount(train.labels[found.train])
    assert counts.max() - counts.min() <= 1 and counts.min() >= 2
    assert len(found.val) == VALIDATION == len(np.unique(val.labels[found.val]))
    large = chosen(part("t", 4000, 4000), part("v", 1000, 1000))
    assert (len(large.train), len(large.val)) == (2 * OF_A_CLASS, VALIDATION)


def test_a_slow_machine_computes_fewer_and_none_that_a_fast_one_would_not() -> None:
    """On two AVX2 cores the first model took 23 s, of which 16 were the pass over its 183 photos."""
    train, val = part("t", *[100] * 5), part("v", *[50] * 5)
    views, missing = 1250, hashes(train, val)
    all_of_them = early_photos(train, val, views, missing)
    assert all_of_them is not None and len(all_of_them.train) + len(all_of_them.val) == 183
    for speed, count in ((None, FIRST_VIEWS), (1.0, FIRST_VIEWS), (20.0, 100), (1000.0, 183)):
        most = at_once(5, speed)
        found = early_photos(train, val, views, missing, most)
        assert found is not None and len(found.train) + len(found.val) == count
        assert set(found.train) <= set(all_of_them.train) and set(found.val) <= set(all_of_them.val)
        assert expected_photos([100] * 5, 250, views, speed) == (183 if speed is None else count)
    assert at_once(100, None) == 900, "several of each class, on any machine"


def test_the_validation_photos_keep_the_shares_of_the_classes() -> None:
    """With as many of each, the accuracy would be of another mixture than the final one."""
    train, val = part("t", 300, 300, 300), part("v", 240, 30, 30)
    found = chosen(train, val)
    counts = np.bincount(val.labels[found.val], minlength=3)
    assert counts[0] == pytest.approx(0.8 * len(found.val), abs=1) and counts[1] == pytest.approx(counts[2], abs=1)


def test_photos_whose_vectors_are_there_come_first_and_cost_nothing() -> None:
    train, val = part("t", 200, 200), part("v", 50, 50)
    known = {*train.hashes[100:105], *train.hashes[300:305], *val.hashes[10:15], *val.hashes[60:65]}
    found = chosen(train, val, hashes(train, val) - known)
    taken = {*(train.hashes[row] for row in found.train), *(val.hashes[row] for row in found.val)}
    assert known <= taken
    half = {name for some in (train, val) for place, name in enumerate(some.hashes) if place % 2}
    free = early_photos(train, val, 450, half)
    assert free is not None and not {train.hashes[row] for row in free.train} & half


def test_no_class_gets_ahead_because_its_photos_are_known() -> None:
    train, val = part("t", *[40] * 10), part("v", *[20] * 10)
    found = chosen(train, val, hashes(train, val) - set(train.hashes[:40]))
    counts = np.bincount(train.labels[found.train])
    assert counts.max() - counts.min() <= 1


def test_there_is_none_where_it_would_say_little() -> None:
    one_class, val = part("t", 400), part("v", 50, 50)
    assert early_photos(one_class, val, 900, hashes(one_class, val)) is None
    many, few = part("t", *[2] * 300), part("v", *[1] * 300)
    assert early_photos(many, few, 1500, hashes(many, few)) is None, "not two of each"
    assert expected_photos([2] * 300, 300, 1500) == 0
    none = part("v")
    assert early_photos(many, none, 9000, hashes(many)) is None
    single = part("t", 200, 1)
    assert early_photos(single, val, 900, hashes(single, val)) is not None, "a class may have one photo alone"


def test_a_test_of_8_bits_begins_with_the_same_photos() -> None:
    """Their vectors in full precision are there then. Drawn for themselves, half of them were others."""
    train, val = part("t", *[100] * 5), part("v", *[20] * 5)
    found = chosen(train, val)
    tested, _ = _drawn(train.labels, LEAST_PHOTOS)
    assert len(tested) < len(train.labels) / 2 and set(found.train) <= set(tested)


def test_short_passes_need_none() -> None:
    assert not is_worthwhile(LEAST_VIEWS, None) and is_worthwhile(LEAST_VIEWS + 1, None)
    assert is_worthwhile(900, 30.0)
    assert not is_worthwhile(900, 2000.0), "a GPU is done before an early model is saved"
    assert is_worthwhile(int(LEAST_SECONDS * 2000) + 1, 2000.0)
