"""The expected time of a run: from an earlier one's speed, else from the processors, with start, reports and load."""

from collections.abc import Callable

import pytest

from core.data.snapshot import Snapshot
from core.models.summary import summarize
from core.models.zoo import ARCHITECTURES
from core.runs.estimates import expected_time, speed
from core.runs.estimates.expected_time import expected_seconds
from core.runs.estimates.speed import Speed, measured_speed, rough_speed
from core.runs.estimates.work import BILLION_MULTIPLY_ADDS, FULL_STEP, billions, passes
from core.runs.folder import RunFolder
from core.training.recipe import Recipe
from tests.runs.conftest import tiny

PARTS = {"start", "reading the photos", "training", "validation", "saving", "evaluation"}

MakeRun = Callable[..., RunFolder]


def finish(run: RunFolder, images_per_second: float, **more: float) -> None:
    epoch = {"epoch": 1, "epochs": 1, "train_loss": 1.0, "train_accuracy": 0.5, "val_loss": 0.9, "val_accuracy": 0.6}
    run.append_metrics("epoch", {**epoch, "images_per_second": images_per_second, "best": True, **more})
    run.write_status(state="finished")


def test_the_work_of_every_network_is_known(snapshot: Snapshot) -> None:
    for arch in ARCHITECTURES:
        recipe = tiny(arch=arch, views=0)
        parts = expected_seconds(recipe, snapshot, rough_speed(recipe))
        assert all(parts[name] > 0 for name in PARTS)
    work = summarize("keras-resnet101v2").multiply_adds
    assert BILLION_MULTIPLY_ADDS["keras-resnet101v2"] == pytest.approx(work / 1e9, abs=0.06)


def test_the_expected_time_comes_from_a_like_run_where_there_is_one(
    make_run: MakeRun, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expected_time, "present_slowdown", lambda: 1.0)
    run = make_run(arch="resnet18", train="all", views=0)
    recipe = run.recipe()
    assert measured_speed(recipe, [run]) is None
    finish(run, 0.5)
    like, train = measured_speed(recipe, [run]), len(snapshot.part("train"))
    assert like is not None and like.spread == 1.0
    parts = expected_seconds(recipe.model_copy(update={"epochs": 100}), snapshot, like)
    assert parts["training"] == pytest.approx(100 * train / 0.5)
    assert parts["validation"] == pytest.approx(100 * len(snapshot.part("val")) / 0.5 / FULL_STEP)
    # Another network: its work is known, so the machine's speed counts, in another project too.
    other = recipe.model_copy(update={"arch": "resnet50", "train": "head"})
    scaled = measured_speed(other, [run])
    assert scaled is not None and scaled.training == like.training
    assert expected_seconds(other, snapshot, scaled)["training"] == pytest.approx(
        other.epochs * train / 0.5 / FULL_STEP * 4.1 / 1.8
    )
    assert measured_speed(recipe.model_copy(update={"precision": "bf16"}), [run]) is None


