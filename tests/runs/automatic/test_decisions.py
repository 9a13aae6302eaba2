"""What an automatic training does next, and when a phase counts as better."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.inspection.measuring.logit_report import report_of_logits
from core.runs.automatic.gain import gain_of
from core.runs.automatic.next_phase import Ended, Planned, Situation, next_phase
from core.runs.automatic.phases import Layers, Phase

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
        (situation(phase("head"), photos=9), "4 training photos per class are too few to train deeper layers"),
        (situation(phase("head"), phase("layer4", kept=False)), "gained nothing"),
        (situation(phase("head"), phase("layer4"), photos=40), "20 training photos per class are too few to train all"),
        (situation(phase("head"), seconds_left=20), "no room"),
    ],
)
def test_it_ends_with_a_reason(now: Situation, reason: str) -> None:
    found = next_phase(now)
    assert isinstance(found, Ended) and reason in found.reason


def test_a_short_time_limit_means_fewer_epochs() -> None:
    usual, short = (next_phase(situation(phase("head"), seconds_left=left)) for left in (900, 55))
    assert isinstance(usual, Planned) and isinstance(short, Planned) and 3 <= short.epochs < usual.epochs


@pytest.mark.parametrize(
    ("won", "lost", "better"), [(0, 0, False), (1, 0, False), (2, 0, False), (3, 0, True), (5, 2, False), (6, 2, True)]
)
def test_a_phase_is_better_only_beyond_chance(won: int, lost: int, better: bool) -> None:
    """McNemar's exact test: p is 1, 1, 0.5, 0.25, 0.45 and 0.29."""
    n = 40
    frame = pd.DataFrame({"filename": "x", "image": [f"{row:03d}" for row in range(n)], "path": "p", "label": "cat"})
    before = np.tile(np.array([[1.0, 0.0]]), (n, 1))
    after = before.copy()
    before[:won] = after[won : won + lost] = [0.0, 1.0]
    found = gain_of(*(report_of_logits(CLASSES, frame, one, split="val") for one in (before, after)))
    assert found.better is better
    assert f"{won} photos became correct and {lost} became wrong, of 40" in found.sentence
