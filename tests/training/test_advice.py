"""Advice before a training: which settings will probably disappoint on these photos, and what to do."""

from typing import Any

import pandas as pd
import pytest

from core.training.advice import advice
from core.training.recipe import Recipe


def counts(*train: int, val: int = 5) -> pd.DataFrame:
    """Return the counts of a snapshot with so many training photos per class."""
    names = ["owl", "duck", "heron", "robin", "wren"][: len(train)]
    return pd.DataFrame({"train": train, "val": val, "test": val}, index=names)


MANY = counts(300, 300)


def given(table: pd.DataFrame, task: str = "classification", **values: Any) -> list[str]:
    return advice(Recipe.for_task(task, **values), table, task)


def test_the_defaults_on_enough_photos_need_no_advice() -> None:
    assert given(counts(20, 20)) == []
    assert given(counts(60, 60), train="staged") == []
    assert given(MANY, train="all") == []


def test_a_hundred_epochs_of_all_layers_on_141_photos() -> None:
    (sentence,) = given(counts(47, 47, 47), train="all", epochs=100)
    assert sentence == (
        "100 epochs of all layers on 141 photos take long, and the model will probably memorise them "
        "(overfitting). Train only the head or the last stage; use about 20 epochs, or set early stopping to 5."
    )
    assert given(counts(47, 47, 47), train="all", epochs=8) == [
        "With all layers trained on 141 photos, the model will probably memorise them (overfitting). "
        "Train only the head or the last stage."
    ]
    assert "more than it needs" in given(counts(47, 47, 47), train="head", epochs=100)[0]
    assert given(counts(47, 47, 47), train="head", epochs=100, patience=5) == []
    assert given(counts(9000, 9000), train="all", epochs=100) == []


def test_very_few_photos_of_a_class_are_named_the_smallest_first() -> None:
    assert given(counts(30, 4, 2)) == [
        'Very few training photos: "heron" has 2, "duck" has 4. Add photos until each class has at least 20; '
        "until then the result depends on chance."
    ]
    assert "and 2 more classes have few." in given(counts(1, 2, 3, 4, 4), batch_size=4)[0]


@pytest.mark.parametrize(("photos", "fitting"), [(2, 2), (7, 2), (12, 4), (41, 8), (63, 16)])
def test_a_batch_larger_than_the_training_set(photos: int, fitting: int) -> None:
    found = [s for s in given(counts(photos), "localization", batch_size=64, train="layer4") if "batch size" in s]
    assert found == [
        f"The batch size 64 is larger than the training set of {photos} photos, so each epoch is a single step. "
        f"Choose {fitting}."
    ]
    assert not given(counts(64), "localization", batch_size=64, train="layer4")


def test_a_solved_head_has_no_batches() -> None:
    """Twelve photos were told to choose a smaller batch size, of which the head alone has no use."""
    assert not any("batch size" in one for one in given(counts(6, 6), train="automatic"))
    assert not any("batch size" in one for one in given(counts(6, 6), train="head"))
    assert any("batch size" in one for one in given(counts(6, 6), "localization", train="automatic"))
    assert any("batch size" in one for one in given(counts(8, 8), train="automatic"))


def test_a_learning_rate_far_off() -> None:
    (high,) = given(MANY, learning_rate=0.1)
    assert high.startswith(
        "The learning rate 0.1 is 50 times the usual 0.002 of adamw, so the loss will probably grow."
    )
    (low,) = given(MANY, learning_rate=1e-6)
    assert "2,000 times smaller than the usual 0.002" in low
    assert given(MANY, learning_rate=0.01) == given(MANY, learning_rate=1e-4) == []
    assert given(MANY, optimizer="sgd", learning_rate=0.05) == []


def test_boxes_want_more_than_the_head() -> None:
    (sentence,) = given(MANY, "localization", train="head")
    assert sentence.startswith("Boxes need more than the head")
    assert given(MANY, "localization", train="layer4") == []
    assert given(MANY) == []


def test_random_weights_need_many_photos() -> None:
    assert "Choose train all." in given(MANY, weights="none", train="head")[0]
    assert "Random weights need hundreds of photos per class" in given(counts(50, 50), weights="none")[0]
    assert given(MANY, weights="none") == []


def test_settings_without_effect_and_cut_off_boxes() -> None:
    assert "Patience 9" in given(MANY, train="head", patience=9, epochs=4)[0]
    assert "cuts off the ends" in given(MANY, "localization", mode="crop", train="all")[0]


def test_techniques_that_do_nothing_or_too_much_are_named() -> None:
    (sentence,) = given(MANY, balanced_sampling=True, class_weighting="balanced")
    assert "count rare classes twice" in sentence
    assert given(MANY, balanced_sampling=True) == []
    assert any("boxes are not averaged" in one for one in given(MANY, "localization", test_time_views=2, train="all"))
    assert given(MANY, test_time_views=2, ema=0.99, mixup=0.2) == []


def test_a_learning_rate_is_no_matter_where_there_is_none() -> None:
    assert given(MANY, optimizer="auto", views=2) == []
    assert "usual 0.002 of adamw" in given(MANY, optimizer="auto", learning_rate=5.0)[0]


def test_v2_weights_in_frozen_layers_are_advised_against() -> None:
    for train in ("head", "layer4", "layer3", "automatic"):
        (sentence,) = given(MANY, train=train, weights="imagenet-v2")
        assert sentence.startswith("In frozen layers, the V2 weights of ImageNet usually give slightly worse features")
        assert given(MANY, train=train, weights="imagenet") == []
    assert given(MANY, train="all", weights="imagenet-v2") == given(MANY, train="staged", weights="imagenet-v2") == []


def test_automatic_training_decides_about_epochs_itself() -> None:
    assert given(MANY, train="automatic") == []
    assert given(MANY, train="automatic", epochs=90, head_epochs=2, patience=100) == [
        "Automatic training decides how many epochs to train, so epochs 90 and head_epochs 2 have no effect."
    ]
