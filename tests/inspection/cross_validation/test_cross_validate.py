"""Cross-validation as a whole: planted groups are found out, test photos stay unused, results are kept."""

from pathlib import Path

import numpy as np
import pytest

from core.errors import DataError, RecipeError, TooLittleData
from core.features.preferred_engine import EXACT
from core.features.vectors import Vectors, vectors_name
from core.features.views import ORIGINAL
from core.inspection.cross_validation import computation, words
from core.inspection.cross_validation.cross_validate import FOLD, PHASE, WRONG, cross_validate
from core.inspection.cross_validation.head_recipe import head_recipe, network_remarks
from core.inspection.cross_validation.kept_results import keep_result, kept_result, result_key
from core.inspection.cross_validation.result import CrossValidation, Estimate, Repeat, Settings
from core.inspection.measuring.group_interval import group_difference, group_interval
from core.inspection.measuring.report import GroupInterval, Rate, count
from core.progress import Progress
from core.training.recipe import Recipe
from core.workspace import Workspace, open_workspace
from tests.inspection.cross_validation.planted import (
    CLASSES,
    NETWORK,
    people,
    plant_network,
    planted_photos,
    recipe_of,
    validated,
)
from tests.training.linear.vectors import drawn


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    plant_network(monkeypatch)
    return open_workspace(tmp_path / "workspace")


def test_a_random_split_recognises_the_person_and_whole_groups_show_it(workspace: Workspace) -> None:
    vectors, labels, who = people()
    planted = planted_photos(workspace, vectors, labels, who, by_user=True)
    found, predictions, seen = validated(planted, workspace, compare=True)
    assert found.random is not None
    claimed, real = found.random.accuracy.value, found.estimate.accuracy.value
    assert claimed is not None and claimed > 0.98
    assert real is not None and 0.2 < real < 0.75  # guessing is 50%
    assert found.grouped_by == "user" and found.groups == 24
    over = found.estimate.over_groups
    assert over is not None and over.low is not None and over.high is not None and over.groups == 24
    accuracy = found.estimate.accuracy
    assert accuracy.low is not None and over.low < accuracy.low  # photos of a person are not independent
    sentence = words.comparison_sentence(found)
    assert sentence.startswith(f"A random split would have claimed an accuracy of {words.share(claimed)} (")
    assert f"On groups that the model has not seen, it is {real:.0%} (" in sentence
    assert "percentage points of the claim were the groups" in words.difference_sentence(found)
    assert found.difference is not None and found.difference.value == pytest.approx(claimed - real)
    # The same sizes of folds, for each class.
    sizes = [[fold.n for fold in one.repeats[0].folds] for one in (found.estimate, found.random)]
    assert sizes[0] == sizes[1] and sum(sizes[0]) == found.n == 240
    counted = [one for one in seen if one.phase == PHASE]
    assert [one.done for one in counted if one.total == 10][-1] == 10
    folds = dict(zip(predictions["image"], predictions[FOLD], strict=True))
    by_person = {
        person: {folds[image] for image, own in zip(folds, who, strict=True) if own == person} for person in who
    }
    assert all(len(some) == 1 for some in by_person.values())


def test_near_duplicates_stay_together_without_any_comparison(workspace: Workspace) -> None:
    vectors, labels, who = people()
    planted = planted_photos(workspace, vectors, labels, who)
    found, _, _ = validated(planted, workspace)
    assert found.grouped_by == "near-duplicates" and found.random is None and found.estimate.over_groups is None
    assert found.estimate.accuracy.value is not None and found.estimate.accuracy.value < 0.75
    assert words.comparison_sentence(found) == "" and "Near-duplicates" in words.grouping_sentence(found)
    with pytest.raises(DataError, match="No groups are set"):
        validated(planted, workspace, compare=True)


def test_every_photo_is_counted_once_and_no_test_photo_at_all(workspace: Workspace) -> None:
    vectors, labels = drawn(75, 30, apart=0.8)
    planted = planted_photos(workspace, vectors, labels, tested=9)
    found, predictions, _ = validated(planted, workspace)
    tested = planted.snapshot.frame.query("split == 'test'")["image"]
    assert found.n == 75 and found.left_out == 9 and len(predictions) == 75
    assert predictions["image"].is_unique and not set(tested) & set(predictions["image"])
    # A test photo has no vector: if one had been wanted, its file, which does not exist, would have been read.
    assert len(Vectors(workspace, vectors_name(NETWORK, EXACT, ORIGINAL)).missing(list(tested))) == 9
    assert np.sum(found.report.confusion) == 75
    right = predictions["prediction"] == predictions["label"]
    assert (
        found.estimate.accuracy.correct == right.sum() == sum(fold.correct for fold in found.estimate.repeats[0].folds)
    )
    assert (predictions[WRONG] == ~right).all()
    assert found.estimate.accuracy == Rate.of(int(right.sum()), 75)
    assert "The 9 test photos were not used." in words.photos_sentence(found)


