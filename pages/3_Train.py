"""Train: choose a recipe, start a run, follow its progress."""

import secrets
from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from core.data.snapshot import check_trainable, snapshot_of_project
from core.data.store.store import Project
from core.errors import TooLittleData
from core.runs import jobs
from core.runs.folder import RunFolder, list_runs
from core.training.advice import advice
from core.training.recipe import Recipe
from pages.components.annotate.class_typos import open_classes, open_typos, question
from pages.components.data.import_line import import_line
from pages.components.shared import frame
from pages.components.shared.wording import next_page, plain
from pages.components.train import live_run, photo_preview, recipe_form, run_list, runs_table
from pages.components.train.recipe_labels import default_run_name, recipe_summary, snapshot_summary
from pages.components.train.split_counts import cached_snapshot, show_rule
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
        st.markdown(f"{recipe_summary(recipe)} {time_sentence(recipe, snapshot, list_runs(frame.workspace()))}")
        for remark in advice(recipe, snapshot.counts(), project.task):
            st.warning(plain(remark), icon=":material/info:")
        start(project, recipe)
        return partial(photo_preview.draw_previews, project, recipe, placeholders)
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
    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        st.markdown("## Optimizer and learning rate")
        values |= recipe_form.optimization()
        schedule = st.container()
    with right.container(border=True, height="stretch"):
        st.markdown("## Batches and regularisation")
        values |= recipe_form.regularization()
    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        st.markdown("## Preprocessing")
        values |= recipe_form.preprocessing()
        resized = st.container()
    with right.container(border=True, height="stretch"):
        st.markdown("## Early stopping, seed and device")
        values |= recipe_form.stopping_and_device()
    return values, photo_preview.Placeholders(augmented, resized, schedule)


def start(project: Project, recipe: Recipe) -> None:
    """Draw the Train button. A double click starts one run only, because both clicks carry the same token."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        token = st.session_state.setdefault("recipe-token", secrets.token_hex(8))
        pressed = st.button("Train", type="primary", icon=":material/model_training:", key="train", width=180)
        title = st.text_input(
            "Run name", placeholder=default_run_name(recipe), key="recipe-title", max_chars=80, width=380
        )
    if not pressed:
        return
    frame.store().assign_splits(project.id)  # from now on, the photos keep the splits of this run
    run = jobs.submit(
        frame.workspace(),
        snapshot_of_project(frame.store(), project.id),
        recipe,
        title=title.strip() or default_run_name(recipe),
        project_id=project.id,
        project=project.name,
        once=token,
    )
    run_list.open_run(run.id)
    del st.session_state["recipe-token"]
    st.rerun()


with frame.page("Train"):
    project = frame.need_project()
    runs = list_runs(frame.workspace(), project.id)
    run = run_list.chosen_run(project)
    draw_previews = None
    if run is None:
        run_list.show_live_runs(runs)
        draw_previews = new_run(project, runs)
    else:
        st.button("New run", on_click=run_list.open_run, args=(None,), icon=":material/add:", key="new-training")
        live_run.show(run)
    # While the form is shown, live runs are listed above it instead.
    others = [one for one in runs if one != run and (run or not one.status().live)]
    if others:
        st.markdown("## Other runs" if run else "## Earlier runs")
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
