"""The expected time of an automatic training on the page: the first model, and the end at the latest."""

from pathlib import Path

import pytest

from core.data.snapshot import Snapshot
from core.data.store.store import Store
from core.runs.estimates.speed import Speed
from core.runs.estimates.waiting import ExpectedTime
from core.training.linear.kept_vectors import Readiness
from core.training.recipe import Recipe
from core.workspace import open_workspace
from pages.components.train import time_estimate
from tests.pages.trained import color_project, queued_run


@pytest.fixture
def snapshot(store: Store, home: Path) -> Snapshot:
    return queued_run(open_workspace(), store, color_project(store)).snapshot()


@pytest.mark.parametrize(
    ("first_model", "longest", "minutes", "ready", "sentence"),
    [
        (20.0, 240.0, None, None, "a first model in 13 to 30 seconds (measured), and about 6 minutes at most."),
        (20.0, 880.0, None, None, "a first model in 13 to 30 seconds (measured), and about 15 minutes at most."),
        (20.0, 110.0, 2.0, None, "a first model in 13 to 30 seconds (measured), and about 2 minutes at most."),
        (3.0, 240.0, None, 30, "in about 3 seconds (the features of 30 of 30 photos are ready), and about 6 minutes"),
        (3.0, 240.0, None, 15, "in 3 to 4 seconds (the features of 15 of 30 photos are ready), and about 6 minutes"),
        (20.0, 20.0, None, None, "(measured). For more layers, there are too few photos or too little time."),
        (300.0, 400.0, 1.0, None, "in 3 to 8 minutes (measured), and about 8 minutes at most."),
    ],
)
def test_the_first_model_and_the_end_at_the_latest(
    snapshot: Snapshot,
    monkeypatch: pytest.MonkeyPatch,
    first_model: float,
    longest: float,
    minutes: float | None,
    ready: int | None,
    sentence: str,
) -> None:
    found = ExpectedTime(longest, Speed(100.0, 100.0, 1.5, "measured"), 0, 0.0, first_model)
    monkeypatch.setattr(time_estimate, "expected_time", lambda *_, **__: found)
    share = None if ready is None else Readiness(ready, 30)
    monkeypatch.setattr(time_estimate, "vectors_readiness", lambda *_: share)
    recipe = Recipe(train="automatic", time_limit=minutes)
    said = time_estimate.time_sentence(open_workspace(), recipe, snapshot, [])
    assert said.startswith("Expected time: a first model in ") and sentence in said


def test_what_the_core_expects_becomes_a_sentence(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_estimate, "vectors_readiness", lambda *_: Readiness(30, 30))
    said = time_estimate.time_sentence(open_workspace(), Recipe(train="automatic"), snapshot, [])
    assert said.startswith("Expected time: a first model in ") and "(the features of 30 of 30 photos are ready)" in said
