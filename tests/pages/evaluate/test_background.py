"""The view "Background": what counts as the object, the verdict, flips and examples, and figures by tag."""

import shutil
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.data.store.records import BoxRow
from core.data.store.store import Store
from core.inspection.background.kept_result import result_key, result_path
from core.inspection.background.regions import REGIONS, Region
from core.inspection.background.result import Answer, Background, LeftOut, PhotoAnswers
from core.inspection.background.slices import by_class
from core.inspection.background.variants import BACKGROUND, OTHER, VARIANTS
from core.runs.computations.background import run_notes
from core.runs.folder import RunFolder
from core.runs.models import evaluate_run
from core.workers.pool import Request
from core.workers.tasks import TASKS
from pages.components.computing.computation import Computation
from pages.components.evaluate.background import background_charts, background_view, slices_view
from pages.components.shared import charts
from tests.inspection.background.answers import background, example, shortcut_answers
from tests.pages.conftest import OpenPage, messages, read
from tests.pages.evaluate.test_evaluate import texts, view
from tests.pages.trained import finished_run

SLICES = "By tag, group and class"


@pytest.fixture
def run(home: Any, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return finished_run(tmp_path_factory)


def said(app: AppTest) -> str:
    return read(texts(app))


def opened(open_page: OpenPage, run: RunFolder) -> AppTest:
    app = view(open_page("Evaluate", run=run.id), background_view.VIEW)
    assert not messages(app)
    return app


def keep(run: RunFolder, store: Store, region: Region, follow: int) -> Background:
    """Keep a result in the run, as if it were computed: so many answers follow a swapped background."""
    part = run.snapshot().part("val")
    classes = run.snapshot().classes
    photos = []
    for place, (image, name, label) in enumerate(part[["image", "filename", "label"]].itertuples(index=False)):
        own, donor = classes.index(label), next(n for n, one in enumerate(part["label"]) if one != label)
        answers = {variant: Answer(index=own, probability=0.8) for variant in VARIANTS}
        if place < follow:
            answers[OTHER] = Answer(index=classes.index(part["label"][donor]), probability=0.7)
        else:
            answers[BACKGROUND] = Answer(index=(own + 1) % len(classes), probability=0.5)
        photos.append(
            PhotoAnswers(
                image=image, filename=name, label=own, area=0.4, same_from=0, other_from=donor, answers=answers
            )
        )
    key = result_key(run.best, run.snapshot(), region, run_notes(run, store).boxes)
    out = (LeftOut(filename="x.png", reason="it has no box"),) if region == "boxes" else ()
    found = background(photos, classes, region=region, key=key, available=len(part), left_out=out)
    found = found.model_copy(update={"examples": (example(0, photos[0]),)})
    found.write(result_path(run.path, region))
    return found


def test_before_a_result_the_view_says_what_will_be_done(open_page: OpenPage, run: RunFolder) -> None:
    app = opened(open_page, run)
    assert "The background of validation photos is changed, and the model answers again." in said(app)
    assert "No photo has a drawn box." in said(app) and "The test photos are never used." in said(app)
    region = app.segmented_control(key=f"background-region-{run.id}")
    assert list(region.options) == ["Hot region", "Centre"] and region.value == "hot"
    assert app.button(key="background-start").label == "Change the backgrounds"


def test_a_kept_result_stands_with_its_verdict_and_its_limits(
    open_page: OpenPage, run: RunFolder, store: Store
) -> None:
    found = keep(run, store, "hot", follow=len(run.snapshot().part("val")))
    app = opened(open_page, run)
    text = said(app)
    assert (
        "The part outside the hot region alone is enough to recognise most photos, and swapping it changes answers."
        in text
    )
    assert f"{len(found.photos)} of {len(found.photos)} answers (100%) name the class of that background" in text
    assert REGIONS["hot"].caution in text and "validation photos. The object is where the Grad-CAM heatmap" in text
    assert "The answer changes from" in text
    assert not [button for button in app.button if button.key == "background-start"], "there is nothing to add"
    links = [link.proto for link in app.get("page_link")]
    assert any(link.label == "Explain this photo" for link in links)
    app.segmented_control(key="background-details").set_value("Flips by class").run()
    assert not messages(app) and "right answers become wrong (100%, 95% confidence interval" in said(app)
    table = app.dataframe[0].value
    assert list(table.columns)[-1] == "Class of the background" and len(table) == len(found.classes)
    app.selectbox(key="background-variant").set_value(BACKGROUND).run()
    assert not messages(app) and "Class of the background" not in app.dataframe[0].value


def test_another_region_has_its_own_result_and_new_boxes_need_a_new_one(
    open_page: OpenPage, run: RunFolder, store: Store
) -> None:
    keep(run, store, "hot", follow=3)
    project = store.projects()[0]
    validation = set(run.snapshot().part("val")["image"])
    for row in store.images(project.id):
        if row.hash in validation:
            store.set_boxes(project.id, row.id, [BoxRow(row.label or "", 5, 5, 20, 20)], "Ada")
    app = opened(open_page, run)
    region = app.segmented_control(key=f"background-region-{run.id}")
    assert region.value == "boxes" and region.options[0] == f"Drawn boxes ({len(validation)})"
    assert app.button(key="background-start").label == "Change the backgrounds"  # none for boxes yet
    keep(run, store, "boxes", follow=3)
    app.run()
    assert "Left out: 1: it has no box." in said(app)
    row = next(row for row in store.images(project.id) if row.hash in validation)
    store.set_boxes(project.id, row.id, [BoxRow(row.label or "", 1, 1, 20, 20)], "Ada")
    app.run()
    assert "Left out" not in said(app) and app.button(key="background-start").label == "Change the backgrounds"
    app.segmented_control(key=f"background-region-{run.id}").set_value("hot").run()
    assert "The object is where the Grad-CAM heatmap" in said(app)


def test_the_button_computes_the_result_and_keeps_it(
    open_page: OpenPage, run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports: list[Any] = []

    def here(self: Computation, begin: Callable[[], Request], unit: str = "") -> None:
        asked = begin()
        module, function = TASKS[asked.task].target.split(":")
        getattr(import_module(module), function)(asked.arguments, reports.append)
        st.session_state.pop(f"{self.name}-started")

    monkeypatch.setattr(Computation, "result", here)  # in this process: the worker's has torch to load
    app = opened(open_page, run)
    app.segmented_control(key=f"background-region-{run.id}").set_value("centre").run()
    app.button(key="background-start").click().run()
    assert not messages(app)
    found = Background.read(result_path(run.path, "centre"))
    photos = len(run.snapshot().part("val"))
    assert len(found.photos) == photos and found.model == run.id
    assert (reports[-1].done, reports[-1].total) == (photos * len(VARIANTS), photos * len(VARIANTS))
    assert REGIONS["centre"].caution in said(app)


def test_figures_by_tag_need_tags_and_name_the_worst(open_page: OpenPage, run: RunFolder, store: Store) -> None:
    app = opened(open_page, run)
    app.segmented_control(key="background-part").set_value(SLICES).run()
    assert not messages(app) and "No tags yet." in said(app)
    assert "Tag photos" in [link.proto.label for link in app.get("page_link")]
    assert "Class" in app.dataframe[0].value
    project = store.projects()[0]
    store.add_tag(project.id, [row.id for row in store.images(project.id) if row.label == "red"], "warm", "Ada")
    app.run()
    assert not messages(app) and "No tags yet." not in said(app)
    assert set(app.dataframe[0].value["Tag"]) == {"warm", "no tag"}


def test_without_validation_answers_the_slices_say_what_to_do(open_page: OpenPage, run: RunFolder) -> None:
    evaluate_run(run, "train", device="cpu")
    app = opened(open_page, run)
    app.segmented_control(key=f"split-{run.id}").set_value("train").run()
    (run.path / "predictions-val.csv").unlink()
    app.segmented_control(key="background-part").set_value(SLICES).run()
    assert not messages(app) and "has not been evaluated on its validation photos" in said(app)


def test_a_run_without_a_project_is_tested_too(open_page: OpenPage, run: RunFolder, store: Store) -> None:
    trained = run.path.with_name("by-command")
    shutil.copytree(run.path, trained)
    copy = RunFolder(trained)
    copy.write_status(project_id=None, project=None)
    keep(copy, store, "hot", follow=2)
    app = opened(open_page, copy)
    assert "No clear sign" in said(app) or "In part" in said(app)
    assert "Explain this photo" not in [link.proto.label for link in app.get("page_link")]


def test_the_chart_has_a_line_for_each_variant_and_what_guessing_reaches() -> None:
    figure = background_charts.variant_rows(shortcut_answers(20, follow=10), charts.LIGHT)
    assert [name.split(" <")[0] for name in figure.layout.yaxis.ticktext] == list(VARIANTS.values())
    assert list(figure.data[0].x) == [1, 1, 1, 1, 0.5, 0.5]
    assert figure.layout.shapes[-1].x0 == 0.5 and figure.layout.annotations[0].text == "guessing"


def test_the_worst_slice_has_a_colour_of_its_own_and_small_ones_are_faint() -> None:
    rows = [(f"{label}{n}", label, label if n else "b") for label in "abc" for n in range({"c": 3}.get(label, 6))]
    slices = by_class(pd.DataFrame(rows, columns=["image", "label", "prediction"]))
    figure = background_charts.slice_rows(slices, charts.DARK, 0.8)
    colors = list(figure.data[0].marker.color)
    assert colors[0] == charts.DARK.second and colors[1] == charts.DARK.accent and colors[2].startswith("rgba")
    table = slices_view.table(slices)
    assert list(table["Remark"])[-1] == "too few to say"
