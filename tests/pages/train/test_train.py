"""The Train page: the form and its summary, the states of a run, the list of runs."""

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.data.snapshot import Snapshot
from core.data.store.store import Project, Store
from core.models.zoo import ARCHITECTURES, network_name
from core.runs import jobs
from core.runs.estimates import waiting
from core.runs.folder import RunFolder, list_runs
from core.runs.progress_writer import EVALUATING
from core.runs.status import Status, now
from core.training.linear.kept_vectors import Readiness
from core.training.recipe import Recipe
from core.workers.pool import Request
from core.workspace import open_workspace
from pages.components.computing.computation import Computation
from pages.components.shared import charts
from pages.components.train import (
    block_diagram,
    rate_search,
    recipe_fields,
    recipe_form,
    recipe_labels,
    run_list,
    status_text,
    time_estimate,
)
from pages.components.train.recipe_labels import ARCH_NAMES
from tests.pages.conftest import OpenPage, add_photo, messages, read
from tests.pages.trained import RUN, color_project, finished_run, queued_run, tiny


@pytest.fixture
def colors(store: Store) -> Project:
    return color_project(store)


def texts(app: AppTest) -> str:
    found = [*app.markdown, *app.caption, *app.header, *app.info, *app.warning, *app.error, *app.success]
    return read("\n".join(element.value for element in found))


def test_without_a_project_the_page_says_how_to_get_one(open_page: OpenPage) -> None:
    app = open_page("Train")
    assert "No project yet" in [one.value for one in app.header]
    assert not messages(app)


def test_too_little_data_is_said_before_anything_starts(open_page: OpenPage, store: Store) -> None:
    project = store.create_project("Lonely", classes=["owl", "duck"])
    add_photo(store, project, "one.png", "owl")
    app = open_page("Train", project=str(project.id))
    assert '"owl" has 1 photo; "duck" has no photo' in texts(app)
    assert "Add photos until there are at least two photos of each class" in texts(app)
    assert not [button for button in app.button if button.key == "train"]
    assert [button.label for button in app.button] == ["Add photos"]


def test_the_form_says_what_will_happen_before_anything_is_understood(open_page: OpenPage, colors: Project) -> None:
    app = open_page("Train", project=str(colors.id))
    assert not messages(app)
    said = texts(app)
    assert "30 photos in 3 classes" in said
    assert recipe_labels.recipe_summary(Recipe()) in said
    app.segmented_control(key="recipe-train").set_value("head").run()
    said = texts(app)
    assert "Only its new head is trained; all other layers stay frozen." in said
    assert "The head is solved exactly, in seconds" in said
    assert app.button(key="train").label == "Train"


def test_choices_change_the_summary_and_the_drawing(open_page: OpenPage, colors: Project) -> None:
    app = open_page("Train", project=str(colors.id))
    app.segmented_control(key="recipe-train").set_value("staged").run()
    app.number_input(key="recipe-epochs").set_value(9).run()
    assert not messages(app)
    drawings = "\n".join(str(one.proto.body) for one in app.get("html"))
    assert "epochs 1 to 2" in drawings
    assert "epochs 3 to 9" in drawings
    assert "9 epochs" in texts(app)


def test_settings_that_a_solved_head_has_no_use_for_are_hidden(open_page: OpenPage, colors: Project) -> None:
    """They were shown, and did nothing."""
    app = open_page("Train", project=str(colors.id))
    app.segmented_control(key="recipe-train").set_value("head").run()
    app.toggle(key="recipe-more").set_value(True).run()
    assert not messages(app)
    drawn = {one.key for one in (*app.number_input, *app.segmented_control)}
    hidden = {f"recipe-{name}" for name in ("epochs", "learning_rate", "batch_size", "weight_decay", "patience")}
    assert not drawn & {*hidden, "recipe-schedule"}
    assert {"recipe-optimizer", "recipe-views", "recipe-label_smoothing", "recipe-mixup"} <= drawn
    assert "the learning rate and batch size have no effect" in texts(app)
    app.segmented_control(key="recipe-optimizer").set_value("sgd").run()
    assert hidden <= {one.key for one in app.number_input}
    assert "8 epochs" in texts(app)


