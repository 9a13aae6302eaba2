"""Train: choose a recipe, start a run, follow its progress."""

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from core.data.snapshot import check_trainable
from core.data.store.store import Project
from core.errors import TooLittleData
from core.runs.folder import RunFolder, list_runs
from core.training.advice import advice
from core.training.recipe import Recipe
from pages.components.annotate.class_typos import open_classes, open_typos, question
from pages.components.data.importing.import_line import import_line
from pages.components.shared import frame
from pages.components.shared.wording import next_page, plain
from pages.components.train import live_run, photo_preview, recipe_form, run_list, runs_table
from pages.components.train.more_settings import draw_later, more_settings
from pages.components.train.recipe_labels import recipe_summary, snapshot_summary
from pages.components.train.split_counts import cached_snapshot, show_rule
from pages.components.train.start_training import start
from pages.components.train.sweeps import sweep_rows, sweep_view
from pages.components.train.time_estimate import time_sentence


def new_run(project: Project, runs: list[RunFolder]) -> Callable[[], None] | None:
    """Draw the summary with the Train button and the form below it; return what draws the previews, or None."""
    snapshot = cached_snapshot(project)
    try:
        check_trainable(snapshot)
    except TooLittleData as error:
        if import_line(project):
            st.markdown("You can train when the import has ended and enough photos are labelled.")
            return None
        learned = frame.store().learned_photos(project.id)
        why = plain(str(error) if learned.enough else f"{learned.rule} {learned.advice}".strip())
        typos = open_typos(project)
        label, page = next_page(learned.step, learned.boxed)
        if not typos:
            frame.empty_state("Not enough labelled photos yet", why, label, page)
            return None
        frame.empty_state("Not enough labelled photos yet", f"{why} {question(typos[0])}")
        with st.container(horizontal=True, horizontal_alignment="center"):
            if st.button("Merge classes", type="primary", icon=frame.PAGES["Annotate"].icon, key="to-classes"):
                open_classes()
            if st.button(label, icon=frame.PAGES[page].icon, key="to-more"):
                frame.go(page)
        return None
    top = st.container(border=True)
    recipe_form.prepare(project.task)
    values, placeholders = form(runs)
    with top, frame.plain_errors():
        recipe = Recipe.checked(**values)
        st.markdown(snapshot_summary(snapshot.counts()))
        show_rule(project)
        everywhere = list_runs(frame.workspace())
        expected = time_sentence(frame.workspace(), recipe, snapshot, everywhere)
        st.markdown(f"{recipe_summary(recipe, project.task)} {expected}")
        for remark in (*snapshot.remarks, *advice(recipe, snapshot.counts(), project.task)):
            st.warning(plain(remark), icon=":material/info:")
        start(project, recipe, snapshot, everywhere)
        return partial(draw_later, project, snapshot, recipe, placeholders)
    return None


def form(runs: list[RunFolder]) -> tuple[dict[str, Any], photo_preview.Placeholders]:
    """Draw all settings, the simple ones first; return their values and the placeholders for the previews."""
    values = recipe_form.layers_to_train()
    more = st.session_state.get("recipe-more", False)
    left, right = st.columns(2)
    with left:
        values |= recipe_form.network(runs, more)
    with right:
        values |= recipe_form.training_length(values["train"])
    with st.container(border=True):
        values |= recipe_form.augmentation()
        augmented = st.container()
    hidden = recipe_form.hidden_values()
    changed = recipe_form.changed_labels(hidden)
    more = st.toggle("More settings" + (f" (changed: {', '.join(changed)})" if changed else ""), key="recipe-more")
    if not more:
        return values | hidden, photo_preview.Placeholders(augmented)
    drawn, placeholders = more_settings(augmented)
    return values | hidden | drawn, placeholders


with frame.page("Train"):
    project = frame.need_project()
    runs = list_runs(frame.workspace(), project.id)
    run = run_list.chosen_run(project)
    sweep = None if run else sweep_rows.chosen_sweep(project)
    draw_previews = None
    if run is None and sweep is None:
        run_list.show_live_runs(runs)
        draw_previews = new_run(project, runs)
    else:
        with st.container(horizontal=True):
            st.button(
                "New run", on_click=sweep_rows.open_sweep, args=(None,), icon=":material/add:", key="new-training"
            )
            if run and (around := run.status().sweep):
                st.button("Open its sweep", on_click=sweep_rows.open_sweep, args=(around,), key="to-sweep")
        if run:
            live_run.show(run)
        elif sweep:
            sweep_view.show(sweep)
    # While the form is shown, live runs are listed above it instead.
    here = {run} if run else {one.folder for one in sweep.runs} if sweep else set()
    others = [one for one in runs if one not in here and (here or not one.status().live)]
    if others:
        st.markdown("## Other runs" if here else "## Earlier runs")
        shown_as = st.segmented_control(
            "Show the runs as", ("List", "Table"), default="List", required=True, label_visibility="collapsed",
            key="runs-view",
        )  # fmt: skip
        if shown_as == "Table":
            runs_table.show(project)
        else:
            run_list.show_runs(others)
    if draw_previews:
        draw_previews()
