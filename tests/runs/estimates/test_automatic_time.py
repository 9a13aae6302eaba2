"""The expected time of an automatic training: its first model, and the longest that it can take."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from core.data.snapshot import Snapshot
from core.features.engines.remembered import Measured, remember
from core.features.frozen_network import FrozenNetwork
from core.features.preferred_engine import prefer_engine
from core.runs.automatic.phases import STOPPED, Phase, Phases, write_phases
from core.runs.estimates import speed, speeds_by_work, waiting
from core.runs.estimates.automatic_time import automatic_time, first_recipe
from core.runs.estimates.expected_time import REPORT_SECONDS, expected_seconds
from core.runs.estimates.speed import Speed, measured_speed, run_speed
from core.runs.estimates.waiting import expected_time
from core.runs.estimates.work import FULL_STEP, billions
from core.runs.folder import RunFolder
from core.training.linear.frozen_start import FrozenStart
from core.training.recipe import Recipe
from core.workspace import Workspace
from tests.training.conftest import two_colors

MakeRun = Callable[..., RunFolder]


def recipe_of(**changes: Any) -> Recipe:
    return Recipe.checked(arch="resnet18", train="automatic", device="cpu", precision="fp32", **changes)


def speed_of(recipe: Recipe, photos_a_second: float) -> Speed:
    rate = photos_a_second * billions(recipe)
    return Speed(rate, rate, 1.3, "as the test wants it")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Fifty training photos of each of two classes, ten for validation and two for the test."""
    return two_colors(tmp_path_factory.mktemp("photos"), train=50, val=10, test=2, size=16)


def test_the_first_phase_takes_as_long_as_a_solved_head(photos: Snapshot) -> None:
    recipe = recipe_of()
    head = recipe.model_copy(update={"train": "head", "epochs": 1})
    for ready in (0.0, 1.0):
        found = automatic_time(recipe, photos, speed_of(recipe, 20), speed_of(recipe, 10), ready=ready)
        alone = expected_seconds(head, photos, speed_of(recipe, 20), ready=ready, busy=1.0)
        assert found.first_phase == pytest.approx(sum(alone.values()))


def test_an_early_model_comes_after_its_own_photos(photos: Snapshot) -> None:
    """A hundred training photos in two views and twenty others, at twenty a second: 44 views come first."""
    recipe = recipe_of()
    head = first_recipe(recipe, "classification")
    found = automatic_time(recipe, photos, speed_of(recipe, 20), speed_of(recipe, 10))
    parts = expected_seconds(head, photos, speed_of(recipe, 20), busy=1.0)
    assert found.first_phase == pytest.approx(sum(parts.values()))
    first = 30 + 14
    reading = parts["reading the photos"] * first / 120
    assert found.first_model == pytest.approx(parts["start"] + reading + first / 20 + 0.7, abs=0.05)
    half = automatic_time(recipe, photos, speed_of(recipe, 20), speed_of(recipe, 10), ready=0.5)
    assert half.first_model == half.first_phase, "110 views: no early model for so few"
    fast = automatic_time(recipe, photos, speed_of(recipe, 2000), speed_of(recipe, 1000))
    assert fast.first_model == fast.first_phase
    averaged = recipe_of(test_time_views=2)
    found = automatic_time(averaged, photos, speed_of(averaged, 20), speed_of(averaged, 10))
    assert found.first_model == found.first_phase


def test_an_early_model_does_not_wait_until_the_engines_are_measured(photos: Snapshot) -> None:
    """The first run in a workspace measures them, and the first phase waits for it."""
    recipe = recipe_of()
    usual = speed_of(recipe, 20)
    known, first = (
        automatic_time(recipe, photos, one, speed_of(recipe, 10)) for one in (usual, replace(usual, measures=True))
    )
    assert first.first_model == known.first_model
    assert first.first_phase - known.first_phase == pytest.approx(6.0)
    there = automatic_time(recipe, photos, replace(usual, measures=True), usual, ready=1.0)
    assert there.first_phase == automatic_time(recipe, photos, usual, usual, ready=1.0).first_phase
    fast = replace(speed_of(recipe, 2000), measures=True)
    times = automatic_time(recipe, photos, fast, fast)
    assert times.first_model < times.first_phase, "the run cannot know how fast it will be"


