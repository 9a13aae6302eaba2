"""The Train button: one run, several seeds, or several recipes; with the number of seeds and the run's name."""

import secrets

import streamlit as st

from core.data.snapshot import Snapshot, snapshot_of_project
from core.data.store.store import Project
from core.runs import jobs
from core.runs.estimates.sweep_time import expected_sweep_time
from core.runs.folder import RunFolder
from core.runs.sweeps.plan import Cell, PlannedRun, check_number, plan_runs, seeds_remark
from core.runs.sweeps.sweep_jobs import submit_sweep
from core.training.recipe import Recipe
from pages.components.quota.quota_line import show_trainings_allowed
from pages.components.shared import frame
from pages.components.shared.wording import counted
from pages.components.train import run_list
from pages.components.train.recipe_labels import default_run_name
from pages.components.train.sweeps import compare_form
from pages.components.train.sweeps.sweep_rows import open_sweep
from pages.components.train.time_estimate import duration_range

MOST_SEEDS = 20
_SEEDS_HELP = (
    "Trains the same recipe several times with different random seeds, one run after the other. It shows how much the "
    "result depends on chance: the mean validation accuracy with its interval. The split stays the same."
)


def start(project: Project, recipe: Recipe, snapshot: Snapshot, runs: list[RunFolder]) -> None:
    """Draw the Train button. A double click starts one run or sweep only, because both clicks carry the same token."""
    row = st.container(horizontal=True, vertical_alignment="bottom")
    cells = compare_form.draw(project.task)
    with row:
        token = st.session_state.setdefault("recipe-token", secrets.token_hex(8))
        button = st.container(width="content")
        seeds = int(
            st.number_input(
                "Seeds", 1, MOST_SEEDS, step=1, key="seeds", help=_SEEDS_HELP, persist_state="session", width=150
            )
        )
        title = st.text_input(
            "Run name", placeholder=default_run_name(recipe, project.task), key="recipe-title", max_chars=80, width=380
        )
    with frame.plain_errors():
        planned = _planned(recipe, cells, seeds)
        pressed = button.button(
            "Train" if len(planned) < 2 else f"Train {len(planned)} runs",
            type="primary",
            icon=":material/model_training:",
            key="train",
            width=180,
            disabled=not planned,
        )
        show_trainings_allowed()
        if len(planned) > 1:
            st.markdown(_several(planned, seeds, snapshot, runs))
            if remark := seeds_remark(planned, seeds, project.task):
                st.info(remark, icon=":material/info:")
        if pressed and planned:
            _submit(project, planned, title.strip() or default_run_name(recipe, project.task), token)


def _planned(recipe: Recipe, cells: list[Cell] | None, seeds: int) -> list[PlannedRun]:
    """Return the runs to start; none while the form is not complete. Raises RecipeError."""
    if cells is None:
        return []
    check_number(len(cells), seeds)
    if cells == [{}] and seeds == 1:
        return [PlannedRun(recipe, {}, "", "")]
    common = recipe.model_dump()
    return plan_runs(lambda cell: Recipe.checked(**{**common, **cell}), cells, seeds)


def _several(planned: list[PlannedRun], seeds: int, snapshot: Snapshot, runs: list[RunFolder]) -> str:
    """Return how many runs these are and how long they will take together."""
    recipes = len(planned) // seeds
    what = f"{recipes} recipes with {seeds} seeds each" if min(recipes, seeds) > 1 else counted(recipes, "recipe")
    if recipes == 1:
        what = f"{seeds} seeds"
    time = expected_sweep_time(frame.workspace(), [one.recipe for one in planned], snapshot, runs)
    expected = f"{'at most ' if time.at_most else ''}{duration_range(time.low, time.high)}"
    return (
        f"**{len(planned)} runs** ({what}), one after the other. Expected time for all: {expected}. "
        "They are compared on the validation photos; the test photos stay unused."
    )


def _submit(project: Project, planned: list[PlannedRun], title: str, token: str) -> None:
    store = frame.store()
    store.assign_splits(project.id)  # from now on, the photos keep the splits of this run
    snapshot = snapshot_of_project(store, project.id)
    if len(planned) == 1:
        run = jobs.submit(
            frame.workspace(),
            snapshot,
            planned[0].recipe,
            title=title,
            project_id=project.id,
            project=project.name,
            once=token,
        )
        run_list.open_run(run.id)
    else:
        sweep = submit_sweep(
            frame.workspace(),
            snapshot,
            planned,
            title=title,
            project_id=project.id,
            project=project.name,
            once=token,
        )
        open_sweep(sweep)
    del st.session_state["recipe-token"]
    st.rerun()