def test_a_run_that_ended_in_two_seconds_shows_its_iterations(
    open_page: OpenPage, store: Store, colors: Project
) -> None:
    run = queued_run(open_workspace(), store, colors, weights="imagenet", train="head")
    figures = {"epochs": 3, "train_accuracy": 0.9, "val_accuracy": 0.8, "val_n": 6, "val_loss": 0.5}
    for number in (1, 2, 3):
        run.append_metrics("epoch", {**figures, "epoch": number, "train_loss": 0.4 / number, "best": number == 3})
    run.write_status(state="finished", solved=True, epoch=3, epochs=3, message="The head was solved exactly.")
    app = open_page("Train", project=str(colors.id), run=run.id)
    assert not messages(app)
    said = texts(app)
    assert "3 iterations" in said and "each point is an iteration of the solver" in said
    assert "epoch" not in said.split("Other runs")[0]
    assert run_list.run_line(run).startswith("just now · 3 iterations")


def test_the_expected_time_counts_the_features_that_are_ready(
    store: Store, colors: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, snapshot = Recipe(train="head"), queued_run(open_workspace(), store, colors).snapshot()
    for done in (30, 24):
        monkeypatch.setattr(time_estimate, "vectors_readiness", lambda *_, done=done: Readiness(done, 30))
        sentence = time_estimate.time_sentence(open_workspace(), recipe, snapshot, [])
        assert sentence.startswith("Expected time: ")
        assert f"(the features of {done} of 30 photos are ready)." in sentence
    exact = [time_estimate._exact(*each) for each in ((4.2, 4.2), (0.4, 0.4), (10, 30), (20, 170))]
    assert exact == ["about 4 seconds", "about 2 seconds", "10 to 30 seconds", "half a minute to 3 minutes"]
    monkeypatch.setattr(time_estimate, "vectors_readiness", lambda *_: Readiness(0, 30))
    assert "ready" not in time_estimate.time_sentence(open_workspace(), recipe, snapshot, [])


def test_choices_that_do_not_go_together_are_one_sentence(open_page: OpenPage, colors: Project) -> None:
    app = open_page("Train", project=str(colors.id))
    app.segmented_control(key="recipe-train").set_value("staged").run()
    app.number_input(key="recipe-epochs").set_value(1).run()
    assert any("none is left for the other layers" in text for text in messages(app))
    assert not [button for button in app.button if button.key == "train"]


def test_hidden_choices_stay_and_are_named(open_page: OpenPage, colors: Project) -> None:
    app = open_page("Train", project=str(colors.id))
    app.toggle(key="recipe-more").set_value(True).run()
    app.number_input(key="recipe-seed").set_value(7).run()
    app.toggle(key="recipe-more").set_value(False).run()
    assert "seed" in app.toggle(key="recipe-more").label
    app.button(key="train").click().run()
    runs = list_runs(open_workspace())
    assert [run.recipe().seed for run in runs] == [7]
    jobs.delete(runs[0])


def test_one_press_starts_one_run_and_shows_it(open_page: OpenPage, colors: Project) -> None:
    app = open_page("Train", project=str(colors.id))
    app.selectbox(key="recipe-arch").set_value("resnet18").run()
    app.selectbox(key="recipe-weights").set_value("none").run()
    app.text_input(key="recipe-title").set_value("My run").run()
    token = app.session_state["recipe-token"]
    app.button(key="train").click().run()
    runs = list_runs(open_workspace())
    assert [run.status().title for run in runs] == ["My run"]
    assert runs[0].status().once == token
    assert runs[0].status().project_id == colors.id
    assert app.query_params["run"] == runs[0].id
    assert "My run" in texts(app)
    app.button(key=f"stop-{runs[0].id}").click().run()
    assert runs[0].status().stop_requested or not runs[0].status().live
    jobs.delete(runs[0])


def test_a_queued_run_shows_its_place(open_page: OpenPage, store: Store, colors: Project) -> None:
    workspace = open_workspace()
    first = queued_run(workspace, store, colors, "20260101-1-a", title="Before")
    first.write_status(state="running", epoch=1, batch=2, batches=3, epochs=2)
    run = queued_run(workspace, store, colors, "20260101-2-b", title="After")
    app = open_page("Train", project=str(colors.id), run=run.id)
    assert not messages(app)
    assert "1 run is ahead of this one in the queue" in texts(app)
    first.write_status(state="finished")
    assert "This run is next in the queue" in texts(app.run())


def test_a_run_at_work_stands_above_the_form(open_page: OpenPage, store: Store, colors: Project) -> None:
    run = queued_run(open_workspace(), store, colors)
    run.write_status(state="running", epoch=1, epochs=2, batch=1, batches=2, started=now())
    app = open_page("Train", project=str(colors.id))
    assert [bar.proto.text for bar in app.get("progress")] == ["epoch 1 of 2"]
    assert app.button(key="train")
    assert not [button for button in app.button if button.key == f"look-{run.id}"]
    app.button(key=f"watch-{run.id}").click().run()
    assert app.query_params["run"] == run.id
    assert [button for button in app.button if button.key == f"stop-{run.id}"]


def test_a_running_run_shows_bars_and_curves(open_page: OpenPage, store: Store, colors: Project) -> None:
    run = queued_run(open_workspace(), store, colors, epochs=4)
    run.write_status(
        state="running", device="cpu", precision="bf16", epoch=2, epochs=4, batch=1, batches=4, started=now(),
        images_per_second=21.6, seconds_left=75.0, phase="epoch 2 of 4",
    )  # fmt: skip
    step = {"epoch": 1, "batch": 4, "batches": 4, "loss": 1.0, "accuracy": 0.5, "learning_rate": 1e-3}
    run.append_metrics("step", {**step, "images_per_second": 20.0, "seconds": 1.0})
    epoch = {"epoch": 1, "epochs": 4, "train_loss": 1.0, "train_accuracy": 0.5, "val_loss": 0.9, "val_accuracy": 0.6}
    run.append_metrics("epoch", {**epoch, "val_n": 5, "learning_rate": 1e-3, "seconds": 2.0, "best": True})
    app = open_page("Train", project=str(colors.id), run=run.id)
    assert not messages(app)
    bars = [bar.proto for bar in app.get("progress")]
    assert [bar.text for bar in bars] == ["epoch 2 of 4 · 1 min 15 s left", "batch 1 of 4"]
    assert bars[0].value == pytest.approx(31, abs=1)
    assert "CPU · bf16 · 22 photos per second" in texts(app)
    assert len(app.get("plotly_chart")) == 3
    app.segmented_control(key=f"view-{run.id}-running").set_value("Log").run()
    assert "created: First colors" in app.code[0].value


def test_an_interrupted_run_can_be_resumed(open_page: OpenPage, store: Store, colors: Project) -> None:
    run = queued_run(open_workspace(), store, colors)
    run.write_status(state="running", pid=2**22 + 1, process_started=1.0, heartbeat=None, epoch=1, started=now())
    app = open_page("Train", project=str(colors.id), run=run.id)
    assert "Its process ended in epoch 1" in app.warning[0].value
    app.button(key=f"resume-{run.id}").click().run()
    assert run.status().state != "interrupted"
    jobs.delete(run)


def test_a_failed_run_shows_its_sentence_and_its_log(open_page: OpenPage, store: Store, colors: Project) -> None:
    run = queued_run(open_workspace(), store, colors)
    run.append_log("the disk is full")
    run.write_status(state="failed", message="No space is left on the disk.", ended=now())
    app = open_page("Train", project=str(colors.id), run=run.id)
    assert messages(app) == ["No space is left on the disk."]
    assert "the disk is full" in app.code[0].value


def test_without_weights_training_from_scratch_is_offered(
    open_page: OpenPage, store: Store, colors: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RESNET_STUDIO_WEIGHTS", str(tmp_path / "no weights"))
    run = queued_run(open_workspace(), store, colors, weights="imagenet", train="head")
    run.write_status(state="failed", message="The pretrained weights could not be fetched.", ended=now())
    app = open_page("Train", project=str(colors.id), run=run.id)
    app.button(key="from-scratch").click().run()
    assert not messages(app)
    assert app.selectbox(key="recipe-weights").value == "none"
    assert app.segmented_control(key="recipe-train").value == "all"
    assert "starts from random weights" in texts(app)


def test_the_form_tells_that_weights_must_be_fetched(
    open_page: OpenPage, colors: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RESNET_STUDIO_WEIGHTS", str(tmp_path / "no weights"))
    app = open_page("Train", project=str(colors.id))
    assert "Not downloaded yet" in texts(app)
    app.selectbox(key="recipe-arch").set_value("resnet34").run()
    app.selectbox(key="recipe-weights").set_value("imagenet-v2").run()
    assert "There are no pretrained weights 'imagenet-v2' for resnet34" in texts(app)


def test_a_run_that_is_gone_is_said_and_the_form_is_there(open_page: OpenPage, colors: Project) -> None:
    app = open_page("Train", project=str(colors.id), run="20250101-nothing")
    assert "There is no run '20250101-nothing'" in read(app.warning[0].value)
    assert app.button(key="train")
    assert "run" not in app.query_params


def test_a_run_of_another_project_brings_its_project_along(open_page: OpenPage, store: Store, colors: Project) -> None:
    other = store.create_project("Other", classes=["a", "b"])
    run = queued_run(open_workspace(), store, colors)
    run.write_status(state="stopped", message="Stopped.", ended=now())
    app = open_page("Train", project=str(other.id), run=run.id)
    assert app.session_state["project_id"] == colors.id
    assert "First colors" in texts(app)


def test_a_damaged_run_says_so_and_spoils_nothing_else(open_page: OpenPage, store: Store, colors: Project) -> None:
    run = queued_run(open_workspace(), store, colors)
    run.write_status(state="finished")
    (run.path / "recipe.json").unlink()
    bad = queued_run(open_workspace(), store, colors, name="bad")
    text = bad.status_path.read_text()
    bad.status_path.write_text(text.replace('"heartbeat": null', '"heartbeat": "2026-01-01T00:00"'))
    (run.path / "metrics.jsonl").write_text('{"kind": "epoch", "epoch": null}\n')
    app = open_page("Train", project=str(colors.id))
    assert not messages(app)
    assert app.button(key="train") and "First colors" in texts(app)
    app = open_page("Train", project=str(colors.id), run=bad.id)
    assert "heartbeat" in messages(app)[0]
    run.write_status(state="failed", message="It went wrong.")
    app = open_page("Train", project=str(colors.id), run=run.id)
    assert messages(app) == ["It went wrong."]


def test_the_summary_follows_the_labels(open_page: OpenPage, store: Store, colors: Project) -> None:
    app = open_page("Train", project=str(colors.id))
    assert "30 photos in 3 classes" in texts(app)
    row = next(row for row in store.images(colors.id) if row.label is None)
    store.annotate(colors.id, [row.id], "red", "teacher")
    assert "31 photos in 3 classes" in texts(app.run())
    store.undo(colors.id)
    assert "30 photos in 3 classes" in texts(app.run())


class TestAFinishedRun:
    @pytest.fixture
    def run(self, home: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
        return finished_run(tmp_path_factory)

    def test_says_how_good_it_became_and_what_comes_next(self, open_page: OpenPage, run: RunFolder) -> None:
        app = open_page("Train", run=run.id)
        assert not messages(app)
        assert "The best epoch was" in app.success[0].value
        assert app.button(key="to-Evaluate").label == "Evaluate the model"
        assert len(app.get("plotly_chart")) == 3

    def test_its_recipe_is_shown_beside_the_usual_one(self, open_page: OpenPage, run: RunFolder) -> None:
        app = open_page("Train", run=run.id)
        app.segmented_control(key=f"view-{run.id}-finished").set_value("Recipe").run()
        table = app.dataframe[0].value.set_index("setting")
        assert table.loc["Architecture"].tolist() == ["ResNet-18", "ResNet-50"]
        assert table.loc["Learning rate"].tolist() == ["0.001 (automatic)", "Automatic"]
        assert table.loc["Resize mode"].tolist() == ["Crop", "Crop"]
        assert table.loc["Image size in pixels"].tolist() == ["64", "224"]
        assert "Box loss" not in table.index

    def test_its_choices_can_be_used_again(self, open_page: OpenPage, run: RunFolder) -> None:
        app = open_page("Train", run=run.id)
        app.button(key="again").click().run()
        assert not messages(app)
        assert app.selectbox(key="recipe-arch").value == "resnet18"
        assert app.number_input(key="recipe-epochs").value == 2
        assert "size" in app.toggle(key="recipe-more").label

    def test_it_can_be_started_from(self, open_page: OpenPage, run: RunFolder) -> None:
        app = open_page("Train")
        assert not any("Continue from" in name for name in app.selectbox(key="recipe-weights").options)  # no resnet50
        app.selectbox(key="recipe-arch").set_value("resnet18").run()
        app.selectbox(key="recipe-weights").set_value(str(run.best)).run()
        assert not messages(app)
        assert "starts from your own weights" in texts(app)
        app.selectbox(key="recipe-arch").set_value("resnet34").run()
        assert not messages(app)
        assert app.selectbox(key="recipe-weights").value == "imagenet"

    def test_is_listed_renamed_and_deleted(self, open_page: OpenPage, run: RunFolder) -> None:
        app = open_page("Train")
        assert "First colors" in texts(app)
        app.text_input(key=f"name-{RUN}").set_value("Best colors").run()
        app.button(key=f"rename-{RUN}").click().run()
        assert run.status().title == "Best colors"
        assert app.button(key=f"delete-{RUN}").disabled
        app.checkbox(key=f"sure-{RUN}").check().run()
        app.button(key=f"delete-{RUN}").click().run()
        assert not run.path.exists()
        assert not messages(app)


def test_the_evaluation_after_the_last_epoch_is_named_with_its_time() -> None:
    """It said "8 s left", and then the evaluation took 49."""
    status = Status(
        state="running", created=now(), epoch=8, epochs=8, phase=f"{EVALUATING} on the validation photos: 3 of 10",
        seconds_left=12.0,
    )  # fmt: skip
    assert status_text.run_progress(status) == (1.0, "evaluating the best model · 12 s left")
    assert status_text.phase_progress(status) == (0.3, "evaluating the best model on the validation photos: 3 of 10")


def test_words_for_times() -> None:
    assert [status_text.format_duration(s) for s in (10, 70, 185, 1500, 3700, 9000)] == [
        "less than a minute",
        "about a minute",
        "about 3 minutes",
        "about 25 minutes",
        "about an hour",
        "about 2.5 hours",
    ]
    assert [status_text.format_time_left(s) for s in (None, 0.2, 42, 130, 3000)] == [
        "",
        "1 s left",
        "42 s left",
        "2 min 10 s left",
        "about 50 minutes left",
    ]


def test_the_phases_of_a_staged_training_are_those_of_the_recipe() -> None:
    assert block_diagram.training_phases(Recipe(train="layer4")) == [("", ("layer4", "head"))]
    staged = Recipe(train="staged", epochs=4)
    assert [words for words, _ in block_diagram.training_phases(staged)] == ["epoch 1", "epochs 2 to 4"]


def test_the_recipe_says_every_choice_in_the_form_s_words_and_the_numbers_that_were_chosen() -> None:
    rows = {row["setting"]: row["value"] for row in recipe_labels.recipe_table(tiny(train="staged", epochs=9))}
    assert rows["Layers to train"] == "Head first, then all layers (staged)"
    assert rows["Starting weights"] == "None (train from scratch)"
    assert rows["Epochs for the head only"] == "2 (automatic)"
    assert set(recipe_labels.FIELD_LABELS) == set(Recipe.model_fields)
    plain = {row["setting"]: row for row in recipe_labels.recipe_table(Recipe(train="head"))}
    assert plain["Epochs for the head only"]["value"] == "Only in staged training"
    assert plain["Layers to train"]["value"] == "Head only"
    changed = {row["setting"] for row in plain.values() if row["value"].split(" (automatic)")[0] != row["default"]}
    changed -= {"Layers to train", "Learning rate"}
    assert changed == {"Epochs for the head only", "Time limit in minutes"}, "the others are the defaults"
    boxed = {row["setting"]: row for row in recipe_labels.recipe_table(Recipe.for_task("localization"), "localization")}
    assert boxed["Resize mode"] == {
        "setting": "Resize mode",
        "value": "Letterbox",
        "default": "Letterbox",
    }
    assert boxed["Box loss"]["value"] == "Overlap (GIoU)"


@pytest.mark.parametrize("arch", ["seresnet50", "keras-resnet50v2", "resnext50-32x4d"])
def test_a_network_of_the_wider_family_can_be_chosen(open_page: OpenPage, colors: Project, arch: str) -> None:
    app = open_page("Train")
    app.toggle(key="recipe-more").set_value(True).run()
    app.selectbox(key="recipe-arch").set_value(arch).run()
    assert not messages(app)
    assert any("Expected time: " in one.value for one in app.markdown)


def test_the_sentence_says_where_the_expected_time_comes_from(
    store: Store, colors: Project, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "present_slowdown", lambda without=0.0: 1.0)
    run = queued_run(open_workspace(), store, colors)
    recipe, snapshot = run.recipe(), run.snapshot()
    assert "a rough estimate" in time_estimate.time_sentence(open_workspace(), recipe, snapshot, [run])
    epoch = {"epoch": 1, "epochs": 1, "train_loss": 1.0, "train_accuracy": 0.5, "val_loss": 0.9, "val_accuracy": 0.6}
    run.append_metrics("epoch", {**epoch, "images_per_second": 0.5, "best": True})
    run.write_status(state="finished")
    sentence = time_estimate.time_sentence(
        open_workspace(), recipe.model_copy(update={"epochs": 1000}), snapshot, [run]
    )
    assert re.fullmatch(r"Expected time: about [\d.]+ hours \(measured in your last similar run\)\.", sentence)
    other = recipe.model_copy(update={"arch": "resnet50", "train": "head", "views": 0, "epochs": 40})
    assert " to " in time_estimate.time_sentence(open_workspace(), other, snapshot, [run])


def test_a_rough_time_is_said_as_a_range() -> None:
    said = [(10, 40), (30, 100), (60, 170), (170, 320), (600, 1500), (4000, 9000), (290, 305), (5500, 5600), (35, 80)]
    assert [time_estimate.duration_range(*each) for each in said] == [
        "less than a minute",
        "half a minute to 2 minutes",
        "1 to 3 minutes",
        "3 to 5 minutes",
        "10 to 25 minutes",
        "1 to 2 hours",
        "about 5 minutes",
        "about 1.5 hours",
        "about a minute",
    ]


def test_a_recipe_of_the_command_line_fits_the_form(open_page: OpenPage, store: Store, colors: Project) -> None:
    own = {"epochs": 2000, "patience": 900, "label_smoothing": 0.97, "learning_rate": 1e-30, "deterministic": True}
    run = queued_run(open_workspace(), store, colors, **own)
    run.write_status(state="stopped", message="Stopped.", ended=now())
    app = open_page("Train", project=str(colors.id), run=run.id)
    app.segmented_control(key=f"view-{run.id}-stopped").set_value("Recipe").run()
    assert app.dataframe[0].value.set_index("setting").loc["Repeatable computation"].tolist() == ["On", "Off"]
    app.button(key="again").click().run()
    app.toggle(key="recipe-more").set_value(True).run()
    assert not messages(app)
    assert app.number_input(key="recipe-epochs").value == 2000
    assert app.number_input(key="recipe-batch_size").min == 2
    assert app.toggle(key="recipe-deterministic").value


def test_groups_in_several_splits_are_said_above_the_train_button(
    open_page: OpenPage, colors: Project, store: Store
) -> None:
    store.assign_splits(colors.id)
    store.set_groups(colors.id, {row.id: "one day" for row in store.images(colors.id) if row.label}, "Ana")
    app = open_page("Train", project=str(colors.id))
    assert "One group is in several splits: one day is in " in texts(app)


def test_advice_stands_above_the_train_button(open_page: OpenPage, colors: Project) -> None:
    app = open_page("Train", project=str(colors.id))
    app.segmented_control(key="recipe-train").set_value("all").run()
    app.number_input(key="recipe-epochs").set_value(100).run()
    (advice,) = [one.value for one in app.warning if "overfitting" in one.value]
    assert "100 epochs of all layers on" in advice
    app.selectbox(key="recipe-weights").set_value("imagenet-v2").run()
    assert "In frozen layers, the V2 weights" not in texts(app)
    app.segmented_control(key="recipe-train").set_value("head").run()
    assert any("In frozen layers, the V2 weights" in one.value for one in app.warning)


def test_the_form_allows_what_the_recipe_allows() -> None:
    """It allowed a batch size of 1 and a learning rate of 0, but not the 2,000 epochs of a run of the command line."""
    numbers = ("batch_size", "epochs", "head_epochs", "learning_rate", "label_smoothing", "size", "patience")
    techniques = ("views", "focal_gamma", "mixup", "cutmix", "random_erasing", "ema", "layer_decay", "accumulation")
    for field in (*numbers, *techniques, "test_time_views"):
        for number in recipe_fields.limits(field):
            assert getattr(Recipe(**{field: number}), field) == number
    assert recipe_fields.limits("batch_size") == (2, 4096)
    assert recipe_fields.limits("learning_rate")[0] > 0


def test_every_technique_can_be_set_under_more_settings(open_page: OpenPage, colors: Project) -> None:
    app = open_page("Train", project=str(colors.id))
    app.toggle(key="recipe-more").set_value(True).run()
    app.segmented_control(key="recipe-loss").set_value("focal").run()
    wanted = {"mixup": 0.2, "cutmix": 1.0, "random_erasing": 0.25, "ema": 0.99, "layer_decay": 0.7, "focal_gamma": 1.0}
    wanted |= {"accumulation": 4, "test_time_views": 2, "views": 3}
    for name, value in wanted.items():
        app.number_input(key=f"recipe-{name}").set_value(value)
    app.toggle(key="recipe-balanced_sampling").set_value(True).run()
    app.toggle(key="recipe-more").set_value(False).run()
    assert not messages(app)
    label = app.toggle(key="recipe-more").label
    assert all(recipe_labels.FIELD_LABELS[name].lower() in label for name in wanted)
    app.button(key="train").click().run()
    (run,) = list_runs(open_workspace())
    recipe = run.recipe()
    assert {name: getattr(recipe, name) for name in wanted} == wanted
    assert (recipe.loss, recipe.balanced_sampling) == ("focal", True)
    jobs.delete(run)
    undrawn = {"source", "split_seed", "workers"}  # choices of the command line
    always = {"train", "arch", "weights", "epochs", "head_epochs", "time_limit", "augmentation"}
    assert set(recipe_form.HIDDEN_AT_FIRST) | always | undrawn == set(Recipe.model_fields)


def test_how_many_processes_train_a_run_is_asked_where_there_is_a_cluster(
    open_page: OpenPage, colors: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page("Train", project=str(colors.id))
    app.segmented_control(key="recipe-train").set_value("all").run()
    app.toggle(key="recipe-more").set_value(True).run()
    assert "recipe-processes" not in {one.key for one in app.number_input}
    monkeypatch.setenv("RESNET_STUDIO_RAY_ADDRESS", "127.0.0.1:1")
    app.run()
    app.number_input(key="recipe-processes").set_value(2)
    app.toggle(key="recipe-more").set_value(False).run()
    assert not messages(app)
    assert "processes on the cluster" in app.toggle(key="recipe-more").label
    app.button(key="train").click().run()
    assert "does not answer" in texts(app) or any("does not answer" in one.value for one in app.error)


def test_a_found_learning_rate_is_drawn_and_used_with_one_press(
    open_page: OpenPage, colors: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {"rates": [1e-5, 1e-4, 1e-3, 1e-2], "losses": [1.0, 0.9, 0.4, 3.0], "suggestion": 4.7e-4}
    asked: list[Request] = []

    def compute(self: Computation, begin: Callable[[], Request], unit: str = "") -> dict[str, object]:
        asked.append(begin())
        st.session_state.pop(self._state)
        return found

    monkeypatch.setattr(Computation, "result", compute)
    app = open_page("Train", project=str(colors.id))
    app.segmented_control(key="recipe-train").set_value("head").run()
    app.toggle(key="recipe-more").set_value(True).run()
    app.segmented_control(key="recipe-optimizer").set_value("sgd").run()
    app.button(key="find-rate").click().run()
    assert not messages(app)
    (request,) = asked
    folder = Path(request.arguments["folder"])
    recipe = Recipe.from_json((folder / "recipe.json").read_bytes())
    assert (recipe.train, recipe.optimizer, recipe.learning_rate) == ("head", "sgd", None)
    assert len(Snapshot.read(folder / "snapshot.csv").frame) == 30
    request.ended()
    assert "falls fastest at a learning rate of 0.00047" in texts(app)
    assert app.button(key="use-rate").label == "Use 0.00047"
    app.button(key="use-rate").click().run()
    assert app.number_input(key="recipe-learning_rate").value == pytest.approx(4.7e-4)
    assert app.button(key="use-rate"), "the picture stays: the search does not depend on the rate that is set"
    app.number_input(key="recipe-batch_size").set_value(8).run()
    assert not [button for button in app.button if button.key == "use-rate"]
    figure = rate_search.rate_figure(found, charts.LIGHT)
    assert figure.layout.xaxis.type == "log"
    assert figure.layout.yaxis.range[1] < 2, "the explosion at the end does not flatten the curve"
    app.segmented_control(key="recipe-optimizer").set_value("logistic").run()
    assert "have no effect on a head that is solved" in texts(app)
    assert not [button for button in app.button if button.key == "find-rate"]


def test_curves_keep_to_few_points_and_to_the_last_one() -> None:
    steps = pd.DataFrame({"epoch": 1, "batch": range(1, 5001), "batches": 5000, "loss": 1.0, "learning_rate": 0.1})
    thin = charts.downsample(steps)
    assert len(thin) == charts.MAX_POINTS
    assert thin.iloc[-1]["batch"] == 5000
    figure = charts.recorded_learning_rate(steps, charts.LIGHT, planned=3)
    assert figure.data[0].x[-1] == 1.0
    assert figure.layout.xaxis.range[1] > 3


def test_the_best_epoch_is_marked_and_guessing_is_drawn() -> None:
    epochs = pd.DataFrame(
        {
            "epoch": [1, 2, 3],
            "train_loss": [1.0, 0.8, 0.6],
            "val_loss": [1.1, 0.7, 0.9],
            "train_accuracy": [0.4, 0.6, 0.8],
            "val_accuracy": [0.4, 0.7, 0.6],
            "best": [True, True, False],
        }
    )
    none = pd.DataFrame(columns=["epoch", "batch", "batches", "loss", "accuracy"])
    loss = charts.loss_curves(epochs, none, charts.DARK, planned=3)
    assert [shape.x0 for shape in loss.layout.shapes] == [2]
    accuracy = charts.accuracy_curves(epochs, none, charts.DARK, chance=0.25)
    assert [(shape.x0, shape.y0) for shape in accuracy.layout.shapes] == [(2, 0), (0, 0.25)]
    assert list(accuracy.data[1].y) == [0.4, 0.7, 0.6]


def test_training_and_validation_keep_their_colours_and_every_line_has_a_legend() -> None:
    epochs = pd.DataFrame(
        {
            "epoch": [1, 2, 3],
            "best": [True, False, False],
            **{f"{part}_{name}": [0.5, 0.6, 0.7] for part in ("train", "val") for name in ("loss", "accuracy", "iou")},
            "val_found": [0.5, 0.4, 0.3],
        }
    )
    steps = pd.DataFrame({"epoch": [1, 2], "batch": [1, 1], "batches": [1, 1], "loss": [1, 1], "accuracy": [0, 1]})
    for figure in (
        charts.loss_curves(epochs, steps, charts.LIGHT),
        charts.accuracy_curves(epochs, steps, charts.LIGHT),
        charts.iou_curves(epochs, charts.LIGHT),
    ):
        lines = {line.name: line for line in figure.data}
        assert lines["training"].line.color == charts.LIGHT.training
        assert lines["validation"].line.color == charts.LIGHT.validation
        assert all(line.name and line.showlegend is None for line in figure.data)
    # The IoU alone rises; the kept epoch follows the dashed line, which falls.
    assert list(lines["validation, 0 where the class is wrong"].y) == [0.5, 0.4, 0.3]
    assert [shape.x0 for shape in figure.layout.shapes] == [1]


def test_percents_do_not_pretend() -> None:
    assert [charts.percent(x) for x in (0.97, 0.9984, 0.034, 0.0002, 1.0)] == [
        "97%",
        "99.8%",
        "3.4%",
        "under 0.1%",
        "100.0%",
    ]


def test_every_architecture_has_a_name_that_people_write() -> None:
    assert set(ARCH_NAMES) == set(ARCHITECTURES)
    assert all(words.startswith(network_name(arch)) for arch, words in ARCH_NAMES.items())
    assert network_name("keras-resnet50v2") == "Keras ResNet50V2"
    assert network_name("resnext50-32x4d") == "ResNeXt-50 32x4d"
    assert network_name("resnet50-v1+stages") == "ResNet-50 v1"
