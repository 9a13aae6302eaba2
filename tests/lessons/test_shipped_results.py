"""The results that come with the program: complete, small, and what a fresh computation gives.

Tolerances: the random numbers are the same on every computer, but sums in another order (number of threads, processor,
version of the library) differ in the last digit. One pass over the photos keeps this below a percent. Over a training
such differences grow, for 56 layers up to other final errors, so only the first epochs and shallow networks are
compared.
"""

import json
from pathlib import Path

import pandas as pd
import pytest

from core.lessons import augmentation, family, shipped_results, skips, transfer
from core.lessons.result_cache import cached_or_computed, cached_or_shipped
from core.lessons.sample_birds import bird_snapshot
from core.lessons.shipped_results import RESULTS, ShippedResult, computed_alike, origin, shipped
from core.lessons.skips_training import sample_photos, train_both
from core.models.weights_table import available
from core.models.zoo import ARCHITECTURES
from core.training.events import Epoch
from core.training.recipe import Recipe
from core.training.trainer import fit
from core.workspace import open_workspace
from tests.lessons.experiment_steps import run_to_end

PERCENT = 0.01


def results_of(experiment: str) -> list[ShippedResult]:
    return [one for one in shipped_results.shipped_results().values() if one.experiment == experiment]


def table_of(experiment: str) -> pd.DataFrame:
    return pd.concat([one.table() for one in results_of(experiment)], ignore_index=True)


def first_epoch(recipe: Recipe, part: pd.DataFrame, snapshot=None) -> Epoch:  # type: ignore[no-untyped-def]
    """The first epoch of a run, computed now; the shipped part is of the same recipe."""
    assert set(part["epochs"]) == {recipe.epochs}
    for event in fit(snapshot or bird_snapshot(), recipe):
        if isinstance(event, Epoch):
            return event
    pytest.fail("no epoch")


def test_the_files_are_those_of_the_index_and_small() -> None:
    files = {path.name for path in RESULTS.glob("*.csv")}
    assert files == {one.file for one in shipped_results.shipped_results().values()}
    assert sum(path.stat().st_size for path in RESULTS.iterdir()) < 300_000
    for one in shipped_results.shipped_results().values():
        assert len(one.table()) and one.processor and one.versions["torch"]


@pytest.mark.parametrize("depth", skips.DEPTHS)
def test_before_training_the_gradients_are_the_shipped_ones(depth: int) -> None:
    """Epoch 0 has no steps, so its numbers do not depend on the schedule and differ by rounding only."""
    setting = skips.TrainingSettings(epochs=0)
    _, fresh = run_to_end(train_both(depth, 0, sample_photos(setting.size), setting))
    arguments = {"version": skips.VERSION, "depth": depth, "seed": 0, **vars(skips.TrainingSettings())}
    result = shipped("skips", arguments)
    assert result is not None
    table = result.table()
    before = table[table["epoch"] == 0].reset_index(drop=True)
    assert list(before["kind"]) == list(fresh["kind"])
    assert before["loss"].tolist() == pytest.approx(fresh["loss"].tolist(), rel=PERCENT)
    assert (before["error"] - fresh["error"]).abs().max() <= 3 / 120, "a photo or two between two equal logits"
    for layer in range(1, depth + 1):
        norms = before[f"gradient_{layer}"].tolist()
        assert norms == pytest.approx(fresh[f"gradient_{layer}"].tolist(), rel=5 * PERCENT)


def test_the_lesson_on_skips_shows_the_effect_that_it_explains() -> None:
    """Whatever the processor: deep plain networks train badly, residual ones of 32 layers well."""
    table = table_of("skips")
    ends = table[table["epoch"] == table["epoch"].max()].groupby(["depth", "kind"])["error"].mean()
    assert ends[56, "plain"] > 0.5 > 2 * ends[32, "residual"]
    assert ends[56, "plain"] > ends[56, "residual"] and ends[32, "plain"] > ends[32, "residual"]


def test_the_first_epoch_of_an_augmentation_run_is_the_shipped_one() -> None:
    part = table_of("augmentation-none").query("level == 'none' and seed == 0")
    epoch = first_epoch(augmentation.recipe_for("none", "none", 0), part)
    assert part["train_loss"].iloc[0] == pytest.approx(epoch.train_loss, rel=5 * PERCENT)
    assert part["val_n"].iloc[0] == epoch.val_n


