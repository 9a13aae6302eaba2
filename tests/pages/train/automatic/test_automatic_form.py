"""The form with *Automatic*: no epochs, an optional time limit, what happens in which order, settings that fit."""

from pathlib import Path

import pytest

from core.data.store.store import Project, Store
from core.runs import jobs
from core.runs.automatic.next_phase import Planned, Situation, next_phase
from core.runs.folder import list_runs
from core.training.recipe import Recipe
from core.workspace import open_workspace
from pages.components.shared import charts
from pages.components.train import block_diagram, rate_schedule, recipe_fields, recipe_labels
from pages.components.train.automatic.deeper_phase import deeper_phase
from tests.pages.conftest import OpenPage, messages, read
from tests.pages.train.automatic.some_phases import HEAD
from tests.pages.trained import color_project, queued_run


@pytest.fixture
def colors(store: Store) -> Project:
    return color_project(store)


def test_automatic_comes_first_and_every_manual_recipe_stays() -> None:
    assert list(recipe_labels.SHORT_TRAIN_NAMES) == ["automatic", "head", "layer4", "layer3", "all", "staged"]
    assert list(recipe_labels.TRAIN_NAMES) == list(recipe_labels.SHORT_TRAIN_NAMES)


def test_automatic_has_a_time_limit_instead_of_epochs_and_no_search_for_a_rate(
    open_page: OpenPage, colors: Project
) -> None:
    app = open_page("Train", project=str(colors.id))
    app.segmented_control(key="recipe-train").set_value("automatic").run()
    assert not messages(app)
    drawn = {one.key for one in (*app.number_input, *app.segmented_control)}
    assert "recipe-time_limit" in drawn and not {"recipe-epochs", "recipe-head_epochs"} & drawn
    limit = app.number_input(key="recipe-time_limit")
    assert limit.value is None and limit.proto.placeholder == "15 (automatic)", "it looked like a value"
    said = read("\n".join(one.value for one in (*app.markdown, *app.caption)))
    assert "Its new head is trained first, then more layers if that helps: the last stage, then all." in said
    assert "You have a first model as soon as the head is trained" in said and "epochs." not in said
    drawings = "\n".join(str(one.proto.body) for one in app.get("html"))
    assert "First: the head alone" in drawings and "Last, if that gained: all layers" in drawings
    assert app.text_input(key="recipe-title").placeholder == "ResNet-50, automatic"
    app.toggle(key="recipe-more").set_value(True).run()
    assert not messages(app)
    assert not [button for button in app.button if button.key == "find-rate"]
    assert "logistic" not in app.segmented_control(key="recipe-optimizer").proto.__str__().lower()
    assert "are for the layers trained after it" in "\n".join(one.value for one in app.caption)
    app.number_input(key="recipe-time_limit").set_value(5.0).run()
    app.button(key="train").click().run()
    (run,) = list_runs(open_workspace())
    assert (run.recipe().train, run.recipe().time_limit) == ("automatic", 5.0)
    jobs.delete(run)


def test_a_time_limit_is_forgotten_by_other_layers_and_random_weights_train_all_of_them(
    open_page: OpenPage, colors: Project
) -> None:
    """Automatic with random weights was an error, and so was the limit of an automatic run with any other layers."""
    app = open_page("Train", project=str(colors.id))
    app.segmented_control(key="recipe-train").set_value("automatic").run()
    app.number_input(key="recipe-time_limit").set_value(5.0).run()
    app.segmented_control(key="recipe-train").set_value("layer4").run()
    assert not messages(app) and app.button(key="train")
    app.number_input(key="recipe-epochs").set_value(20).run()
    app.segmented_control(key="recipe-train").set_value("automatic").run()
    assert app.number_input(key="recipe-time_limit").value == 5.0
    assert not [one for one in app.warning if "epochs 20" in one.value], "a hidden setting is no advice"
    app.selectbox(key="recipe-weights").set_value("none").run()
    assert not messages(app) and app.button(key="train")
    train = app.segmented_control(key="recipe-train")
    assert train.value == "all" and "Automatic" not in train.options
    app.selectbox(key="recipe-weights").set_value("imagenet").run()
    assert app.segmented_control(key="recipe-train").value == "automatic"