def test_the_expected_time_holds_the_start_and_the_evaluation_and_the_load(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was "less than a minute" for what took five: on a busy machine, with start, saving and evaluation left out."""
    monkeypatch.setattr(speed, "processor_speed", lambda: 90.0)
    monkeypatch.setattr(speed, "has_bfloat16_units", lambda: False)
    sums = []
    for busy in (1.0, 5.0):
        monkeypatch.setattr(expected_time, "present_slowdown", lambda busy=busy: busy)
        monkeypatch.setattr(speed, "present_slowdown", lambda busy=busy: busy)
        recipe = Recipe(train="head", device="cpu", optimizer="adamw", views=0)
        parts = expected_seconds(recipe, snapshot, rough_speed(recipe))
        assert set(parts) - {"features", "refinement"} == PARTS and parts["features"] == parts["refinement"] == 0
        assert parts["start"] > 3 and parts["evaluation"] > 3 and parts["saving"] > 1
        sums.append(sum(parts.values()))
    assert sums[1] == pytest.approx(5 * sums[0])


def test_the_load_of_the_earlier_run_and_of_now_are_counted(make_run: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(arch="resnet18", train="all", views=0)
    finish(run, 0.5, slowdown=4.8)
    idle = measured_speed(run.recipe(), [run], busy=1.0)
    busy = measured_speed(run.recipe(), [run], busy=8.0)
    assert idle is not None and busy is not None
    assert idle.training == pytest.approx(4 * 0.5 * 1.8 * (32 / 224) ** 2 * FULL_STEP)
    assert busy.training == pytest.approx(idle.training / 8)


def test_kept_features_are_computed_once(snapshot: Snapshot) -> None:
    speed = Speed(100.0, 100.0, 1.0, "a test")
    anew = Recipe(train="layer4", optimizer="adamw", views=0, device="cpu")
    kept = anew.model_copy(update={"views": 2})
    assert passes(anew)[0] == pytest.approx(0.8 + 0.2 * FULL_STEP)
    assert passes(kept)[0] == pytest.approx(0.2 * FULL_STEP)
    train, val = len(snapshot.part("train")), len(snapshot.part("val"))
    first, again = (expected_seconds(kept, snapshot, speed, ready=ready, busy=1.0) for ready in (0.0, 1.0))
    assert first["features"] == pytest.approx((2 * train + val) * 0.8 * 4.1 / 100) and again["features"] == 0
    assert first["training"] == again["training"] < expected_seconds(anew, snapshot, speed, busy=1.0)["training"]
    # Mixed photos are new in every epoch, so nothing can be kept.
    assert passes(kept.model_copy(update={"mixup": 0.2})) == passes(anew)


def test_what_follows_the_last_epoch_is_counted(snapshot: Snapshot) -> None:
    recipe, speed = tiny(train="layer4", views=2), Speed(1.0, 1.0, 1.0, "")
    chosen = recipe.model_copy(update={"interpolate": True, "head_size": 64})
    train, val = (len(snapshot.part(split)) for split in ("train", "val"))
    plain, refined = (expected_seconds(one, snapshot, speed, busy=1.0) for one in (recipe, chosen))
    assert plain["refinement"] == 0 and {**refined, "refinement": 0} == plain
    # Eleven mixes of the last stage on kept maps; then the validation photos at both sizes, and two training views.
    in_passes = 11 * 0.2 * val + val + 4 * (2 * train + val)
    assert refined["refinement"] == pytest.approx(in_passes * billions(recipe))


def test_test_photos_take_no_time(snapshot: Snapshot) -> None:
    """A run no longer evaluates itself on them."""
    frame = snapshot.frame
    untested = Snapshot(frame[frame["split"] != "test"], snapshot.classes, snapshot.task)
    assert len(untested.frame) < len(frame)
    for changes in ({"train": "head", "optimizer": "logistic"}, {"train": "all", "views": 0}):
        recipe = Recipe.checked(arch="resnet18", device="cpu", **changes)
        found, without = (
            expected_seconds(recipe, one, Speed(100.0, 100.0, 1.0, ""), busy=1.0) for one in (snapshot, untested)
        )
        assert found == without


def test_a_solved_head_with_its_vectors_takes_seconds(snapshot: Snapshot) -> None:
    recipe = Recipe(train="head", optimizer="logistic", views=2, device="cpu")
    speed = Speed(100.0, 100.0, 1.0, "a test")
    ready = expected_seconds(recipe, snapshot, speed, ready=1.0, busy=1.0)
    assert sum(ready.values()) < 3 and ready["features"] == 0
    photos = 2 * len(snapshot.part("train")) + len(snapshot.part("val"))
    missing = expected_seconds(recipe, snapshot, speed, busy=1.0)
    assert missing["features"] == pytest.approx(photos * 4.1 / 100)