def test_repeats_use_other_folds_and_their_spread_is_given(workspace: Workspace) -> None:
    vectors, labels = drawn(60, 30, apart=0.25)
    planted = planted_photos(workspace, vectors, labels)
    found, predictions, _ = validated(planted, workspace, repeats=3)
    assert [one.seed for one in found.estimate.repeats] == [0, 1, 2]
    low, high = found.estimate.spread
    values = [one.accuracy.value for one in found.estimate.repeats]
    assert (low, high) == (min(values), max(values)) and low < high
    mean = np.mean([one.accuracy.correct for one in found.estimate.repeats])
    assert found.estimate.accuracy == Rate.of(round(mean), 60)
    assert predictions[WRONG].between(0, 3).all() and predictions[WRONG].sum() == 180 - 3 * mean
    assert f"{low:.1%} to {high:.1%}" in words.interval_sentence(found)
    once, _, _ = validated(planted, workspace)
    assert once.estimate.repeats[0] == found.estimate.repeats[0]


def test_a_class_in_one_group_counts_as_mistakes_and_is_named(workspace: Workspace) -> None:
    vectors, labels = drawn(40, 20, classes=2, apart=1.5)
    vectors = np.concatenate([vectors, vectors[:1] + 1])
    planted = planted_photos(workspace, vectors, np.append(labels, 2))
    found, predictions, _ = validated(planted, workspace)
    assert found.remarks == (
        'Class "other" has a single photo. No model that predicts these photos has seen their class, so they count as '
        "mistakes.",
    )
    assert predictions.iloc[-1]["label"] == "other" != predictions.iloc[-1]["prediction"]


def test_a_small_class_reduces_the_folds(workspace: Workspace) -> None:
    vectors, labels = drawn(40, 20, classes=2, apart=1.0)
    few = np.concatenate([np.flatnonzero(labels == 0), np.flatnonzero(labels == 1)[:3]])
    found, _, _ = validated(planted_photos(workspace, vectors[few], labels[few]), workspace)
    assert found.folds == 3 and found.remarks[0].startswith('Class "drowsy" has only 3 photos, so there are 3 folds')


def test_what_cannot_be_done_is_said_before_anything_is_computed(workspace: Workspace) -> None:
    planted = planted_photos(workspace, *drawn(6, 4, classes=2))
    object.__setattr__(planted.snapshot, "task", "localization")
    with pytest.raises(DataError, match="this data is for boxes"):
        validated(planted, workspace)
    only_test = planted_photos(workspace, np.ones((2, 4), np.float32), np.array([0, 1]))
    only_test.snapshot.frame["split"] = "test"
    with pytest.raises(TooLittleData, match="no training and validation photos"):
        validated(only_test, workspace)
    with pytest.raises(RecipeError, match="folds is 1, but must be from 2 to 20"):
        Settings.checked(folds=1)
    with pytest.raises(RecipeError, match="repeats is 0, but must be from 1 to 20"):
        Settings.checked(repeats=0)


def test_a_result_is_there_again_for_the_same_photos_and_settings_only(workspace: Workspace) -> None:
    vectors, labels, who = people(count=8)
    planted = planted_photos(workspace, vectors, labels, who, by_user=True)
    found, predictions, _ = validated(planted, workspace, compare=True)
    recipe = recipe_of()
    key = result_key(planted.snapshot, recipe, found.settings)
    assert kept_result(workspace, key, planted.snapshot) is None
    keep_result(workspace, key, found, predictions)
    again = kept_result(workspace, key, planted.snapshot)
    assert again is not None and again[0] == found
    columns = ["image", "path", "label", "prediction", FOLD, WRONG]
    assert again[1][columns].values.tolist() == predictions[columns].values.tolist()
    others = [
        planted_photos(workspace, vectors, labels, some, by_user=user) for some, user in ((who, 0), (who[::-1], 1))
    ]
    keys = {
        key,
        *(result_key(other.snapshot, recipe, found.settings) for other in others),
        result_key(planted.snapshot, recipe, Settings(folds=4, compare=True)),
        result_key(planted.snapshot, recipe_of(views=1), found.settings),
        result_key(
            planted_photos(workspace, vectors, labels, who[::-1], by_user=True).snapshot, recipe, found.settings
        ),
    }
    assert len(keys) == 5
    folder = workspace.cache / "cross-validation" / key
    assert sorted(path.name for path in folder.iterdir()) == ["predictions.csv", "result.json"]
    (folder / "result.json").write_text("{}", encoding="utf-8")
    assert kept_result(workspace, key, planted.snapshot) is None
    keep_result(workspace, key, found, predictions)
    assert kept_result(workspace, key, planted.snapshot) is not None


