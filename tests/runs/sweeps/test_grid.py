"""Files of settings and grids: what they mean, and every problem with its line."""

from pathlib import Path

import pytest

from core.errors import RecipeError
from core.runs.sweeps.grid import read_grid
from core.runs.sweeps.plan import MOST_RUNS, PlannedRun, plan_runs, seeds_remark
from core.runs.sweeps.settings_file import MOST_BYTES, read_recipe, read_settings
from core.training.recipe import Recipe
from tests.runs.conftest import tiny


def written(folder: Path, text: str, name: str = "settings.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def problem(path: Path) -> str:
    with pytest.raises(RecipeError) as raised:
        read_grid(path)
    return str(raised.value)


def test_numbers_and_words_mean_what_people_mean_by_them(tmp_path: Path) -> None:
    """PyYAML reads 1e-4 as a text and 010 as 8."""
    text = "learning_rate: 1e-4\nseed: 010\nweights: none\nhead_epochs:\npatience: ~\ndeterministic: yes\n"
    assert read_recipe(written(tmp_path, text + "device: 'null'")) == {
        **{"learning_rate": 0.0001, "seed": 10, "weights": "none", "head_epochs": None, "patience": None},
        **{"deterministic": True, "device": "null"},
    }


def test_every_run_writes_a_recipe_that_is_such_a_file(tmp_path: Path) -> None:
    recipe = tiny(learning_rate=1e-4, seed=3, train="all")
    path = written(tmp_path, recipe.model_dump_json(indent=2), "recipe.json")
    assert Recipe.checked(**read_recipe(path)) == recipe


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: [1, 2\nb: 3", "in line 2"),
        ("base: &x [1]\na: *x", "line 1 uses an alias or an anchor"),
        ("a: !!python/object/apply:os.system [ls]", "line 1 uses a tag"),
        ("a: 1\nb: 2\na: 3", "line 3 has 'a' a second time"),
        ("[" * 30, "nested more than 8 levels"),
        ("? [a, b]\n: 1", "line 1 has a list or a mapping as a name"),
        ("a: 1\n" * MOST_BYTES, "more than 100 kB"),
    ],
)
def test_yaml_that_is_broken_or_could_grow_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(RecipeError, match=sentence):
        read_settings(written(tmp_path, text))


def test_what_is_no_text_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"arch: caf\xe9")
    for path, words in (("gone.yaml", "missing"), (".", "a folder"), ("latin.yaml", "UTF-8")):
        with pytest.raises(RecipeError, match=words):
            read_settings(tmp_path / path)
    with pytest.raises(RecipeError, match=r"not valid JSON.*line 2"):
        read_settings(written(tmp_path, '{"a": 1,\n}', "recipe.json"))
    with pytest.raises(RecipeError, match="holds a list"):
        read_recipe(written(tmp_path, "- a"))


def test_a_mapping_is_every_combination_and_a_list_is_what_it_lists(tmp_path: Path) -> None:
    assert read_grid(written(tmp_path, "train: [head, layer4]\nepochs: [4, 8]\nsize: 64")) == [
        {"train": train, "epochs": epochs, "size": 64} for train in ("head", "layer4") for epochs in (4, 8)
    ]
    assert read_grid(written(tmp_path, "- {train: head, epochs: [2, 4]}\n- {train: all, learning_rate: 1e-3}")) == [
        {"train": "head", "epochs": 2},
        {"train": "head", "epochs": 4},
        {"train": "all", "learning_rate": 0.001},
    ]


def test_all_problems_of_a_grid_are_named_with_their_lines(tmp_path: Path) -> None:
    text = "train: [head, roots]\nepochs:\n  - 4\n  - 0\nepoch: 3\nsplit_seed: [1, 2]\naugmentation: []\nsize: [64, 64]"
    said = problem(written(tmp_path, text))
    assert "6 problems" in said
    for words in (
        "line 1: train is 'roots', but must be one of automatic, head",
        "line 4: epochs is 0, but must be at least 1",
        "line 5: epoch is not a setting",
        "line 6: split_seed cannot vary",
        "line 7: augmentation has no values",
        "line 8: size has the value 64 twice",
    ):
        assert words in said, said


