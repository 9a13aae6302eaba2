import time
from collections.abc import Callable

import pytest

from core.progress import COMPUTING_FEATURES, Progress
from core.runs.estimates.work import FULL_STEP
from core.runs.folder import RunFolder
from core.runs.progress_writer import ProgressWriter
from core.runs.remaining import RemainingTime


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_all_epochs_that_are_left_are_counted() -> None:
    clock = Clock()
    remaining = RemainingTime(clock)
    clock.seconds = 1.0
    assert remaining.after_step(1, 3, 1, 10) is None  # the first batch alone says nothing about the pace
    clock.seconds = 3.0
    # 1 s a batch: 7 more of this epoch and 20 of the others, and a guess for three validations
    left = remaining.after_step(1, 3, 3, 10)
    assert left is not None and 27 < left < 35


def test_validation_is_counted_as_it_was_in_the_epoch_before() -> None:
    clock = Clock()
    remaining = RemainingTime(clock)
    for batch in (1, 2):
        clock.seconds = float(batch)
        remaining.after_step(1, 3, batch, 2)
    clock.seconds = 7.0  # validation took 5 s
    assert remaining.after_epoch(1, 3, seconds=7.0) == 14.0
    clock.seconds = 8.0
    # one batch of 1 s and one validation are left of this epoch, then a whole one: 1 + 5 + 2 + 5
    assert remaining.after_step(2, 3, 1, 2) == 13.0


def test_nothing_is_left_after_the_last_epoch() -> None:
    assert RemainingTime(Clock()).after_epoch(3, 3, seconds=7.0) == 0.0


def test_the_evaluation_is_part_of_the_time_left() -> None:
    """It said 8 s, and then the evaluation took 49: 20 validation photos took 4 s."""
    clock = Clock()
    remaining = RemainingTime(clock, validation_photos=20)
    for batch in (1, 2):
        clock.seconds = float(batch)
        remaining.after_step(1, 2, batch, 2)
    for done in (10, 20):
        clock.seconds += 2.0
        left = remaining.after_validation(done)
    assert left is not None
    evaluation = 0.2 * 20 + 1.0  # 0.2 s a photo, and a second to load the model and write the report
    assert remaining.after_epoch(2, 2, seconds=6.0) == pytest.approx(evaluation)
    assert left == pytest.approx(2.0 + 4.0 + evaluation)
    assert remaining.after_epoch(1, 2, seconds=6.0) == pytest.approx(6.0 + evaluation)
    remaining.full_precision = False  # training in bf16, evaluation in fp32
    assert remaining.after_epoch(2, 2, seconds=6.0) == pytest.approx(0.4 * 20 + 1.0)


def test_the_evaluation_itself_is_measured_once_it_has_begun() -> None:
    clock = Clock()
    remaining = RemainingTime(clock, validation_photos=60)
    assert remaining.start_evaluation() == pytest.approx(1.0)
    clock.seconds = 5.0
    assert remaining.after_evaluated(0) == 0.0
    assert remaining.after_evaluated(10) == pytest.approx(25.0)
    assert remaining.after_evaluated(60) == 0.0


def test_computing_features_tells_how_long_the_rest_takes() -> None:
    """Epochs on kept features take next to nothing, but the evaluation after them computes the whole network."""
    clock = Clock()
    remaining = RemainingTime(clock, validation_photos=60)
    assert remaining.after_features(0, 200) is None
    clock.seconds = 10.0
    evaluation = 0.1 * 60 + 1.0
    assert remaining.after_features(100, 200) == pytest.approx(10.0 + evaluation)
    assert remaining.after_features(100, 200, training=300.0) == pytest.approx(10.0 + 30.0 + evaluation)
    clock.seconds = 20.0
    assert remaining.after_features(200, 200) == pytest.approx(evaluation)
    for batch in (1, 2):
        clock.seconds += 0.001
        remaining.after_step(1, 2, batch, 2)
    clock.seconds += 0.001
    left = remaining.after_validation(60)
    assert left is not None and left == pytest.approx(evaluation, abs=0.02)


def test_without_a_split_its_evaluation_takes_no_time() -> None:
    assert RemainingTime(Clock()).start_evaluation() == 0.0
    assert RemainingTime(Clock()).after_evaluated(0) == 0.0


def test_the_status_of_a_run_tells_how_long_its_features_take(
    make_run: Callable[..., RunFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it, the page said nothing until the first epoch, which is when nearly everything is done."""
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    left = {}
    for train in ("head", "layer4", "staged"):
        run = make_run(train, train=train, epochs=4, head_epochs=1 if train == "staged" else None)
        writer = ProgressWriter(run, resumed=False, photos={"train": 100, "val": 50})
        writer._remaining._clock = clock
        clock.seconds = 0.0
        writer.write(Progress(COMPUTING_FEATURES, 0, 250))
        clock.seconds = 10.0
        writer.write(Progress(COMPUTING_FEATURES, 100, 250))
        writer.close()
        assert run.status().phase == "computing features: 100 of 250"
        left[train] = run.status().seconds_left
    # 0.1 s a view: 150 more views and the evaluation of 50 photos; then the epochs of the upper layers.
    assert left["head"] == pytest.approx(15.0 + 6.0)
    epoch = 0.1 * (FULL_STEP * 100 + 50)
    assert left["layer4"] == pytest.approx(21.0 + 4 * 0.2 * epoch)
    assert left["staged"] == pytest.approx(21.0 + 3 * epoch)
