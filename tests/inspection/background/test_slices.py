"""Accuracy by tag, group and class: the worst is named, small ones are not, chance is taken into account."""

import pandas as pd
import pytest

from core.inspection.background.slices import (
    FEW,
    NO_TAG,
    Slice,
    Slices,
    all_slices,
    by_class,
    by_class_and_tag,
    by_group,
    by_tag,
)
from core.inspection.measuring.report import Rate


def predictions(rows: list[tuple[str, str, str]]) -> pd.DataFrame:
    """A table of (image, label, prediction)."""
    return pd.DataFrame(rows, columns=["image", "label", "prediction"])


@pytest.fixture
def owls_and_ducks() -> pd.DataFrame:
    """Twenty of each; all owls are right but those without snow, which are o12 to o19."""
    owls = [(f"o{n}", "owl", "owl" if n < 12 else "duck") for n in range(20)]
    return predictions([*owls, *((f"d{n}", "duck", "duck") for n in range(20))])


TAGS = {**{f"o{n}": ("snow",) for n in range(12)}, **{f"d{n}": ("snow", "dusk") for n in range(3)}}


def test_the_worst_is_the_class_without_its_usual_tag(owls_and_ducks: pd.DataFrame) -> None:
    found = by_class_and_tag(owls_and_ducks, TAGS)
    assert found.worst is not None and found.worst.name == "owl, not snow"
    assert found.worst.rate == Rate.of(0, 8) and found.worst.others == Rate.of(32, 32)
    assert found.clear and (found.p_value or 1) < 1e-5
    assert found.sentence.startswith("The worst is owl, not snow: 0% of 8 photos (95% confidence interval 0 to 32%)")
    assert "unlikely to be chance (p = " in found.sentence


def test_tags_overlap_and_photos_without_any_are_a_part_too(owls_and_ducks: pd.DataFrame) -> None:
    found = {one.name: one.rate for one in by_tag(owls_and_ducks, TAGS).rows}
    assert found == {"snow": Rate.of(15, 15), "dusk": Rate.of(3, 3), NO_TAG: Rate.of(17, 25)}
    assert by_tag(owls_and_ducks, {}).rows == ()


def test_too_few_photos_come_last_and_are_never_the_worst() -> None:
    rows = [(f"a{n}", "a", "b") for n in range(FEW - 1)]
    rows += [(f"b{n}", "b", "b" if n else "c") for n in range(FEW)]
    rows += [(f"c{n}", "c", "c") for n in range(FEW)]
    found = by_class(predictions(rows))
    assert [one.name for one in found.rows] == ["b", "c", "a"] and found.rows[-1].few
    assert found.worst is not None and found.worst.name == "b"
    assert not found.clear and "This may well be chance." in found.sentence
    assert found.few_sentence == "1 of 3 have fewer than 5 photos, too few to say anything."


def test_equal_parts_have_no_worst(owls_and_ducks: pd.DataFrame) -> None:
    right = owls_and_ducks.assign(prediction=owls_and_ducks["label"])
    found = by_class(right)
    assert found.worst is None and found.p_value is None
    assert found.sentence == "The accuracy is 100% in all of them."
    one = by_group(right, {f"o{n}": "camera 1" for n in range(20)})
    assert one.worst is None and "none can be called the worst" in one.sentence


def test_only_kinds_that_the_photos_have_are_returned(owls_and_ducks: pd.DataFrame) -> None:
    assert list(all_slices(owls_and_ducks, {}, {})) == ["class"]
    groups = {"o0": "monday", "d0": "monday", "o1": "tuesday"}
    assert list(all_slices(owls_and_ducks, TAGS, groups)) == ["tag", "group", "class", "class and tag"]


def test_the_p_value_is_fishers_exact_test_times_the_number_of_parts() -> None:
    from scipy.stats import fisher_exact

    rows = (Slice("a", Rate.of(6, 12), Rate.of(27, 30)), Slice("b", Rate.of(27, 30), Rate.of(6, 12)))
    exact = fisher_exact([[6, 6], [27, 3]], alternative="less").pvalue
    assert Slices("tag", rows).p_value == pytest.approx(2 * exact)
