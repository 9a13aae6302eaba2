"""What changed between two evaluations of the same images, judged by the later labels."""

import pandas as pd
import pytest

from core.errors import RunError
from core.inspection.measuring.changed_answers import ChangedAnswers, changed_answers


def table(**answers: str) -> pd.DataFrame:
    """Predictions by image: ``i1="a:b"`` is an image labelled a, predicted as b; the first is the most confident."""
    rows = [(image, *cells.split(":"), 0.9 - 0.1 * place) for place, (image, cells) in enumerate(answers.items())]
    return pd.DataFrame(rows, columns=["image", "label", "prediction", "probability"])


def images(rows: pd.DataFrame) -> list[str]:
    return [str(one) for one in rows["image"]]


def changed(earlier: pd.DataFrame, later: pd.DataFrame) -> ChangedAnswers:
    return changed_answers("val", earlier, later)


def test_photos_are_newly_right_and_newly_wrong() -> None:
    earlier = table(i1="a:a", i2="a:b", i3="b:a", i4="b:b")
    later = table(i1="a:b", i2="a:a", i3="b:b", i4="b:b")
    found = changed(earlier, later)
    assert (images(found.newly_right), images(found.newly_wrong)) == (["i2", "i3"], ["i1"])
    assert found.newly_right["earlier"].tolist() == ["b", "a"]
    assert found.comparison is not None
    assert (found.comparison.only_b_right, found.comparison.only_a_right, found.comparison.n) == (2, 1, 4)
    assert found.sentence.startswith("Of 4 photos that both runs were evaluated on: 2 newly right, 1 newly wrong.")


def test_both_are_judged_by_the_later_labels() -> None:
    """A corrected label makes the earlier answer right, so that the photo is no gain of the new run."""
    earlier, later = table(i1="b:a"), table(i1="a:a")
    found = changed(earlier, later)
    assert found.newly_right.empty and found.newly_wrong.empty
    assert found.relabelled == 1 and found.comparison is not None and found.comparison.both_right == 1
    # An answer that agreed with the wrong label becomes a mistake of the earlier run.
    assert images(changed(table(i1="b:b"), table(i1="a:a")).newly_right) == ["i1"]


def test_p_is_a_rough_guide_where_labels_were_corrected() -> None:
    """Labels are corrected where the earlier run was wrong, so these photos are no neutral sample."""
    caveat = changed(table(i1="b:a", i2="a:a"), table(i1="a:a", i2="a:b")).caveat
    assert caveat.startswith("1 of these labels was corrected. ")
    assert caveat.endswith("These photos are then no neutral sample, and p is only a rough guide.")
    assert changed(table(i1="a:a"), table(i1="a:b")).caveat == ""
    assert changed(table(i1="a:a"), table(i2="a:b")).caveat == ""


def test_only_photos_of_both_count_and_the_others_are_counted() -> None:
    found = changed(table(i1="a:a", i2="a:b"), table(i2="a:a", i3="b:a"))
    assert images(found.newly_right) == ["i2"] and found.newly_wrong.empty
    assert found.comparison is not None and (found.comparison.n, found.comparison.left_out) == (1, 2)
    nothing = changed(table(i1="a:a"), table(i2="a:a"))
    assert nothing.comparison is None and "no photo of this split in common" in nothing.sentence


def test_the_most_confident_answer_comes_first() -> None:
    earlier = table(i1="a:b", i2="a:b")
    later = table(i2="a:a", i1="a:a")  # i2 is the more confident one
    assert images(changed(earlier, later).newly_right) == ["i2", "i1"]


def test_the_sentence_says_whether_the_difference_is_chance() -> None:
    names = [f"i{number}" for number in range(8)]
    wrong, right = table(**dict.fromkeys(names, "a:b")), table(**dict.fromkeys(names, "a:a"))
    assert changed(wrong, right).sentence.endswith("chance (p = 0.0078).")
    assert "The new run is better" in changed(wrong, right).sentence
    assert "The earlier run is better" in changed(right, wrong).sentence
    assert changed(table(i1="a:b"), table(i1="a:a")).sentence.endswith("may well be chance (p = 1).")
    assert changed(right, right).sentence.endswith("There is no difference in accuracy.")


def boxed(prediction: str, x: str, true_x: str) -> pd.DataFrame:
    """One photo with a predicted and a labelled box of 10 pixels, as texts, as they are read from the CSV."""
    cells = {"image": "i1", "label": "a", "prediction": prediction, "probability": 0.9}
    sides = {"x": x, "y": "0", "width": "10", "height": "10"}
    true = {f"true_{side}": value for side, value in (sides | {"x": true_x}).items()}
    return pd.DataFrame([cells | sides | true])


def test_a_box_is_right_if_it_overlaps_the_later_box_by_half() -> None:
    off, near = boxed("a", "9", "0"), boxed("a", "1", "0")
    assert images(changed(off, near).newly_right) == ["i1"]
    # The labelled box was corrected to where the earlier model had found it.
    assert changed(boxed("a", "9", "0"), boxed("a", "9", "9")).newly_right.empty
    assert images(changed(near, boxed("b", "1", "0")).newly_wrong) == ["i1"]


def test_an_incomplete_table_is_named() -> None:
    with pytest.raises(RunError, match="table of predictions is incomplete"):
        changed(table(i1="a:a").drop(columns="prediction"), table(i1="a:a"))