def test_a_value_is_checked_by_itself_and_what_goes_together_when_the_runs_are_planned(tmp_path: Path) -> None:
    """A time limit was refused because of a value of train that the grid did not have."""
    text = "train: [automatic]\ntime_limit: [2, 5]\nweights: imagenet\n"
    cells = read_grid(written(tmp_path, text))
    assert [cell["time_limit"] for cell in cells] == [2, 5]
    assert len(plan_runs(lambda cell: Recipe.checked(**cell), cells)) == 2
    cells = read_grid(written(tmp_path, "train: [head]\ntime_limit: [2, 5]\n"))
    with pytest.raises(RecipeError, match="time_limit is for automatic training"):
        plan_runs(lambda cell: Recipe.checked(**cell), cells)
    assert "line 1: time_limit is -1, but must be more than 0" in problem(written(tmp_path, "time_limit: [-1]\n"))
    assert "no such file" in problem(written(tmp_path, "weights: [nowhere.pth]\n"))


def test_a_grid_without_settings_or_with_too_many_recipes_is_one_sentence(tmp_path: Path) -> None:
    assert "no settings" in problem(written(tmp_path, ""))
    assert "line 2 is no mapping" in problem(written(tmp_path, "- {epochs: 1}\n- 4"))
    assert "single values" in problem(written(tmp_path, "epochs: [[1]]"))
    assert "same recipe twice" in problem(written(tmp_path, "- {epochs: [1, 2]}\n- {epochs: 2}"))
    numbers = ", ".join(map(str, range(1, 1001)))
    text = f"epochs: [{numbers}]\nseed: [{numbers}]\nbatch_size: [{numbers}]\n".replace("[1,", "[2000,")
    assert f"more than {MOST_RUNS} recipes" in problem(written(tmp_path, text))


def test_a_plan_is_every_cell_with_every_seed() -> None:
    base = tiny(seed=5).model_dump()

    def make(cell: dict) -> Recipe:
        return Recipe.checked(**{**base, **cell})

    runs = plan_runs(make, [{"epochs": 1, "size": 32}, {"epochs": 2, "size": 32}], seeds=2)
    assert [(run.recipe.epochs, run.recipe.seed, run.folder, run.words) for run in runs] == [
        (1, 5, "recipe-01-seed-5", "epochs 1, seed 5"),
        (1, 6, "recipe-01-seed-6", "epochs 1, seed 6"),
        (2, 5, "recipe-02-seed-5", "epochs 2, seed 5"),
        (2, 6, "recipe-02-seed-6", "epochs 2, seed 6"),
    ]
    assert [run.folder for run in plan_runs(make, seeds=3)] == ["seed-5", "seed-6", "seed-7"]
    assert [run.words for run in plan_runs(make, [{"epochs": 1}, {"epochs": 2}])] == ["epochs 1", "epochs 2"]
    with pytest.raises(RecipeError, match=r"These are 400 runs \(2 recipes with 200 seeds each\), but at most 200"):
        plan_runs(make, [{"epochs": 1}, {"epochs": 2}], seeds=200)
    with pytest.raises(RecipeError, match=r"epochs 1: .*none is left for the other layers"):
        plan_runs(make, [{"train": "staged", "epochs": 1}, {"train": "staged", "epochs": 8}])
    with pytest.raises(RecipeError, match="already says which seeds"):
        plan_runs(make, [{"seed": 1}, {"seed": 2}], seeds=2)
    with pytest.raises(RecipeError, match="seeds is 0"):
        plan_runs(make, seeds=0)


def test_seeds_of_a_solved_head_are_said_to_tell_little() -> None:
    def plan(**settings: object) -> list[PlannedRun]:
        return plan_runs(lambda cell: Recipe.checked(**{**settings, **cell}), seeds=2)

    assert "hardly any chance" in seeds_remark(plan(optimizer="logistic"), 2, "classification")
    assert seeds_remark(plan(optimizer="logistic"), 1, "classification") == ""
    assert seeds_remark(plan(train="layer4", optimizer="adamw"), 2, "classification") == ""


def test_sweeps_keep_no_epochs_unless_the_grid_asks_for_them() -> None:
    """Thirty runs with 200 MB each would fill the disk of a laptop."""
    one, two = plan_runs(lambda cell: tiny(**cell), seeds=2)
    assert not one.recipe.keep_epochs and not two.recipe.keep_epochs
    kept, _ = plan_runs(lambda cell: tiny(**cell), [{"keep_epochs": True}], seeds=2)
    assert kept.recipe.keep_epochs
    (alone,) = plan_runs(lambda cell: tiny(**cell))
    assert alone.recipe.keep_epochs, "one run from a file of settings is no sweep"