def test_only_the_first_run_with_many_photos_measures_the_engines(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = FrozenNetwork("resnet18", "some-12345678", '{"mode": "crop", "size": 224}', ("resnet18", "imagenet", ""))
    start = FrozenStart(network, {}, workspace.root / "weights", named=True)
    monkeypatch.setattr(speed, "frozen_start", lambda recipe: start)
    head = Recipe.checked(arch="resnet18", train="head", device="cpu")

    def measures(**changes: Any) -> bool:
        recipe = head.model_copy(update=changes)
        return run_speed(workspace, recipe, "classification", [], busy=1.0).measures

    assert measures() and not measures(precision="fp32") and not measures(train="layer4")
    prefer_engine(workspace, network, "fp32")
    assert not measures(), "it was chosen for a few photos"
    (workspace.cache / "vectors" / network.name / "engine.json").unlink()
    remember(workspace, network, Measured("cpu", {"torch/fp32": 30.0}))
    assert not measures()


def test_the_longest_time_holds_the_phases_that_photos_and_limit_allow(photos: Snapshot) -> None:
    """A hundred photos at ten a second: the last stage takes 91 s, and all layers 456 s of 900.

    Where the head's features were there before, the maps for the last stage take 18 s more.
    """
    recipe = recipe_of()
    found = automatic_time(recipe, photos, speed_of(recipe, 20), speed_of(recipe, 10))
    layer4 = 8 * 0.2 * (FULL_STEP * 100 + 20) / 10
    every = 8 * (FULL_STEP * 100 + 20) / 10
    assert found.longest - found.first_phase == pytest.approx(layer4 + every, rel=0.05)
    there = automatic_time(recipe, photos, speed_of(recipe, 20), speed_of(recipe, 10), ready=1.0)
    maps = 0.8 * (2 * 100 + 20) / 10
    assert there.longest - there.first_phase == pytest.approx(layer4 + maps + every, rel=0.05)
    mixed = automatic_time(recipe_of(interpolate=True), photos, speed_of(recipe, 20), speed_of(recipe, 10))
    mixes = 11 * 20 / 10  # the validation photos with eleven mixes of the weights
    assert mixed.longest - found.longest == pytest.approx((0.2 + 1) * mixes, rel=0.01)
    short = automatic_time(recipe_of(time_limit=3), photos, speed_of(recipe, 20), speed_of(recipe, 10))
    assert short.longest - short.first_phase == pytest.approx(layer4, rel=0.1)
    none = automatic_time(recipe_of(time_limit=0.2), photos, speed_of(recipe, 20), speed_of(recipe, 10))
    assert none.longest == none.first_phase == found.first_phase


def test_a_page_gets_both_times(
    workspace: Workspace, photos: Snapshot, monkeypatch: pytest.MonkeyPatch, make_run: MakeRun
) -> None:
    monkeypatch.setattr(waiting, "present_slowdown", lambda without=0.0: 1.0)
    recipe = recipe_of(weights="imagenet")
    monkeypatch.setattr(speeds_by_work, "expected_speed", lambda *_: speed_of(recipe, 10))
    monkeypatch.setattr(speeds_by_work, "run_speed", lambda *_: speed_of(recipe, 20))
    found = expected_time(workspace, recipe, photos, [])
    times = automatic_time(recipe, photos, speed_of(recipe, 20), speed_of(recipe, 10))
    assert (found.first_model, found.first_phase) == (times.first_model, times.first_phase)
    assert found.seconds == times.longest
    manual = expected_time(workspace, recipe.model_copy(update={"train": "layer4"}), photos, [])
    assert manual.first_model is None
    ahead = make_run(weights="imagenet", train="automatic", views=2)
    ahead.write_status(state="running", seconds_left=5.0)
    waits = expected_time(workspace, recipe, photos, [ahead])
    assert waits.runs_ahead == 1 and waits.seconds_ahead > 5.0, "its own figure is about its present phase only"


def test_the_speed_of_an_automatic_run_counts_what_each_phase_trained(make_run: MakeRun) -> None:
    """Its epochs were taken for those of all layers, so the machine seemed five times as fast as it is."""
    run = make_run(weights="imagenet", train="automatic", views=2)
    head = Phase(train="head", first_epoch=1, epochs=1, began=0, reason="", ended=1.0, kept=True)
    write_phases(run.path, Phases(phases=(head, head.model_copy(update={"train": "layer4", "first_epoch": 2}))))
    line = {"epochs": 2, "train_loss": 1.0, "train_accuracy": 0.5, "val_loss": 0.9, "val_accuracy": 0.6, "best": False}
    run.append_metrics("epoch", {**line, "epoch": 1, "images_per_second": 0.0})
    run.append_metrics("epoch", {**line, "epoch": 2, "images_per_second": 30.0, "slowdown": 1.0})
    run.write_status(state="finished")
    recipe = run.recipe().model_copy(update={"train": "layer4"})
    found = measured_speed(recipe, [run], busy=1.0)
    assert found is not None
    assert found.training == pytest.approx(30.0 * billions(recipe) * 0.2 * FULL_STEP)


def test_settings_of_the_later_phases_do_not_slow_the_first_model_down(photos: Snapshot) -> None:
    """With mixup or SGD, the head counted as one by steps, whose vectors are never there."""
    plain = recipe_of()
    for changes in ({"mixup": 0.2}, {"optimizer": "sgd"}, {"learning_rate": 0.01}, {"ema": 0.9, "interpolate": True}):
        recipe = recipe_of(**changes)
        assert first_recipe(recipe, "classification").solves_head()
        for ready in (0.0, 1.0):
            found, usual = (
                automatic_time(one, photos, speed_of(one, 20), speed_of(one, 10), ready=ready).first_model
                for one in (recipe, plain)
            )
            assert found == pytest.approx(usual)
    assert not first_recipe(recipe_of(mixup=0.2), "localization").solves_head("localization")


def test_boxes_are_validated_once_after_each_phase(photos: Snapshot) -> None:
    """The validation photos counted twice in the later phases."""
    boxes = replace(photos, task="localization")
    recipe = recipe_of(views=2)
    found = automatic_time(recipe, boxes, speed_of(recipe, 20), speed_of(recipe, 10))
    layer4 = (0.8 * (2 * 100 + 20) + 8 * 0.2 * (FULL_STEP * 100 + 20)) / 10
    every = 8 * (FULL_STEP * 100 + 20) / 10
    report = REPORT_SECONDS + 20 / 10
    assert found.longest - found.first_phase == pytest.approx(layer4 + every + 2 * report)


@pytest.mark.parametrize(
    ("end", "state", "ends"),
    [
        ("All layers have been trained.", "running", True),
        (STOPPED, "running", True),
        (STOPPED, "queued", False),
        ("", "running", False),
    ],
)
def test_a_training_that_is_over_keeps_nobody_waiting(
    workspace: Workspace, photos: Snapshot, make_run: MakeRun, end: str, state: Any, ends: bool
) -> None:
    ahead = make_run(weights="imagenet", train="automatic", views=2)
    head = Phase(train="head", first_epoch=1, epochs=1, began=0, reason="", ended=1.0, kept=True)
    write_phases(ahead.path, Phases(phases=(head,), end=end))
    ahead.write_status(state=state, seconds_left=2.0)
    found = expected_time(workspace, recipe_of(weights="imagenet"), photos, [ahead])
    assert found.runs_ahead == 1 and (found.seconds_ahead == 2.0) is ends
    ahead.write_status(seconds_left=None)
    found = expected_time(workspace, recipe_of(weights="imagenet"), photos, [ahead])
    assert (found.seconds_ahead == 0.0) is ends


def test_the_speed_of_queued_automatic_runs_is_looked_up_once(
    workspace: Workspace, photos: Snapshot, monkeypatch: pytest.MonkeyPatch, make_run: MakeRun
) -> None:
    """Every finished recipe was read again for each of them."""
    recipe, asked = recipe_of(weights="imagenet"), []

    def speed(_: Workspace, recipe: Recipe, *__: Any) -> Speed:
        asked.append(recipe.train)
        return speed_of(recipe, 10)

    monkeypatch.setattr(speeds_by_work, "expected_speed", speed)
    monkeypatch.setattr(speeds_by_work, "run_speed", speed)
    queued = [make_run(str(number), weights="imagenet", train="automatic", views=2) for number in range(3)]
    found = expected_time(workspace, recipe, photos, queued)
    assert found.runs_ahead == 3 and asked.count("layer4") <= 2  # those ahead have another network than this one


def test_an_earlier_automatic_run_tells_the_speed_of_the_next(make_run: MakeRun) -> None:
    """Its layers were called automatic, so it never counted as the same work."""
    run = make_run(weights="imagenet", train="automatic", views=2)
    layer4 = Phase(train="layer4", first_epoch=1, epochs=1, began=0, reason="", ended=1.0, kept=True)
    write_phases(run.path, Phases(phases=(layer4,)))
    line = {"epochs": 1, "train_loss": 1.0, "train_accuracy": 0.5, "val_loss": 0.9, "val_accuracy": 0.6, "best": False}
    run.append_metrics("epoch", {**line, "epoch": 1, "images_per_second": 30.0, "slowdown": 1.0})
    run.write_status(state="finished")
    found = measured_speed(run.recipe().model_copy(update={"train": "layer4"}), [run], busy=1.0)
    assert found is not None and found.source == "measured in your last similar run"
