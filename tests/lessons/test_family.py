"""The family in numbers: counted from the code, published with a source, measured here."""

import pandas as pd

from core.lessons.family import AUTHORS, differing, facts_of, fastest, published, speeds, table_of
from core.models.weights_table import TABLE
from core.models.zoo import ARCHITECTURES
from tests.lessons.test_result_cache import followed


def test_the_facts_are_those_of_the_code() -> None:
    assert facts_of("resnet50") == {
        "arch": "resnet50",
        "depth": 50,
        "parameters": 25_557_032,
        "multiply_adds": 4_089_184_256,
    }
    assert facts_of("seresnet50", size=64)["depth"] == 50


def test_only_the_fields_that_differ_are_told() -> None:
    strides = differing("resnet50-v1", "resnet50")
    assert strides.to_dict("records") == [{"field": "stride_in", "resnet50-v1": "1x1", "resnet50": "3x3"}]
    assert list(differing("resnet50", "resnext50-32x4d")["field"]) == ["groups", "width_per_group"]
    assert differing("resnet50", "resnet50").empty


def test_every_published_figure_has_its_source_and_its_network() -> None:
    figures = published()
    assert all(one.source and one.arch in ARCHITECTURES and 60 < one.top1 < 90 for one in figures)
    assert len({(one.arch, one.weights) for one in figures}) == len(figures)
    assert set(AUTHORS) <= set(figures)
    known = {(one.arch, one.weights): one.top1 for one in figures}
    assert known["resnet50", "V1"] == 76.13
    assert known["resnet50", "V2"] == 80.858
    assert known["keras-resnet50v2", "Keras"] == 76.0
    assert {one.top1 for one in figures} - {one.top1 for one in AUTHORS} <= {entry.top1 for entry in TABLE}


def test_the_table_has_every_network_and_says_what_is_not_known() -> None:
    facts = pd.DataFrame({"arch": ["resnet50", "resnet18"], "depth": 1, "parameters": 2, "multiply_adds": 3})
    facts.loc[2] = ["a new one", 1, 2, 3]
    table = table_of(facts, pd.DataFrame({"arch": ["resnet50"], "images_per_second": [7.5]}))
    assert list(table["arch"]) == ["resnet50", "resnet50", "resnet18", "a new one"]
    assert list(table["images_per_second"].isna()) == [False, False, True, True]
    assert table.iloc[-1][["top1", "source"]].isna().all()
    assert table_of(facts)["images_per_second"].isna().all()


def test_the_speed_is_measured_and_the_progress_told() -> None:
    seen, found = followed(speeds(["resnet18", "seresnet50"], size=32, batch=2, turn=3))
    assert [event.done for event in seen] == [0, 1]
    assert all(event.total == 2 and "turn 3" in event.phase for event in seen)
    assert list(found["arch"]) == ["resnet18", "seresnet50"]
    assert set(found["turn"]) == {3} and set(found["precision"]) == {"fp32"} and set(found["batch"]) == {2}
    assert (found["images_per_second"] > 0).all()


def test_a_turn_that_something_disturbed_does_not_count() -> None:
    """Turns of all networks in between: what else the computer does slows one turn of a network, and not all."""
    rows = [("resnet50", 1, 0.5), ("resnet18", 1, 9.0), ("resnet50", 2, 4.0), ("resnet18", 2, 1.0)]
    turns = pd.DataFrame(rows, columns=["arch", "turn", "images_per_second"])
    assert dict(fastest(turns)[["arch", "images_per_second"]].itertuples(index=False)) == {
        "resnet50": 4.0,
        "resnet18": 9.0,
    }
    facts = pd.DataFrame({"arch": ["resnet50"], "depth": 1, "parameters": 2, "multiply_adds": 3})
    assert set(table_of(facts, turns)["images_per_second"]) == {4.0}