def test_layers_that_were_chosen_are_not_made_automatic_by_other_weights(open_page: OpenPage, colors: Project) -> None:
    """Random weights had replaced automatic once: the next pretrained weights replaced any choice since."""
    app = open_page("Train", project=str(colors.id))
    app.selectbox(key="recipe-weights").set_value("none").run()
    train = app.segmented_control(key="recipe-train")
    assert train.value == "all"
    train.set_value("head").run()
    app.segmented_control(key="recipe-train").set_value("all").run()
    app.selectbox(key="recipe-weights").set_value("imagenet").run()
    assert app.segmented_control(key="recipe-train").value == "all"


def test_reused_settings_are_not_made_automatic(open_page: OpenPage, store: Store, colors: Project) -> None:
    """Random weights had replaced automatic: then a recipe of all layers was shown as automatic."""
    run = queued_run(open_workspace(), store, colors, weights="imagenet", train="all")
    run.write_status(state="stopped", message="Stopped.")
    app = open_page("Train", project=str(colors.id))
    app.selectbox(key="recipe-weights").set_value("none").run()
    assert app.segmented_control(key="recipe-train").value == "all"
    app.button(key=f"look-{run.id}").click().run()
    app.button(key="again").click().run()
    assert not messages(app)
    assert app.selectbox(key="recipe-weights").value == "imagenet"
    assert app.segmented_control(key="recipe-train").value == "all"


def test_logistic_regression_of_a_head_does_not_stand_in_the_way_of_automatic(
    open_page: OpenPage, colors: Project
) -> None:
    """The page complained about the optimizer, which it did not show."""
    app = open_page("Train", project=str(colors.id))
    app.segmented_control(key="recipe-train").set_value("head").run()
    app.toggle(key="recipe-more").set_value(True).run()
    app.segmented_control(key="recipe-optimizer").set_value("logistic").run()
    app.toggle(key="recipe-more").set_value(False).run()
    app.segmented_control(key="recipe-train").set_value("automatic").run()
    assert not messages(app) and app.button(key="train")
    app.segmented_control(key="recipe-train").set_value("head").run()
    assert app.toggle(key="recipe-more").label == "More settings (changed: optimizer)"


def test_the_recipe_of_an_automatic_run_names_no_epochs_and_the_rate_of_its_deeper_layers() -> None:
    recipe = Recipe(train="automatic")
    rows = {row["setting"]: row["value"] for row in recipe_labels.recipe_table(recipe)}
    assert rows["Layers to train"] == "Automatic"
    assert rows["Time limit in minutes"] == "15 (automatic)"
    assert rows["Epochs"] == "Chosen in training"
    assert rows["Learning rate"] == "0.001 (automatic)"
    limited = {
        row["setting"]: row["value"]
        for row in recipe_labels.recipe_table(recipe.model_copy(update={"time_limit": 2.5}))
    }
    assert limited["Time limit in minutes"] == "2.5"
    other = {row["setting"]: row["value"] for row in recipe_labels.recipe_table(Recipe(train="layer4"))}
    assert other["Time limit in minutes"] == "Only in automatic training" and other["Epochs"] == "8"
    assert recipe_labels.default_run_name(recipe) == "ResNet-50, automatic"
    assert "epoch" not in recipe_labels.recipe_summary(recipe)


def test_the_planned_rate_is_that_of_the_phase_after_the_head() -> None:
    recipe = Recipe(train="automatic")
    planned = next_phase(Situation((HEAD,), 900, 100, 3, seconds_left=9_000.0, seconds_per_photo=0.01))
    assert isinstance(planned, Planned) and (planned.train, planned.epochs) == ("layer4", deeper_phase(recipe).epochs)
    positions, rates = rate_schedule.planned_rates(recipe)
    assert max(positions) == 8 and max(rates) == pytest.approx(1e-3, rel=0.01)
    assert rate_schedule.schedule_figure(recipe, charts.LIGHT).layout.xaxis.range[1] == pytest.approx(8 * 1.02)
    assert deeper_phase(Recipe(train="all")) == Recipe(train="all")


def test_the_drawing_shows_the_phases_in_their_order() -> None:
    rows = block_diagram.training_phases(Recipe(train="automatic"))
    assert [layers for _, layers in rows] == [("head",), ("layer4", "head"), block_diagram.PARTS]
    html = block_diagram.diagram_html(Recipe(train="automatic"), charts.LIGHT)
    assert html.count(">trained<") == 1 + 2 + 6
    assert html.count(charts.rgba(charts.LIGHT.accent, 1.0)) == 1, "what is trained only perhaps is paler"


def test_the_form_allows_every_time_limit_of_the_recipe(home: Path) -> None:
    for minutes in recipe_fields.limits("time_limit"):
        assert Recipe(train="automatic", time_limit=minutes).time_limit == minutes
