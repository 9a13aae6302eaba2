"""What an automatic training does next, and when a phase counts as better."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.inspection.measuring.logit_report import report_of_logits
from core.runs.automatic.gain import gain_of
from core.runs.automatic.next_phase import (
    Ended,
    Planned,
    Situation,
    expected_seconds,
    measured_seconds_per_photo,
    next_phase,
)
from core.runs.automatic.phases import Layers, Phase, Point

CLASSES = ("cat", "dog")


def phase(train: Layers, *, kept: bool = True, value: float = 0.9) -> Phase:
    return Phase(train=train, first_epoch=1, epochs=1, began=0, reason="", ended=1.0, value=value, kept=kept)


def situation(*done: Phase, **changes: Any) -> Situation:
    usual: dict[str, Any] = {"photos": 200, "val_photos": 50, "classes": 2, "seconds_left": 900.0}
    return Situation(done=done, seconds_per_photo=0.05, **{**usual, **changes})


def test_the_head_comes_first_then_the_last_stage_then_all_layers() -> None:
    assert isinstance(first := next_phase(situation()), Planned) and (first.train, first.epochs) == ("head", 1)
    second = next_phase(situation(phase("head")))
    assert isinstance(second, Planned) and second.train == "layer4"
    third = next_phase(situation(phase("head"), phase("layer4")))
    assert isinstance(third, Planned) and third.train == "all"
    assert isinstance(next_phase(situation(phase("head"), phase("layer4"), phase("all"))), Ended)


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (situation(phase("head", value=1.0)), "All validation photos are correct"),
        (situation(phase("head"), photos=9), "4 training photos per class are too few to train the last stage"),
        (situation(phase("head"), phase("layer4", kept=False)), "gained nothing, so the earlier stages stay frozen"),
        (situation(phase("head"), phase("layer4"), photos=40), "20 training photos per class are too few to train all"),
        (situation(phase("head"), seconds_left=20), "no room for more layers"),
    ],
)
def test_it_ends_with_a_reason(now: Situation, reason: str) -> None:
    found = next_phase(now)
    assert isinstance(found, Ended) and reason in found.reason


def test_maps_that_the_heads_pass_kept_are_not_counted_again() -> None:
    now = situation(phase("head"))
    without = expected_seconds(now, "layer4", 2) - expected_seconds(situation(maps=1.0), "layer4", 2)
    assert without == pytest.approx(0.8 * (2 * 200 + 50) * 0.05)
    assert expected_seconds(situation(maps=1.0), "all", 2) == expected_seconds(now, "all", 2)


def test_after_the_time_limit_nothing_is_begun() -> None:
    found = next_phase(situation(phase("head"), phase("layer4", kept=False), seconds_left=0.0))
    assert isinstance(found, Ended) and found.reason == "The time limit was reached."


def test_the_pace_of_a_phase_that_was_trained_is_measured() -> None:
    """Twenty seconds an epoch, of 200 photos with a step that costs 1.1 passes, and 50 with 0.2: 230 passes."""
    points = tuple(Point(seconds=100 + 20 * epoch, epoch=epoch, score=0.9) for epoch in (2, 3, 4))
    layer4 = phase("layer4").model_copy(update={"points": points})
    now = situation(phase("head"), layer4)
    assert measured_seconds_per_photo(now, layer4) == pytest.approx(20 / (200 * 0.2 * 5.5 + 50 * 0.2))
    assert measured_seconds_per_photo(now, phase("head")) is None
    assert measured_seconds_per_photo(now, layer4.model_copy(update={"points": points[:1]})) is None


def test_random_views_are_computed_anew_in_every_epoch() -> None:
    kept, anew = (situation(phase("head"), views=views) for views in (2, 0))
    once, again = (expected_seconds(now, "layer4", 8) for now in (kept, anew))
    # Of 200 training and 50 validation photos; two views of the former are computed once.
    assert again - once == pytest.approx(0.05 * 0.8 * (8 * 250 - 450))


def test_a_short_time_limit_means_fewer_epochs() -> None:
    usual, short = (next_phase(situation(phase("head"), seconds_left=left)) for left in (900, 62))
    assert isinstance(usual, Planned) and isinstance(short, Planned) and 3 <= short.epochs < usual.epochs


@pytest.mark.parametrize(
    ("won", "lost", "better"), [(0, 0, False), (1, 0, False), (2, 0, False), (3, 0, True), (5, 2, False), (6, 2, True)]
)
def test_a_phase_is_better_only_if_the_gain_is_large_enough(won: int, lost: int, better: bool) -> None:
    """McNemar's exact test: p is 1, 1, 0.5, 0.25, 0.45 and 0.29. Such a mild test was said to exclude chance."""
    n = 40
    frame = pd.DataFrame({"filename": "x", "image": [f"{row:03d}" for row in range(n)], "path": "p", "label": "cat"})
    before = np.tile(np.array([[1.0, 0.0]]), (n, 1))
    after = before.copy()
    before[:won] = after[won : won + lost] = [0.0, 1.0]
    found = gain_of(*(report_of_logits(CLASSES, frame, one, split="val") for one in (before, after)))
    assert found.better is better
    begin = "Better" if better else "Gain too small to count" if won else "No gain"
    counts = f"{won} {'photo' if won == 1 else 'photos'} became correct and {lost} became wrong, of 40."
    assert found.sentence == f"{begin}: {counts}"


def test_too_few_photos_are_not_rounded_up_to_what_is_needed() -> None:
    """38 photos in 5 classes: "8 training photos per class are too few: they need about 8."."""
    found = next_phase(situation(phase("head"), photos=38, classes=5))
    assert isinstance(found, Ended) and found.reason.startswith("7 training photos per class are too few")
    assert found.reason.endswith("they need about 8.")


def box_table(iou: list[float], wrong: int, classes: int = 2) -> tuple[Any, pd.DataFrame]:
    """A localization's report and predictions; the first ``wrong`` photos are predicted as another class."""
    labels = [CLASSES[row % classes] for row in range(len(iou))]
    table = pd.DataFrame({"image": [f"{row:03d}" for row in range(len(iou))], "label": labels})
    table["prediction"] = ["another"] * wrong + labels[wrong:]
    corners = {f"true_{side}": "1" for side in ("x", "y", "width", "height")}
    return SimpleNamespace(task="localization"), table.assign(iou=[str(value) for value in iou], **corners)


def test_better_boxes_do_not_make_up_for_wrong_classes() -> None:
    """0.02 more of overlap and 25 of 100 photos with another class were taken for a gain."""
    before, after = [0.70, 0.72] * 50, [0.73, 0.73] * 50
    assert gain_of(box_table(before, 5), box_table(after, 5)).better
    worse = gain_of(box_table(before, 5), box_table(after, 30))
    assert not worse.better
    same_boxes = gain_of(box_table(before, 30), box_table(before, 5))
    assert same_boxes.better and "0 where the class is wrong" in same_boxes.sentence
    single = gain_of(box_table(before, 0, classes=1), box_table(after, 0, classes=1))
    assert single.sentence == "Better: the mean IoU changed by +0.020 on 100 photos."
