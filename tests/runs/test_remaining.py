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
