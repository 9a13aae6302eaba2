"""The expected time of a sweep: what the frozen layers compute is counted once, not once for each run."""

from collections.abc import Callable
from typing import Any

import pytest

from core.data.snapshot import Snapshot
from core.runs.estimates import speeds_by_work, sweep_time
from core.runs.estimates.expected_time import expected_seconds
from core.runs.estimates.speed import Speed
from core.runs.estimates.sweep_time import expected_sweep_time
from core.training.linear.kept_vectors import Readiness
from core.training.recipe import Recipe
from core.workspace import Workspace

# A slow machine: 4.1 billion multiply-adds, one photo in ResNet-50, take a second.
SLOW = Speed(training=4.1, exact=4.1, spread=1.0, source="")
START = 5.0
"""Seconds to load torch and prepare the engine, if some features are missing."""


@pytest.fixture(autouse=True)
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[Recipe]:
    """The recipes whose speed was looked up; no features are there."""
    found: list[Recipe] = []

    def speed(workspace: Workspace, recipe: Recipe, *_: Any) -> Speed:
        found.append(recipe)
        return SLOW

    monkeypatch.setattr(speeds_by_work, "run_speed", speed)
    monkeypatch.setattr(speeds_by_work, "expected_speed", speed)
    monkeypatch.setattr(sweep_time, "present_slowdown", lambda: 1.0)
    monkeypatch.setattr(sweep_time, "vectors_readiness", lambda *_: None)
    return found


@pytest.fixture
def total(workspace: Workspace, snapshot: Snapshot) -> Callable[..., float]:
    def seconds(*recipes: Recipe) -> float:
        found = expected_sweep_time(workspace, recipes, snapshot, [])
        assert found.low == found.high
        return found.high

    return seconds


def head(**changes: Any) -> Recipe:
    return Recipe.checked(**{"train": "head", "device": "cpu", "views": 2, **changes})


def photos(snapshot: Snapshot) -> tuple[int, int]:
    return len(snapshot.part("train")), len(snapshot.part("val"))


def test_seeds_of_a_solved_head_compute_the_features_once(total: Callable[..., float], snapshot: Snapshot) -> None:
    """Three seeds were expected to take three times as long as one; the second and third find all features there."""
    train, val = photos(snapshot)
    features = 2 * train + val
    one, three = total(head()), total(*(head(seed=seed) for seed in range(3)))
    assert features < one < features + 10, "the test photos take no part in it"
    assert three - one < 2 * 5
    ready = expected_seconds(head(), snapshot, SLOW, ready=1.0, busy=1.0)
    assert ready["features"] == ready["reading the photos"] == 0


def test_what_is_there_before_the_sweep_is_not_computed(
    total: Callable[..., float], snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, val = photos(snapshot)
    anew = total(head())
    monkeypatch.setattr(sweep_time, "vectors_readiness", lambda *_: Readiness(3, 4))
    assert anew - total(head()) == pytest.approx(0.75 * (2 * train + val), abs=1)


@pytest.mark.parametrize(
    "changes", [{"weights": "imagenet-v2"}, {"mode": "squash"}, {"size": 128}, {"arch": "resnet18"}]
)
def test_another_network_or_view_of_the_photos_has_features_of_its_own(
    total: Callable[..., float], changes: dict[str, Any]
) -> None:
    assert total(head(), head(**changes)) == pytest.approx(total(head()) + total(head(**changes)))


def test_more_views_of_the_same_photos_add_their_own(total: Callable[..., float], snapshot: Snapshot) -> None:
    train, _ = photos(snapshot)
    twice = total(head(), head(seed=1)) + START
    assert total(head(), head(views=3)) - twice == pytest.approx(train, abs=1)
    crops = total(head(views=3, augmentation="light"), head(views=3, augmentation="standard"))
    assert crops - twice == pytest.approx(2 * train, abs=1), "the original and the mirrored view are the same"


def test_kept_maps_are_counted_once_and_full_trainings_each_time(
    total: Callable[..., float], snapshot: Snapshot
) -> None:
    def layer4(seed: int) -> Recipe:
        return head(train="layer4", epochs=2, seed=seed)

    parts = expected_seconds(layer4(0), snapshot, SLOW, busy=1.0)
    saved = 2 * total(layer4(0)) - total(layer4(0), layer4(1))
    assert saved == pytest.approx(parts["features"] + parts["reading the photos"], abs=0.1)
    whole = [head(train="all", epochs=2, views=0, seed=seed) for seed in range(2)]
    assert 2 * total(whole[0]) - total(*whole) == pytest.approx(parts["reading the photos"], abs=0.1)


def test_the_speed_is_looked_up_once_for_each_kind_of_work(
    total: Callable[..., float], looked_up: list[Recipe]
) -> None:
    total(*(head(seed=seed) for seed in range(20)))
    assert len(looked_up) == 1
    total(head(optimizer="sgd"), head(optimizer="adamw"), head(), head(batch_size=64), head(augmentation="none"))
    assert len(looked_up) == 5, "both optimizers train by steps, and the solved head is another kind"


def test_an_automatic_training_finds_the_features_of_a_head_too(
    workspace: Workspace, snapshot: Snapshot, total: Callable[..., float]
) -> None:
    train, val = photos(snapshot)
    automatic = head(train="automatic")
    apart = total(head()) + total(automatic)
    assert apart - total(head(), automatic) == pytest.approx(2 * train + val + START, abs=1)
    assert expected_sweep_time(workspace, [head(), automatic], snapshot, []).at_most
