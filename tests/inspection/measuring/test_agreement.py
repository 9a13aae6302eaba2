"""Kappa against published examples and by hand; the images on which annotators disagree."""

from datetime import UTC, datetime

import numpy as np
import pytest

from core.data.store.records import Opinion
from core.inspection.measuring.agreement import agreement_of, cohen, disagreements, fleiss

# Fourteen raters, ten subjects, five categories: the worked example of Fleiss' kappa in Wikipedia, after Fleiss (1971).
FOURTEEN_RATERS = np.array(
    [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
)


def opinion(image_id: int, who: str, label: str, change_id: int = 1) -> Opinion:
    return Opinion(image_id, who, label, datetime(2026, 1, 1, tzinfo=UTC), change_id)


def test_cohens_kappa_of_fifty_grant_proposals() -> None:
    # The textbook example: both yes 20, both no 15, 5 and 10 apart; kappa 0.4.
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    found = cohen(first, second)
    assert (found.observed, found.images) == (0.7, 50)
    assert found.value == pytest.approx(0.4)


def test_cohens_kappa_of_four_classes_is_that_of_its_formula() -> None:
    dice = np.random.default_rng(3)
    first = dice.choice(list("abcd"), 200)
    second = np.where(dice.random(200) < 0.6, first, dice.choice(list("abcd"), 200))
    observed = (first == second).mean()
    expected = sum((first == name).mean() * (second == name).mean() for name in "abcd")
    found = cohen(list(first), list(second))
    assert found.observed == pytest.approx(observed)
    assert found.value == pytest.approx((observed - expected) / (1 - expected))


def test_fleiss_kappa_of_the_textbook() -> None:
    found = fleiss(FOURTEEN_RATERS)
    assert found.observed == pytest.approx(0.378, abs=0.0005)
    assert found.value == pytest.approx(0.210, abs=0.0005)
    assert found.images == 10


def test_images_with_one_opinion_do_not_count() -> None:
    assert fleiss(np.array([[2, 0], [0, 1], [1, 1]])).images == 2
    assert fleiss(np.array([[1, 0]])).value is None


def test_all_the_same_is_full_agreement_that_says_nothing() -> None:
    assert cohen(["a", "a"], ["a", "a"]).value is None
    assert cohen([], []).images == 0
    assert cohen(["a", "b"], ["a", "b"]).value == 1
    assert cohen(["a", "b"], ["b", "a"]).value == -1


def test_two_people_are_measured_by_cohen_overall_and_by_class() -> None:
    said = {1: ("owl", "owl"), 2: ("owl", "duck"), 3: ("duck", "duck"), 4: ("swan", "swan"), 5: ("owl", "owl")}
    opinions = [opinion(image, who, label) for image, two in said.items() for who, label in zip("ab", two, strict=True)]
    found = agreement_of([*opinions, opinion(6, "a", "owl")], ["owl", "duck", "swan", "crow"])
    assert found is not None
    assert (found.name, found.people, found.overall.images) == ("Cohen's kappa", ("a", "b"), 5)
    assert found.overall.value == pytest.approx(
        (4 / 5 - 9 / 25) / (1 - 9 / 25)
    )  # expected: (3 x 2 + 1 x 2 + 1 x 1) / 25
    assert list(found.by_class) == ["owl", "duck", "swan"]  # nobody said crow
    assert found.by_class["swan"].value == 1
    assert found.by_class["owl"].value == pytest.approx((4 / 5 - 12 / 25) / (1 - 12 / 25))


def test_more_people_are_measured_by_fleiss_and_each_pair_by_cohen() -> None:
    opinions = [
        opinion(image, f"rater {rater:02}", "abcde"[category])
        for image, row in enumerate(FOURTEEN_RATERS)
        for rater, category in enumerate(np.repeat(np.arange(5), row))
    ]
    found = agreement_of(opinions, "abcde")
    assert found is not None
    assert found.name == "Fleiss' kappa"
    assert found.overall.value == pytest.approx(0.210, abs=0.0005)
    assert len(found.pairs) == 14 * 13 // 2
    # Category by category: 1 - sum n(N - n) / (subjects * raters * (raters - 1) * p * q), Fleiss (1971), formula 18.
    for number, name in enumerate("abcde"):
        n = FOURTEEN_RATERS[:, number]
        p = n.sum() / FOURTEEN_RATERS.sum()
        expected = 1 - (n * (14 - n)).sum() / (10 * 14 * 13 * p * (1 - p))
        assert found.by_class[name].value == pytest.approx(expected), name


def test_nobody_agrees_alone() -> None:
    assert agreement_of([opinion(1, "a", "owl"), opinion(2, "b", "owl")], ["owl"]) is None


def test_disagreements_are_open_until_an_adjudicator_decides_and_again_when_somebody_speaks() -> None:
    apart = [opinion(1, "a", "owl", 5), opinion(1, "b", "duck", 8)]
    agreed = [opinion(2, "a", "owl", 6), opinion(2, "b", "owl", 7)]
    (found,) = disagreements([*apart, *agreed], {})
    assert (found.image_id, [one.who for one in found.opinions], found.settled) == (1, ["a", "b"], False)
    assert disagreements(apart, {1: 9})[0].settled
    assert not disagreements([*apart, opinion(1, "c", "owl", 12)], {1: 9})[0].settled
