"""Train: choose how, press one button, watch it learn."""

import secrets
from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from core.data.snapshot import check_trainable, snapshot_of_project
from core.data.store.store import ImageFilter, Project
from core.errors import TooLittleData
from core.runs import jobs
from core.runs.folder import RunFolder, list_runs
from core.training.recipe import Recipe
from pages.components.shared import frame
from pages.components.train import live_run, photo_preview, recipe_form, run_list
from pages.components.train.run_sentences import photos_sentence, recipe_sentence, run_title
from pages.components.train.split_counts import snapshot_to_show
from pages.components.train.time_estimate import expected


def new_training(project: Project, runs: list[RunFolder]) -> Callable[[], None] | None:
    """What will happen and the button on top, the choices below; returns what draws the pictures later."""
    snapshot = snapshot_to_show(project)
    try:
        check_trainable(snapshot)
    except TooLittleData as error:
        unlabelled = frame.store().count(project.id, ImageFilter(unlabelled=True))
        label, page = ("Label photos", "Annotate") if unlabelled else ("Add photos", "Data")
        frame.empty("Not enough to learn from yet", str(error), label, page)
        return None
    top = st.container(border=True)
    recipe_form.begin(project.task)
    values, places = form(project, runs)
    with top, frame.plain_errors():
        recipe = Recipe.checked(**values)
        st.markdown(photos_sentence(snapshot.counts()))
        st.markdown(f"{recipe_sentence(recipe)} {expected(recipe, snapshot, runs)}")
        for remark in recipe.remarks(project.task):
            st.warning(remark, icon=":material/info:")
        start(project, recipe)
        return partial(photo_preview.draw, project, recipe, places)
    return None


def form(project: Project, runs: list[RunFolder]) -> tuple[dict[str, Any], photo_preview.Places]:
    """All choices, the simple ones first; and the places for the pictures."""
    values = recipe_form.what_learns()
    more = st.session_state.get("recipe-more", False)
    left, right = st.columns(2)
    with left:
        values |= recipe_form.network(runs, more)
    with right:
        values |= recipe_form.length(values["train"])
    with st.container(border=True):
        st.markdown("##### What it sees")
        values |= recipe_form.variations()
        changes = st.container()
    hidden = recipe_form.behind()
    words = recipe_form.changed(hidden)
    more = st.toggle("More choices" + (f" (changed: {', '.join(words)})" if words else ""), key="recipe-more")
    if not more:
        return values | hidden, photo_preview.Places(changes)
    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        st.markdown("##### Steps")
        values |= recipe_form.steps()
        schedule = st.container()
    with right.container(border=True, height="stretch"):
        st.markdown("##### Batches and balance")
        values |= recipe_form.regularization()
    left, right = st.columns(2)
    with left.container(border=True, height="stretch"):
        st.markdown("##### The square that it sees")
        values |= recipe_form.square()
        squares = st.container()
    with right.container(border=True, height="stretch"):
        st.markdown("##### Stopping, chance, machine")
        values |= recipe_form.machine()
    return values, photo_preview.Places(changes, squares, schedule)


def start(project: Project, recipe: Recipe) -> None:
    """The button; a second click finds the run of the first, because both carry the same token."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        token = st.session_state.setdefault("recipe-token", secrets.token_hex(8))
        pressed = st.button("Train", type="primary", icon=":material/model_training:", key="train", width=180)
        title = st.text_input(
            "Name of the run", placeholder=run_title(recipe), key="recipe-title", max_chars=80, width=380
        )
    if not pressed:
        return
    run = jobs.submit(
        frame.workspace(),
        snapshot_of_project(frame.store(), project.id),
        recipe,
        title=title.strip() or run_title(recipe),
        project_id=project.id,
        project=project.name,
        once=token,
    )
    run_list.look_at(run.id)
    del st.session_state["recipe-token"]
    st.rerun()


with frame.page("Train"):
    project = frame.need_project()
    runs = list_runs(frame.workspace(), project.id)
    run = run_list.chosen_run(project)
    draw_pictures = None
    if run is None:
        run_list.at_work(runs)
        draw_pictures = new_training(project, runs)
    else:
        st.button("New training", on_click=run_list.look_at, args=(None,), icon=":material/add:", key="new-training")
        live_run.show(run)
    # Beside the form, those at work have a place of their own above it.
    others = [one for one in runs if one != run and (run or not one.status().live)]
    if others:
        st.markdown("##### Other runs" if run else "##### Earlier runs")
        run_list.list_of_runs(others)
    if draw_pictures:
        draw_pictures()
