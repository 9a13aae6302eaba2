"""The phases of an automatic run in words: lines, lists, the progress bar, the sentence about the first model."""

from pathlib import Path

import pytest

from core.errors import RunError
from core.runs.automatic.phases import FILE, Phases, write_phases
from core.runs.folder import RunFolder
from core.runs.status import Status, now
from pages.components.train.automatic import phase_words
from tests.pages.conftest import read
from tests.pages.train.automatic.some_phases import ALL, EARLY, FAILED, HEAD, LAYER4_AT_WORK, ONE, THREE, TWO


def at_work(**changes: object) -> Status:
    return Status(state="running", created=now()).changed(**changes)


def test_a_first_model_is_said_only_while_the_training_goes_on() -> None:
    first = phase_words.usable_sentence(TWO, live=True, boxes=False)
    assert first.startswith("**A first model is ready**: 75.0% (60% to 86%) on 40 validation photos.")
    assert phase_words.usable_sentence(THREE, live=True, boxes=False).startswith("**A better model is ready**: 90.0%")
    early = TWO.model_copy(update={"early": EARLY})
    assert phase_words.usable_sentence(early, live=True, boxes=False).startswith("**A model from all photos is ready**")
    assert not phase_words.usable_sentence(TWO, live=False, boxes=False)
    assert not phase_words.usable_sentence(Phases(), live=True, boxes=False)
    assert "mean IoU 0.75 (0.60 to 0.86) on 40" in phase_words.usable_sentence(TWO, live=True, boxes=True)


def test_each_phase_says_what_came_of_it() -> None:
    lines = [read(phase_words.phase_line(phase, boxes=False, live=False)) for phase in (HEAD, ALL)]
    assert lines == [
        "- **The head** (19 seconds): 75.0% (60% to 86%), kept. The first model.",
        "- **All layers** (about 3 minutes, 3 epochs): 85.0% (71% to 93%), not kept. "
        "No gain: 1 photo became correct and 3 became wrong, of 40.",
    ]
    reason = "The pretrained features may not suit these photos exactly."
    line = read(phase_words.phase_line(LAYER4_AT_WORK, boxes=False, live=True))
    assert line == f"- **The last stage** is being trained. {reason}"
    line = read(phase_words.phase_line(LAYER4_AT_WORK, boxes=False, live=False))
    assert line == f"- **The last stage**: not finished. {reason}"
    every = phase_words.phase_line(LAYER4_AT_WORK.model_copy(update={"train": "all"}), boxes=False, live=True)
    assert every.startswith("- **All layers** are being trained.")


def test_a_failed_phase_does_not_name_the_epochs_that_were_planned() -> None:
    """Without any epoch it said "12 seconds, 8 epochs"."""
    line = phase_words.phase_line(FAILED, boxes=False, live=False)
    assert read(line) == "- **The last stage** (12 seconds): no result, not kept. The memory was not enough."
    two = FAILED.model_copy(update={"points": LAYER4_AT_WORK.points})
    assert "(12 seconds, 2 epochs)" in phase_words.phase_line(two, boxes=False, live=False)


def test_the_chart_is_there_in_words() -> None:
    assert phase_words.summary(THREE, boxes=False) == (
        "Results of the phases on the validation photos. head: 75.0% (60% to 86%) after 19 seconds, kept; "
        "last stage: 90.0% (77% to 96%) after 75 seconds, kept; "
        "all layers: 85.0% (71% to 93%) after about 4 minutes, not kept."
    )
    assert phase_words.summary(Phases(), boxes=True).endswith("No phase is over yet.")
    early = phase_words.summary(ONE.model_copy(update={"early": EARLY}), boxes=False)
    assert "photos. first model, from a part of the photos: 70.0% (48% to 85%) after 7 seconds; head: 75.0%" in early


def test_lists_name_the_phases_instead_of_epochs() -> None:
    assert phase_words.in_short(THREE) == "3 phases, last stage kept"
    assert phase_words.in_short(ONE) == "1 phase, head kept"
    assert phase_words.in_short(TWO, live=True) == "phase 2, head kept so far"
    assert phase_words.in_short(Phases(phases=(LAYER4_AT_WORK,)), live=True) == "phase 1"


def test_the_bar_counts_the_epochs_of_the_phase() -> None:
    """Counted through all phases, the bar ran back each time that a phase was added."""
    status = at_work(epoch=7, epochs=9, batch=3, batches=6, phase="epoch 7 of 9", seconds_left=14.0)
    assert phase_words.progress(status, TWO) == (
        pytest.approx(5.5 / 8),
        "phase 2: the last stage · epoch 6 of 8 · 14 s left",
    )
    reading = at_work(epoch=1, epochs=9, batch=6, batches=6, phase="computing the kept features: 3 of 10")
    assert phase_words.progress(reading, TWO) == (0.0, "phase 2: the last stage")
    head = Phases(phases=(HEAD.model_copy(update={"ended": None, "value": None, "kept": False}),))
    assert phase_words.progress(at_work(phase="solving the head"), head) == (0.0, "phase 1: the head")
    ended = at_work(epoch=9, epochs=9, phase="evaluating the best model on the validation photos: 3 of 10")
    assert phase_words.progress(ended, THREE)[1] == "evaluating the best model"
    assert phase_words.progress(at_work(), None) == (0.0, "starting")


def test_a_changed_file_is_read_again_and_a_damaged_one_spoils_no_list(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    assert phase_words.phases_of(run) is None
    for found in (ONE, TWO, THREE):
        write_phases(tmp_path, found)
        assert phase_words.phases_of(run) == found
    write_phases(tmp_path, Phases())
    assert phase_words.phases_of(run) is None
    (tmp_path / FILE).write_text('{"phases": 3}')
    assert phase_words.phases_or_none(run) is None
    with pytest.raises(RunError, match="cannot be read"):
        phase_words.phases_of(run)
