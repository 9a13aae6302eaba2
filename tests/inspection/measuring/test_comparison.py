"""The comparison of two models on the same images."""

import pandas as pd
import pytest

from core.errors import RunError
from core.inspection.measuring.comparison import Comparison, compare, compare_boxes
from core.inspection.measuring.report import Report, count
from tests.inspection.measuring.test_report import probabilities_for


def report(split: str = "test") -> Report:
    return count(["a", "b"], [0, 1], probabilities_for([0, 1], 2), split=split)


def table(right: str, labels: str | None = None, first: int = 0) -> pd.DataFrame:
    """Return predictions, one image per character: + correct, - wrong."""
    labels = labels or "a" * len(right)
    return pd.DataFrame(
        {
            "image": [f"hash{first + i}" for i in range(len(right))],
            "label": list(labels),
            "prediction": [label if sign == "+" else "b" for label, sign in zip(labels, right, strict=True)],
        }
    )


def compared(right_a: str, right_b: str) -> Comparison:
    return compare(report(), report(), table(right_a), table(right_b))


def test_the_four_counts_and_the_difference() -> None:
    found = compared("++++--", "++--+-")
    assert (found.both_right, found.only_a_right, found.only_b_right, found.both_wrong) == (2, 2, 1, 1)
    assert found.n == 6 and found.difference == pytest.approx(-1 / 6)
    assert found.low < found.difference < found.high


def test_mcnemar_s_exact_test() -> None:
    # Eight discordant images, all for B: two-sided 2 / 2^8
    found = compared("--------++", "++++++++++")
    assert found.p_value == pytest.approx(2 / 2**8)
    assert found.sentence == (
        "Of 10 photos, only A is correct on 0 and only B on 8. "
        "B is better; the difference is unlikely to be chance (p = 0.0078)."
    )


def test_a_small_difference_is_called_chance() -> None:
    found = compared("+++-", "++++")
    assert found.p_value == 1.0 and "may well be chance" in found.sentence


def test_the_same_answers_are_no_difference() -> None:
    found = compared("++-", "++-")
    assert found.p_value == 1.0 and found.difference == 0 and "no difference" in found.sentence
    assert found.low < 0 < found.high


def test_the_order_of_the_rows_does_not_matter() -> None:
    mixed = table("++--").iloc[::-1]
    assert compare(report(), report(), table("+-+-"), mixed) == compared("+-+-", "++--")


def test_images_of_one_run_only_or_with_another_label_are_left_out_and_counted() -> None:
    found = compare(report(), report(), table("++++", "aaca"), table("+++", "aaa", first=1))
    # hash0 only in A, hash2 relabelled, hash1 and hash3 in both
    assert found.n == 2 and found.left_out == 2


def test_other_splits_or_no_common_image_cannot_be_compared() -> None:
    with pytest.raises(RunError, match="val split and the other for test"):
        compare(report("val"), report("test"), table("+"), table("+"))
    with pytest.raises(RunError, match="no test image with the same label in common"):
        compare(report(), report(), table("+"), table("+", first=5))


def test_boxes_are_compared_by_their_iou() -> None:
    """With one class every predicted class is correct, and the comparison said that there is no difference."""
    rows = pd.DataFrame(
        {
            "image": [f"hash{number}" for number in range(12)],
            **{f"true_{side}": [10.0] * 12 for side in ("x", "y", "width", "height")},
        }
    )
    worse = rows.assign(iou=[0.5] * 12)
    better = rows.assign(iou=[0.4] + [0.7] * 11, true_x=[10.0] * 11 + [99.0])
    found = compare_boxes(worse, better)
    assert found is not None and (found.a_better, found.b_better, found.difference.n) == (1, 10, 11)
    assert found.difference.value == pytest.approx(1.9 / 11)
    assert found.sentence.startswith(
        "Of 11 photos, the box of A fits better on 1 and that of B on 10. Mean IoU, B minus"
    )
    assert found.sentence.endswith("B is better; the difference is unlikely to be chance.")
    same = compare_boxes(worse, worse.assign(iou=[0.4, 0.6] * 6))
    assert same is not None and same.sentence.endswith("The difference may well be chance.")
    assert compare_boxes(rows, worse) is None