def test_the_worker_keeps_the_result_where_the_page_looks_for_it(workspace: Workspace, tmp_path: Path) -> None:
    planted = planted_photos(workspace, *drawn(30, 12, apart=0.8), tested=3)
    recipe, settings = recipe_of(), Settings(folds=3)
    planted.snapshot.write(tmp_path / computation.SNAPSHOT)
    (tmp_path / computation.RECIPE).write_text(recipe.model_dump_json(), encoding="utf-8")
    seen: list[Progress] = []
    arguments = {
        "folder": str(tmp_path),
        "workspace": str(workspace.root),
        "settings": settings.model_dump(mode="json"),
    }
    computation.compute(arguments, seen.append)
    kept = kept_result(workspace, result_key(planted.snapshot, recipe, settings), planted.snapshot)
    assert kept is not None and kept[0].folds == 3 and kept[0].left_out == 3
    assert [one.done for one in seen if one.phase == PHASE] == [0, 1, 2, 3]


def test_heads_never_use_weights_that_may_have_seen_the_photos(tmp_path: Path) -> None:
    own = tmp_path / "mine.safetensors"
    own.write_bytes(b"")
    run = Recipe.checked(arch="resnet18", weights=str(own), train="all", size=96, views=0, label_smoothing=0.1)
    recipe = head_recipe(run)
    assert (recipe.weights, recipe.arch, recipe.size, recipe.views) == ("imagenet", "resnet50", 96, 2)
    assert recipe.label_smoothing == 0.1 and recipe.solves_head()
    assert "not of the run's own network" in network_remarks(recipe, run)[0]
    scratch = Recipe.checked(arch="resnet18", weights="none", train="all")
    assert head_recipe(scratch).weights == "imagenet"
    usual = Recipe.checked(arch="resnet34", train="staged", epochs=12, batch_size=8, mixup=0.2)
    assert head_recipe(usual).arch == "resnet34" and not network_remarks(head_recipe(usual), usual)
    chosen = head_recipe(weights=str(own))
    assert network_remarks(chosen) == [
        "The weights are from mine.safetensors. If they were trained on these photos, the result is too optimistic."
    ]


def result_of(random: np.ndarray, grouped: np.ndarray, groups: int) -> CrossValidation:
    """Return a result with what each photo's predictions were; the photos are shared out among the groups."""
    n, group = len(random), np.arange(len(random)) % groups

    def estimate(right: np.ndarray, over: GroupInterval | None = None) -> Estimate:
        rate = Rate.of(int(right.sum()), n)
        return Estimate.of((Repeat(seed=0, accuracy=rate, folds=(rate,)),), over)

    return CrossValidation(
        settings=Settings(compare=True),
        n=n,
        left_out=0,
        folds=5,
        grouped_by="user",
        groups=groups,
        estimate=estimate(grouped, group_interval(grouped, group)),
        random=estimate(random),
        difference=group_difference(random, grouped, group),
        report=count(CLASSES[:2], [0] * n, np.tile([1.0, 0.0], (n, 1)), split="cross-validation"),
    )


def test_a_difference_that_may_be_chance_is_called_so() -> None:
    """It is tested on the same photos, by group: no interval of either accuracy can say it."""
    photo = np.arange(120)
    all_but_six, one_group_fails = photo >= 6, (photo % 6 > 0) & (photo >= 6)
    chance = words.difference_sentence(result_of(all_but_six, one_group_fails, 6))
    assert chance == "With 6 groups, this difference may well be chance."  # a single group makes it
    every_fourth = result_of(all_but_six, all_but_six & (photo // 6 % 4 > 0), 6)
    sure = words.difference_sentence(every_fourth)
    assert sure.startswith("So 20 percentage points of the claim were the groups, not the classes (95% confidence ")
    assert words.difference_sentence(result_of(all_but_six, photo >= 3, 6)) == ""
    assert "There are no test photos." in words.photos_sentence(every_fourth)


def test_three_groups_that_are_all_right_prove_nothing_about_a_fourth() -> None:
    """The page said that new groups reach 100% (100 to 100%), and that the rest of the claim were the groups."""
    found = result_of(np.ones(90, bool), np.ones(90, bool), 3)
    assert "On groups that the model has not seen, it is 100% (no interval, because there are only 3 groups)." in (
        words.comparison_sentence(found)
    )
    assert words.interval_sentence(found).endswith("3 groups are too few for an interval for new groups.")
    worse = result_of(np.ones(90, bool), np.arange(90) >= 27, 3)  # 70% in each of the three
    assert words.difference_sentence(worse) == "With 3 groups, this difference may well be chance."


def test_the_result_says_that_it_is_of_the_snapshot(workspace: Workspace) -> None:
    planted = planted_photos(workspace, *drawn(30, 12, apart=0.8))
    found, _, _ = validated(planted, workspace)
    assert found.report.digest == planted.snapshot.digest and found.report.split == "cross-validation"
    steps = cross_validate(planted.snapshot, recipe_of(), Settings(), workspace)
    next(steps)
    steps.close()  # as Stop does: nothing is left behind
    assert not (workspace.cache / "cross-validation").exists()
