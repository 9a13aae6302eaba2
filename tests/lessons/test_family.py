"""The ResNet family: sizes counted from the code, accuracies with their sources, measured speed."""

import pandas as pd

from core.lessons.family import (
    AUTHOR_FIGURES,
    differing_fields,
    fastest_rounds,
    measure_speeds,
    network_facts,
    published,
    table_of,
)
from core.models.weights_table import TABLE
from core.models.zoo import ARCHITECTURES
from tests.lessons.experiment_steps import run_to_end


def test_the_facts_are_those_of_the_code() -> None:
    assert network_facts("resnet50") == {
        "arch": "resnet50",
        "depth": 50,
        "parameters": 25_557_032,
        "multiply_adds": 4_089_184_256,
    }
    assert network_facts("seresnet50", size=64)["depth"] == 50


def test_only_the_fields_that_differ_are_told() -> None:
    strides = differing_fields("resnet50-v1", "resnet50")
    assert strides.to_dict("records") == [{"field": "stride_in", "resnet50-v1": "1x1", "resnet50": "3x3"}]
    assert list(differing_fields("resnet50", "resnext50-32x4d")["field"]) == ["groups", "width_per_group"]
    assert differing_fields("resnet50", "resnet50").empty


def test_every_published_figure_has_its_source_and_its_network() -> None:
    figures = published()
    assert all(one.source and one.arch in ARCHITECTURES and 60 < one.top1 < 90 for one in figures)
    assert len({(one.arch, one.weights) for one in figures}) == len(figures)
    assert set(AUTHOR_FIGURES) <= set(figures)
    known = {(one.arch, one.weights): one.top1 for one in figures}
    assert known["resnet50", "V1"] == 76.13
    assert known["resnet50", "V2"] == 80.858
    assert known["keras-resnet50v2", "Keras"] == 76.0
    assert {one.top1 for one in figures} - {one.top1 for one in AUTHOR_FIGURES} <= {entry.top1 for entry in TABLE}


def test_the_table_has_every_network_and_says_what_is_not_known() -> None:
    facts = pd.DataFrame({"arch": ["resnet50", "resnet18"], "depth": 1, "parameters": 2, "multiply_adds": 3})
    facts.loc[2] = ["a new one", 1, 2, 3]
    table = table_of(facts, pd.DataFrame({"arch": ["resnet50"], "images_per_second": [7.5]}))
    assert list(table["arch"]) == ["resnet50", "resnet50", "resnet18", "a new one"]
    assert list(table["images_per_second"].isna()) == [False, False, True, True]
    assert table.iloc[-1][["top1", "source"]].isna().all()
    assert table_of(facts)["images_per_second"].isna().all()


def test_the_speed_is_measured_and_the_progress_told() -> None:
    seen, found = run_to_end(measure_speeds(["resnet18", "seresnet50"], size=32, batch=2, turn=3))
    assert [event.done for event in seen] == [0, 1]
    assert all(event.total == 2 and "round 3" in event.phase for event in seen)
    assert list(found["arch"]) == ["resnet18", "seresnet50"]
    assert set(found["turn"]) == {3} and set(found["precision"]) == {"fp32"} and set(found["batch"]) == {2}
    assert (found["images_per_second"] > 0).all()


def test_a_turn_that_something_disturbed_does_not_count() -> None:
    """Rounds over the whole family: another busy program slows one round of a network, not all."""
    rows = [("resnet50", 1, 0.5), ("resnet18", 1, 9.0), ("resnet50", 2, 4.0), ("resnet18", 2, 1.0)]
    turns = pd.DataFrame(rows, columns=["arch", "turn", "images_per_second"])
    assert dict(fastest_rounds(turns)[["arch", "images_per_second"]].itertuples(index=False)) == {
        "resnet50": 4.0,
        "resnet18": 9.0,
    }
    facts = pd.DataFrame({"arch": ["resnet50"], "depth": 1, "parameters": 2, "multiply_adds": 3})
    assert set(table_of(facts, turns)["images_per_second"]) == {4.0}
