"""Recipes: all problems are reported in plain words, and recipes survive saving and loading."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from core.errors import RecipeError
from core.training.choices import CHOICES
from core.training.recipe import Recipe


def test_the_defaults_work_without_thinking() -> None:
    recipe = Recipe.checked()
    chosen = (recipe.arch, recipe.weights, recipe.train, recipe.augmentation, recipe.time_limit)
    assert chosen == ("resnet50", "imagenet", "automatic", "light", None)
    assert recipe.resolved_learning_rate() > 0


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(RecipeError) as caught:
        Recipe.checked(
            arch="vgg16", epochs=0, batch_size=1, optimizer="lion", learning_rate="nan", colour=3, device="gpu"
        )
    message = str(caught.value)
    assert "7 problems" in message
    for part in (
        "There is no architecture 'vgg16'. Choose one of: resnet18, ",
        "epochs is 0, but must be at least 1.",
        "batch_size is 1, but must be at least 2.",
        "optimizer is 'lion', but must be one of auto, logistic, adamw, sgd, adam.",
        "learning_rate is 'nan', but must be a finite number.",
        "colour is not a setting; the settings are arch, weights,",
        "device is 'gpu', but must be one of auto, cpu, cuda, cuda:N, mps, xpu.",
    ):
        assert part in message


def test_settings_that_do_not_go_together_are_told_beside_single_wrong_ones(tmp_path: Path) -> None:
    with pytest.raises(RecipeError) as caught:
        Recipe.checked(train="staged", epochs=1, seed=-1, weights=str(tmp_path / "gone.pth"))
    message = str(caught.value)
    assert "3 problems" in message
    assert "staged with 1 of 1 epochs for the head" in message
    assert "seed is -1" in message
    assert "no such file" in message
    with pytest.raises(ValidationError, match="staged"):
        Recipe(train="staged", epochs=1)


def test_texts_from_a_form_or_a_command_line_become_numbers() -> None:
    recipe = Recipe.checked(epochs="3", learning_rate="0.01", head_epochs=None)
    assert (recipe.epochs, recipe.learning_rate) == (3, 0.01)


def test_a_weight_file_gets_an_absolute_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.pth").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    assert Recipe.checked(weights="mine.pth").weights == str(tmp_path / "mine.pth")


def test_a_recipe_comes_back_from_json_even_when_its_weight_file_is_gone(tmp_path: Path) -> None:
    file = tmp_path / "mine.pth"
    file.write_bytes(b"")
    recipe = Recipe.checked(arch="resnet18", weights=str(file), train="staged", learning_rate=3e-4, seed=7)
    file.unlink()
    assert Recipe.from_json(recipe.model_dump_json()) == recipe


@pytest.mark.parametrize("text", ["{", '{"epochs": 0}', '{"momentum": 1}', '{"train": "staged", "epochs": 1}', "[]"])
def test_json_that_is_no_recipe_is_refused(text: str) -> None:
    with pytest.raises(RecipeError):
        Recipe.from_json(text)


def test_every_setting_is_explained_and_every_choice_too() -> None:
    for name, field in Recipe.model_fields.items():
        assert field.description and len(field.description) > 40, name
        assert field.description.endswith("."), name
    for name, choices in CHOICES.items():
        assert Recipe.model_fields[name].default in choices
        for value in choices:
            assert getattr(Recipe.checked(**{name: value}), name) == value


def test_batchnorm_statistics_can_be_kept_where_there_are_some() -> None:
    assert Recipe().batch_norm == "update" and Recipe(batch_norm="keep").batch_norm == "keep"
    with pytest.raises(RecipeError, match="no statistics to keep"):
        Recipe.checked(weights="none", batch_norm="keep")


def test_head_epochs_are_a_quarter_unless_given() -> None:
    assert Recipe(train="staged", epochs=8).resolved_head_epochs() == 2
    assert Recipe(train="staged", epochs=2).resolved_head_epochs() == 1
    assert Recipe(train="staged", epochs=8, head_epochs=5).resolved_head_epochs() == 5
    assert Recipe(train="all", head_epochs=5).resolved_head_epochs() == 0


def test_logistic_regression_is_chosen_where_it_suits_and_nothing_needs_steps() -> None:
    automatic = Recipe(train="head", optimizer="auto", views=2)
    assert automatic.resolved_optimizer() == "logistic"
    assert automatic.resolved_optimizer("localization") == "adamw"
    assert automatic.gradient_optimizer() == "adamw"
    for changes in (
        {"train": "layer4"}, {"weights": "none", "train": "head"}, {"views": 0}, {"learning_rate": 0.01}, {"ema": 0.9},
        {"mixup": 0.2}, {"loss": "focal"}, {"balanced_sampling": True}, {"accumulation": 2}, {"layer_decay": 0.7},
    ):  # fmt: skip
        values = {"train": "head", "optimizer": "auto", "views": 2, **changes}
        assert Recipe(**values).resolved_optimizer() == "adamw", changes
    assert Recipe(optimizer="sgd", views=2).resolved_optimizer() == "sgd"
    for changes in ({"class_weighting": "balanced"}, {"label_smoothing": 0.1}, {"seed": 3}):
        values = {"train": "head", "optimizer": "auto", "views": 2, **changes}
        assert Recipe(**values).resolved_optimizer() == "logistic", changes


def test_logistic_regression_with_what_it_cannot_follow_is_told() -> None:
    with pytest.raises(RecipeError, match="trains only the head, but train is all; set train to head"):
        Recipe.checked(optimizer="logistic", train="all")
    with pytest.raises(RecipeError, match="needs a pretrained network, but weights is none"):
        Recipe.checked(optimizer="logistic", weights="none", train="head")
    with pytest.raises(RecipeError, match="needs fixed views, but views is 0"):
        Recipe.checked(optimizer="logistic", views=0)
    with pytest.raises(RecipeError, match="finds no boxes"):
        Recipe.for_task("localization", optimizer="logistic")
    with pytest.raises(RecipeError, match="without steps, so mixup, ema have no effect; leave them out"):
        Recipe.checked(optimizer="logistic", mixup=0.2, ema=0.9)


def test_what_follows_the_last_epoch_needs_a_tuned_network_and_a_start_to_mix_it_with(tmp_path: Path) -> None:
    refused: list[tuple[dict[str, Any], str]] = [
        ({"interpolate": True}, "weights is imagenet, whose head does not know these classes"),
        ({"interpolate": True, "train": "all"}, "set train to staged, or choose a model of yours as weights"),
        ({"interpolate": True, "train": "staged", "weights": "none"}, "trained weights with; choose a model of yours"),
        ({"head_size": 224, "train": "all"}, "the photos have 224 pixels already; choose a larger head_size"),
        ({"head_size": 256}, "but train is head; .* or set size to 256 instead"),
        ({"head_size": 256, "train": "automatic"}, "but train is automatic"),
    ]
    for values, sentence in refused:
        with pytest.raises(RecipeError, match=sentence):
            Recipe.checked(**{"train": "head", **values})
    with pytest.raises(RecipeError, match="head_size is 300, but a head for boxes is not refitted; leave it out"):
        Recipe.for_task("localization", head_size=300, train="all")
    (tmp_path / "mine").mkdir()
    for values in ({"train": "staged"}, {"train": "automatic"}, {"train": "layer4", "weights": str(tmp_path / "mine")}):
        assert Recipe.checked(**values, interpolate=True).interpolate
    by_steps = Recipe.checked(train="head", weights=str(tmp_path / "mine"), interpolate=True)
    assert by_steps.resolved_optimizer() == "adamw"
    assert Recipe.checked(train="all", head_size=256).head_size == 256


def test_a_recipe_from_before_the_techniques_leaves_them_out() -> None:
    old = json.loads(Recipe(optimizer="adamw").model_dump_json())
    names = ("loss", "focal_gamma", "balanced_sampling", "mixup", "cutmix", "random_erasing", "ema", "layer_decay")
    for name in (*names, "accumulation", "interpolate", "head_size", "test_time_views"):
        del old[name]
    assert Recipe.from_json(json.dumps(old)) == Recipe(optimizer="adamw")


ODD_FILES: list[bytes] = [
    b"",
    b"\xff\xfe",
    b"null",
    b"[" * 100_000,
    b'{"a":' * 500 + b"1" + b"}" * 500,
    b'{"device": "cuda:' + b"9" * 5000 + b'"}',
    b'{"device": "cuda:\xd9\xa3"}',
    b'{"weights": "a\\u0000b"}',
    b'{"weights": "\\ud800"}',
    b'{"weights": "' + b"x" * 100_000 + b'"}',
    b'{"source": ["auto"]}',
    b'{"epochs": 1e400}',
    b'{"epochs": ' + b"9" * 5000 + b"}",
    b'{"patience": ' + b"9" * 30 + b"}",
    b'{"learning_rate": NaN}',
    b'{"arch": "' + b"x" * 100_000 + b'"}',
    b'{"arch": 50}',
    b'{"seed": null}',
    b'{"split_seed": -1}',
    b'{"deterministic": "perhaps"}',
    b"{" + b",".join(b'"setting%d": 1' % number for number in range(500)) + b"}",
]


@pytest.mark.parametrize("content", ODD_FILES)
def test_odd_values_in_a_recipes_file_are_a_short_sentence(content: bytes) -> None:
    with pytest.raises(RecipeError, match=r"^The recipe ") as caught:
        Recipe.from_json(content)
    assert len(str(caught.value)) < 10_000


def test_a_recipe_of_an_older_version_has_the_split_seed_of_projects() -> None:
    values = Recipe().model_dump(mode="json")
    del values["split_seed"], values["deterministic"]
    assert Recipe.from_json(json.dumps(values)) == Recipe(split_seed=0, deterministic=False)


def test_a_saved_recipe_without_layers_trained_the_head() -> None:
    """Automatic training is younger than these."""
    for values, train in (({"epochs": 3}, "head"), ({"weights": "none"}, "all"), ({"train": "layer4"}, "layer4")):
        assert Recipe.from_json(json.dumps(values)).train == train
    assert Recipe.from_json(Recipe().model_dump_json()) == Recipe()


def test_recipes_need_no_torch() -> None:
    code = "import sys, core.training.recipe, core.training.events; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2]).returncode == 0


def test_what_learns_follows_the_weights_unless_it_is_said() -> None:
    assert Recipe().train == Recipe(train=None).train == Recipe.for_task("localization").train == "automatic"
    assert Recipe(optimizer="logistic").train == "head", "it trains nothing else"
    assert Recipe(weights="none").train == Recipe.checked(weights="none", train=None).train == "all"
    assert Recipe(weights="none", train="head").train == "head"
    assert Recipe.from_json(Recipe(weights="none", train="head").model_dump_json()).train == "head"
