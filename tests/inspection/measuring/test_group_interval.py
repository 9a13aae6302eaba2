"""The interval of an accuracy for new groups, and what reports say of groups."""

import numpy as np
import pandas as pd
import pytest

from core.data.snapshot import Snapshot
from core.inspection.measuring.group_interval import (
    FEWEST_GROUPS,
    group_difference,
    group_interval,
    groups_sentence,
    with_groups,
)
from core.inspection.measuring.report import Rate, Report, count, with_boxes
from core.inspection.measuring.verdict import verdict


def test_the_interval_is_that_of_photos_where_each_is_alone() -> None:
    right = np.arange(200) % 5 > 0
    alone, wilson = group_interval(right, np.arange(200)), Rate.of(160, 200)
    assert alone.groups == 200
    assert alone.low == pytest.approx(wilson.low, abs=0.01) and alone.high == pytest.approx(wilson.high, abs=0.01)


def test_only_groups_count_where_each_is_all_right_or_all_wrong() -> None:
    together = group_interval(np.repeat(np.arange(10) > 1, 20), np.repeat(np.arange(10), 20))
    assert together.low is not None and together.low < 0.5 and together.high is not None and together.high > 0.95


def test_too_few_groups_have_no_interval() -> None:
    """Three groups, all right, had an interval of 100 to 100%."""
    for groups in range(1, FEWEST_GROUPS):
        found = group_interval(np.ones(60), np.arange(60) % groups)
        assert (found.low, found.high, found.groups) == (None, None, groups)
        assert group_difference(np.ones(60), np.zeros(60), np.arange(60) % groups).low is None
    five = group_interval(np.ones(60), np.arange(60) % 5)
    assert five.low is not None and five.low < (Rate.of(60, 60).low or 0) and five.high == 1
    alike = group_interval(np.arange(100) >= 10, np.arange(100) % 5)  # 90% in each of five groups
    wilson = Rate.of(90, 100)
    assert alike.low is not None and wilson.low is not None and alike.low <= wilson.low
    assert alike.high is not None and wilson.high is not None and alike.high >= wilson.high


@pytest.mark.parametrize("groups", [5, 8, 12])
def test_the_interval_covers_the_accuracy_on_new_groups(groups: int) -> None:
    """A bootstrap over groups covered it in 86% of cases with five groups, Wilson's interval in 68%."""
    dice, covered, times = np.random.default_rng(7), 0, 400
    group = np.repeat(np.arange(groups), 30)
    for _ in range(times):
        right = dice.random(len(group)) < dice.beta(8, 2, groups)[group]
        found = group_interval(right, group)
        assert found.low is not None and found.high is not None
        covered += found.low <= 0.8 <= found.high
    assert covered / times > 0.92


def test_a_difference_is_tested_by_group_on_the_same_photos() -> None:
    group = np.arange(100) % 10
    second = np.arange(100) // 10 % 5 > 0  # wrong twice in each group
    same = group_difference(np.ones(100), second, group)
    assert same.value == pytest.approx(0.2) and same.groups == 10
    assert same.low is not None and 0.05 < same.low < 0.15  # groups that are all alike prove no more than their photos
    one = group_difference(np.ones(100), group != 3, group)
    assert one.value == pytest.approx(0.1) and one.low is not None and one.low < 0


def grouped(groups: int, wrong: int = 0, split: str = "val") -> tuple[Snapshot, Report, pd.DataFrame]:
    """Return 60 photos of a split in so many named groups, with a report in which the first ``wrong`` are wrong."""
    names = [f"{number:064x}" for number in range(60)]
    labels = ["cat" if number % 2 else "dog" for number in range(60)]
    frame = pd.DataFrame({"image": names, "path": names, "filename": names, "label": labels, "split": split})
    frame["group"] = [f"driver {number % groups}" for number in range(60)]
    true = np.array([label == "dog" for label in labels], dtype=int)
    guess = np.where(np.arange(60) < wrong, 1 - true, true)
    report = count(("cat", "dog"), true, np.eye(2)[guess], split=split)
    predictions = frame[["image", "label"]].assign(prediction=[("cat", "dog")[number] for number in guess])
    return Snapshot(frame, ("cat", "dog"), "classification", grouped_by="user"), report, predictions


def test_two_drivers_do_not_promise_an_accuracy_for_a_third() -> None:
    """The interval over photos was given for new photos of the same kind, with no word on the groups."""
    snapshot, report, predictions = grouped(2, wrong=3)
    for known in (with_groups(report, snapshot, predictions), with_groups(report, snapshot)):
        found = verdict(known, {"cat": 60, "dog": 60})
        assert found is not None and found.sentence.endswith(
            " The validation photos are of only 2 groups: for a new group, the accuracy may be quite different."
        )
    exam = with_groups(*reversed(grouped(1, split="test")[:2]))
    assert groups_sentence(exam).startswith("The test photos are of only one group: ")


def test_with_enough_groups_the_verdict_expects_what_holds_for_new_ones() -> None:
    snapshot, report, predictions = grouped(6, wrong=12)
    known = with_groups(report, snapshot, predictions)
    over = known.over_groups
    assert over is not None and over.low is not None and over.high is not None and over.groups == 6
    found = verdict(known, {"cat": 60, "dog": 60})
    assert found is not None
    assert f"On new groups like these 6, expect an accuracy from {over.low:.0%} to {over.high:.0%}" in found.sentence
    assert f"is from {over.low:.0%} to {over.high:.0%} (95% confidence interval over groups)." in groups_sentence(known)
    older = with_groups(report, snapshot)  # a report of an earlier version, which knows no groups
    assert "are of 6 groups: for a new group, the accuracy may be quite different." in groups_sentence(older)


def test_the_groups_decide_whether_the_model_is_better_than_guessing() -> None:
    snapshot, report, predictions = grouped(6)
    group = np.arange(60) % 6
    guess = predictions["label"].where(group > 1, predictions["label"].map({"cat": "dog", "dog": "cat"}))
    true = np.array([label == "dog" for label in predictions["label"]], dtype=int)
    report = count(("cat", "dog"), true, np.eye(2)[(guess == "dog").astype(int)], split="val")
    counts = {"cat": 60, "dog": 60}
    alone, known = (
        verdict(report, counts),
        verdict(with_groups(report, snapshot, predictions.assign(prediction=guess)), counts),
    )
    assert alone is not None and alone.level == "better"
    assert known is not None and known.level == "unclear"  # two of six groups are all wrong


def test_a_report_without_named_groups_or_on_training_photos_says_nothing() -> None:
    snapshot, report, predictions = grouped(2)
    plain = Snapshot(snapshot.frame, snapshot.classes, snapshot.task)
    assert with_groups(report, plain, predictions) is report and groups_sentence(report) == ""
    trained = with_groups(*reversed(grouped(2, split="train")[:2]))
    assert groups_sentence(trained) == ""
    boxes = with_boxes(with_groups(report, snapshot, predictions), np.full(60, 0.8), np.ones(60))
    assert groups_sentence(boxes).endswith("only 2 groups: for a new group, the mean IoU may be quite different.")