def test_the_first_epoch_of_a_transfer_run_is_the_shipped_one() -> None:
    snapshot = bird_snapshot(transfer.SIZES[-1])
    size = transfer.SIZES[0]
    part = table_of("transfer-few").query("arm == 'scratch' and size == @size")
    few = transfer.subsample(snapshot, size, 0)
    recipe = transfer.recipe_for("scratch", "resnet18", len(few.part("train")), 0)
    epoch = first_epoch(recipe, part, few)
    assert part["train_loss"].iloc[0] == pytest.approx(epoch.train_loss, rel=5 * PERCENT)
    assert set(part["photos"]) == {len(few.part("train"))} and part["val_n"].iloc[0] == epoch.val_n


@pytest.mark.skipif(available("resnet18") is None, reason="needs the ImageNet weights of ResNet-18")
def test_a_fresh_measurement_of_the_mistakes_gives_the_shipped_accuracies() -> None:
    from core.lessons.lesson_predictor import load_lesson_predictor
    from core.lessons.preprocessing import LabelledPhotos, compare_mistakes

    photos = LabelledPhotos.of(bird_snapshot().frame)
    _, fresh = run_to_end(compare_mistakes(photos, load_lesson_predictor("resnet18", available("resnet18"))))
    apart = (fresh["accuracy"] - table_of("preprocessing-mistakes")["accuracy"]).abs()
    assert apart.max() <= 3 * PERCENT, "four photos near the border between two classes"


def test_the_shipped_preprocessing_results_agree_with_each_other() -> None:
    """The sample birds are square: at 1:1 squash is letterbox, and the crop is the input without a mistake."""
    square = table_of("preprocessing-modes").query("shape == 1").set_index("mode")["correct"]
    right = table_of("preprocessing-mistakes").set_index("mistake")["correct"]["right"]
    assert square["squash"] == square["letterbox"] and square["crop"] == right


@pytest.mark.parametrize("arch", ["resnet18", "seresnet50", "keras-resnet50v2"])
def test_the_shipped_counts_are_those_of_the_networks(arch: str) -> None:
    result = shipped("family-facts", family.facts_arguments(list(ARCHITECTURES)))
    assert result is not None
    row = result.table().set_index("arch").loc[arch]
    assert row.to_dict() == {name: value for name, value in family.network_facts(arch).items() if name != "arch"}


def test_the_shipped_speeds_are_of_the_whole_family() -> None:
    """Speeds depend on the computer, so only their structure is tested."""
    table = table_of("family-speed")
    assert sorted(set(table["turn"])) == list(range(1, family.ROUNDS + 1))
    for _, one in table.groupby("turn"):
        assert list(one["arch"]) == list(ARCHITECTURES) and (one["images_per_second"] > 0).all()
    speed = family.fastest_rounds(table).set_index("arch")["images_per_second"]
    assert speed["resnet18"] > speed["resnet50"] > speed["resnet152"]


@pytest.fixture
def two_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str | int]:
    """A result shipped for the weights "a", and its arguments."""
    arguments: dict[str, str | int] = {"version": 1, "weights": "a", "size": 5}
    entry = {
        "experiment": "some", "arguments": arguments, "file": "some-01.csv", "date": "2026-11-28",
        "processor": "2 cores of a Test", "versions": {"torch": "2.0"},
    }  # fmt: skip
    (tmp_path / "results.json").write_text(json.dumps([entry]), encoding="utf-8")
    (tmp_path / "some-01.csv").write_text("x\n1\n", encoding="utf-8")
    monkeypatch.setattr(shipped_results, "RESULTS", tmp_path)
    shipped_results.shipped_results.cache_clear()
    yield arguments  # type: ignore[misc]
    shipped_results.shipped_results.cache_clear()


def test_own_results_come_before_shipped_ones(two_results: dict[str, str | int], tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "home")
    found = cached_or_shipped(workspace, "some", two_results)
    assert found is not None and found[1] and list(found[0]["x"]) == [1]

    def computed():  # type: ignore[no-untyped-def]
        yield from ()
        return pd.DataFrame({"x": [2]})

    run_to_end(cached_or_computed(workspace, "some", two_results, computed))
    found = cached_or_shipped(workspace, "some", two_results)
    assert found is not None and not found[1] and list(found[0]["x"]) == [2]


def test_a_shipped_result_stands_in_for_other_weights_but_not_for_other_settings(
    two_results: dict[str, str | int],
) -> None:
    other = {**two_results, "weights": "b"}
    assert shipped("some", other) is not None and not computed_alike("some", other)
    assert computed_alike("some", two_results)
    assert shipped("some", {**two_results, "size": 10}) is None
    assert shipped("some", {**two_results, "version": 2}) is None
    assert shipped("other", two_results) is None
    assert origin("some", [other]) == "Computed on 28 November 2026 on 2 cores of a Test, PyTorch 2.0."
    assert origin("other", [other]) == ""
