"""The verdict on an evaluation: against guessing, against the most frequent class, with the next step."""

import numpy as np
import pandas as pd
import pytest

from core.inspection.measuring.report import Report, count, with_boxes
from core.inspection.measuring.verdict import mean_box_iou, verdict


def report_of(table: list[list[int]], classes: str = "abcdefg", split: str = "val") -> Report:
    """Return the report of a confusion matrix: rows are labels, columns predicted classes."""
    pairs = [(row, column) for row, cells in enumerate(table) for column, n in enumerate(cells) for _ in range(n)]
    probabilities = np.zeros((len(pairs), len(table)))
    for place, (_, column) in enumerate(pairs):
        probabilities[place, column] = 1
    return count(list(classes[: len(table)]), [row for row, _ in pairs], probabilities, split=split)


def test_five_of_nine_with_two_classes_is_no_success() -> None:
    """A green box praised a run at chance."""
    found = verdict(report_of([[3, 2], [2, 2]]), {"a": 20, "b": 20})
    assert found is not None and found.level == "unclear"
    assert found.sentence == (
        'Not clearly better than guessing: always predicting "a" gets 5 of 9 photos right, this model 5. '
        "The accuracy could be anywhere from 27% to 81%."
    )


def test_a_frequent_class_alone_is_no_success_either() -> None:
    found = verdict(report_of([[90, 0], [10, 0]]), {"a": 90, "b": 10})
    assert found is not None and found.level == "unclear" and found.baseline == pytest.approx(0.9)
    assert [step.place for step in found.steps] == ["data", "mistakes"]
    assert found.steps[0].sentence == 'Add photos of "b": the model finds 0 of 10, and was trained on 10.'


def test_the_interval_decides() -> None:
    good = verdict(report_of([[9, 0], [1, 8]], split="test"), {"a": 60, "b": 60})
    assert good is not None and good.level == "better" and good.words == "Better than guessing"
    assert good.sentence.endswith("expect an accuracy from 74% to 99%.")
    bad = verdict(report_of([[2, 28], [28, 2]]), {"a": 60, "b": 60})
    assert bad is not None and bad.level == "worse"


def test_only_test_photos_say_what_to_expect_of_new_ones() -> None:
    """Training photos, all right, promised as much for new photos."""
    table, counts = [[9, 0], [1, 8]], {"a": 60, "b": 60}
    val, train = (verdict(report_of(table, split=split), counts) for split in ("val", "train"))
    assert val is not None and "74% to 99%, or a little less, because these photos chose the model" in val.sentence
    assert train is not None and train.sentence.endswith("trained on these photos, so expect less on new ones.")


def test_repeated_looks_at_the_test_photos_promise_less_and_an_exam_has_no_next_step() -> None:
    """The verdict on an exam sent people on to improve the model by its mistakes, and then to the same photos."""
    table, counts = [[9, 0], [1, 8]], {"a": 20, "b": 20}
    once, often = (verdict(report_of(table, split="test"), counts, looks=looks) for looks in (1, 3))
    assert once is not None and once.sentence.endswith("expect an accuracy from 74% to 99%.")
    less = "or a little less, because these photos have been looked at 3 times."
    assert often is not None and often.sentence.endswith(less)
    assert once.steps == often.steps == ()
    val = verdict(report_of(table), counts)
    assert val is not None and val.steps


def test_a_solved_head_has_no_best_epoch_that_validation_photos_chose() -> None:
    solved = verdict(report_of([[9, 0], [1, 8]], split="val"), {"a": 60, "b": 60}, chose_epoch=False)
    assert solved is not None and solved.sentence.endswith("expect an accuracy from 74% to 99%.")


def test_the_next_step_fits_the_run() -> None:
    at_chance = report_of([[20, 20], [20, 20]])
    found = verdict(at_chance, {"a": 500, "b": 500}, layers="head")
    assert found is not None and found.steps[0].place == "train"
    found = verdict(at_chance, {"a": 500, "b": 500}, layers="all")
    assert found is not None and [step.place for step in found.steps] == ["mistakes"]
    perfect = verdict(report_of([[40, 0], [0, 40]]), {"a": 500, "b": 500})
    assert perfect is not None and [step.place for step in perfect.steps] == ["explain"]


def test_without_photos_or_with_one_class_there_is_no_verdict() -> None:
    assert verdict(report_of([[0, 0], [0, 0]]), {}) is None
    assert verdict(report_of([[5]]), {"a": 9}) is None


def boxes(*rows: tuple[float, float, float, float]) -> pd.DataFrame:
    return pd.DataFrame(
        [(*row, 100, 50) for row in rows], columns=["x", "y", "width", "height", "image_width", "image_height"]
    )


def test_boxes_are_measured_against_the_average_training_box() -> None:
    training = boxes((0, 0, 50, 50), (50, 0, 50, 50))  # on average (25, 0, 50, 50)
    baseline = mean_box_iou(training, boxes((25, 0, 50, 50), (50, 0, 50, 50)))
    assert baseline == pytest.approx((1 + 1 / 3) / 2)
    assert mean_box_iou(training, boxes()) is None
    generator = np.random.default_rng(0)
    for middle, level in ((0.9, "better"), (baseline, "unclear"), (0.2, "worse")):
        values = np.clip(middle + generator.normal(0, 0.05, 40), 0, 1)
        found = verdict(with_boxes(report_of([[40]]), values, values), {"a": 90}, mean_box_iou=baseline)
        assert found is not None and found.level == level
        assert "always predicting the average training box gets a mean IoU of 0.67, this model" in found.sentence
    weak = verdict(with_boxes(report_of([[40]]), values, values), {"a": 90}, layers="head", mean_box_iou=baseline)
    assert weak is not None and weak.steps[0].sentence.startswith("Boxes need more than the head")
