"""Mixed weights and a refitted head on the form: drawn where they go with the other settings, and nowhere else."""

from core.data.store.store import Store
from core.runs import jobs
from core.runs.folder import list_runs
from core.training.recipe import Recipe
from core.workspace import open_workspace
from pages.components.train.recipe_labels import recipe_table
from tests.pages.conftest import OpenPage, messages
from tests.pages.trained import color_project


def test_what_follows_the_last_epoch_is_drawn_only_where_it_goes_with_the_layers(
    open_page: OpenPage, store: Store
) -> None:
    app = open_page("Train", project=str(color_project(store).id))
    app.segmented_control(key="recipe-train").set_value("staged").run()
    app.toggle(key="recipe-more").set_value(True).run()
    app.toggle(key="recipe-interpolate").set_value(True).run()
    app.number_input(key="recipe-head_size").set_value(256).run()
    assert not messages(app)
    app.toggle(key="recipe-more").set_value(False).run()
    label = app.toggle(key="recipe-more").label
    assert "mix with the starting weights" in label and "image size of a refitted head" in label
    # Chosen before, they neither stop a training of the head nor turn it into one by steps.
    app.segmented_control(key="recipe-train").set_value("head").run()
    assert not messages(app)
    assert any("The head is solved exactly" in one.value for one in app.markdown)
    assert "mix with" not in app.toggle(key="recipe-more").label
    app.toggle(key="recipe-more").set_value(True).run()
    assert not [
        one for one in (*app.toggle, *app.number_input) if one.key in ("recipe-interpolate", "recipe-head_size")
    ]
    app.segmented_control(key="recipe-train").set_value("staged").run()
    app.button(key="train").click().run()
    (run,) = list_runs(open_workspace())
    assert (run.recipe().interpolate, run.recipe().head_size) == (True, 256)
    jobs.delete(run)


def test_the_table_says_what_was_chosen() -> None:
    chosen = Recipe(train="staged", interpolate=True, head_size=256)
    rows = {row["setting"]: (row["value"], row["default"]) for row in recipe_table(chosen)}
    assert rows["Mix with the starting weights"] == ("On", "Off")
    assert rows["Image size of a refitted head"] == ("256", "Off")
    assert "Image size of a refitted head" not in {row["setting"] for row in recipe_table(chosen, "localization")}
