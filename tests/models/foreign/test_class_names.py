"""Class names are taken where a file states them without doubt, for as many outputs as it has; else that is said."""

from collections.abc import Mapping

import pytest

from core.models.foreign.class_names import ClassNames, class_names

NAMES = ("cat", "dog", "owl")


@pytest.mark.parametrize(
    "place",
    [
        {"classes": ["cat", "dog", "owl"]},
        {"class_names": ("cat", "dog", "owl")},
        {"CLASSES": ["cat", "dog", "owl"]},
        {"idx_to_class": {0: "cat", 1: "dog", 2: "owl"}},
        {"idx_to_class": {2: "owl", 0: "cat", 1: "dog"}},
        {"id2label": {"0": "cat", "1": "dog", "2": "owl"}},
        {"class_to_idx": {"owl": 2, "cat": 0, "dog": 1}},
        {"label2id": {"owl": 2, "cat": 0, "dog": 1}, "id2label": {"0": "cat", "1": "dog", "2": "owl"}},
        {"hyper_parameters": {"class_to_idx": {"owl": 2, "cat": 0, "dog": 1}}},
        {"args": {"classes": ["cat", "dog", "owl"]}},
        {"meta": {"CLASSES": ("cat", "dog", "owl")}},
        {"classes": '["cat", "dog", "owl"]'},
        {"pretrained_cfg": {"label_names": ["cat", "dog", "owl"]}},
        {"labels": [0, 1, 1], "classes": ["cat", "dog", "owl"]},
    ],
    ids=lambda place: "-".join(place),
)
def test_names_are_found_in_the_order_of_the_outputs(place: Mapping[str, object]) -> None:
    assert class_names([place], 3) == ClassNames(NAMES)


@pytest.mark.parametrize(
    "place",
    [
        {"labels": [0, 1, 2]},
        {"classes": 3},
        {"classes": ["cat", "dog", 3]},
        {"classes": ["cat", "cat", "owl"]},
        {"classes": ["cat", " ", "owl"]},
        {"classes": ["cat", "\x1b[31m", "owl"]},
        {"class_to_idx": {"cat": 0, "dog": 1, "owl": 3}},
        {"class_to_idx": {"cat": 0, "dog": 1, "owl": 1}},
        {"class_to_idx": {"cat": True, "dog": False, "owl": 2}},
        {"id2label": {"0": "LABEL_0", "1": "LABEL_1", "2": "LABEL_2"}},
        {"classes": "[" * 100_000},
        {"names": ["cat", "dog", "owl"]},
        "classes",
    ],
)
def test_what_is_no_list_of_names_is_passed_over(place: object) -> None:
    assert class_names([place], 3) == ClassNames(None)


def test_names_for_another_number_of_outputs_are_not_used_and_that_is_said() -> None:
    found = class_names([{"classes": list(NAMES)}], 5)
    assert found.names is None and found.remark is not None
    assert found.remark.startswith("It names 3 classes (cat, dog, owl), but its classifier has 5 outputs")
    lost = class_names([{"classes": [*NAMES, "wren"]}], 0)
    assert lost.remark == "It names 4 classes (cat, dog, owl and 1 more), but has no classifier for them."


def test_two_lists_that_differ_are_not_used_and_that_is_said() -> None:
    places = [{"classes": list(NAMES), "class_to_idx": {"dog": 0, "cat": 1, "owl": 2}}]
    found = class_names(places, 3)
    assert found.names is None and found.remark is not None and "two ways that differ" in found.remark


def test_of_two_lists_the_one_for_the_outputs_counts() -> None:
    places = [{"labels": ["yes", "no"]}, {"hparams": {"classes": list(NAMES)}}]
    assert class_names(places, 3).names == NAMES


def test_settings_inside_settings_end_somewhere() -> None:
    endless: dict[str, object] = {}
    endless["config"] = endless
    assert class_names([endless], 3) == ClassNames(None)
