"""The view "Cross-validation": chooses photos and folds, computes, and shows the figures and the mistakes."""

from pathlib import Path

import pandas as pd
import streamlit as st

from core.data.snapshot import GROUP, Snapshot
from core.errors import DataError
from core.inspection.cross_validation.computation import RECIPE, RUN, SNAPSHOT
from core.inspection.cross_validation.folds import possible_folds
from core.inspection.cross_validation.head_recipe import head_recipe
from core.inspection.cross_validation.kept_results import kept_result, result_key, result_time
from core.inspection.cross_validation.photos import Photos, grouping_of
from core.inspection.cross_validation.result import CrossValidation, Settings
from core.models.zoo import network_name
from core.runs.folder import RunFolder
from core.training.recipe import Recipe
from core.workers.input_files import request_with_files
from core.workers.pool import Request
from core.workspace import Workspace
from pages.components.computing.computation import Computation
from pages.components.evaluate.cross_validation import result_view
from pages.components.glossary.terms import explained
from pages.components.shared import frame
from pages.components.shared.widget_memory import remember_choice, remembered_choice
from pages.components.shared.wording import counted, plain
from pages.components.train.split_counts import cached_snapshot

NOW, THEN = "As they are now", "As this run had them"
MOST_FOLDS, MOST_REPEATS = 10, 10
_SHOWN = "cross-shown"


def show(run: RunFolder) -> None:
    """Draw the view for the photos of a run, or of its project as they are now."""
    st.markdown(
        "Every training and validation photo is predicted once, by a model that was trained without it. So the result "
        "rests on many more photos than the validation set has. The test photos are never used.",
        help=explained("cross-validation"),
    )
    own = run.recipe()
    recipe = head_recipe(own)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        choice, snapshot = _choose_photos(run)
        folds = _number("Folds", "cross-folds", 5, 2, MOST_FOLDS, "How many parts the photos are divided into.")
        repeats = _number(
            "Repeats",
            "cross-repeats",
            1,
            1,
            MOST_REPEATS,
            "How often, each time with other folds. Several show how much the result depends on chance.",
        )
    st.caption(
        f"Only a new head is trained, on the features of {network_name(recipe.arch)}. A run that trains more layers "
        "may be better."
    )
    settings = Settings(folds=folds, repeats=repeats, compare=grouping_of(snapshot) == "user")
    key = result_key(snapshot, recipe, settings)
    scope = f"{run.id} {choice} {folds} {repeats}"
    found = _kept(frame.workspace(), key, snapshot)
    shown = st.session_state.get(_SHOWN)
    if found is not None:
        st.session_state[_SHOWN] = (scope, key, snapshot)
    elif _compute(key, snapshot, recipe, own, settings, again=shown is not None and shown[0] == scope):
        st.rerun()
    elif shown is not None and shown[0] == scope:
        # A label was corrected in the list below: the list stays until somebody computes it again.
        _, key, snapshot = shown
        found = _kept(frame.workspace(), key, snapshot)
    if found is not None:
        result_view.show(run, *found, key=key[:8])


def _choose_photos(run: RunFolder) -> tuple[str, Snapshot]:
    """Draw the choice between the project's photos and those of the run, where they differ, and return it."""
    then = _snapshot_of(str(run.path), run.status().created.isoformat())
    projects = {one.id: one for one in frame.store().projects()}
    project = projects.get(run.status().project_id or -1)
    if project is None:
        return THEN, then
    now = cached_snapshot(project)
    if now.digest == then.digest and _groups(now) == _groups(then):
        return NOW, now
    key = f"cross-photos-{run.id}"
    choice = st.segmented_control(
        "Photos and labels",
        (NOW, THEN),
        default=remembered_choice(key, NOW, (NOW, THEN)),
        required=True,
        key=key,
        on_change=remember_choice,
        args=(key,),
        help="Photos, labels or groups of the project have changed since this run.",
    )
    return str(choice), then if choice == THEN else now


def _groups(snapshot: Snapshot) -> tuple[str, list[str]]:
    return grouping_of(snapshot), list(snapshot.frame[GROUP]) if GROUP in snapshot.frame else []


def _number(label: str, key: str, first: int, least: int, most: int, text: str) -> int:
    return st.number_input(
        label,
        least,
        most,
        remembered_choice(key, first, range(least, most + 1)),
        key=key,
        width=130,
        help=text,
        on_change=remember_choice,
        args=(key,),
    )


def _compute(key: str, snapshot: Snapshot, recipe: Recipe, run: Recipe, settings: Settings, *, again: bool) -> bool:
    """Draw the button, or the progress where it was pressed; True if a result was computed now."""
    computation = Computation("cross-validation", key)
    if computation.started:
        computation.result(lambda: _request(snapshot, recipe, run, settings))
        return True
    try:
        photos = Photos.of(snapshot)
        possible = possible_folds(photos.labels, snapshot.classes, photos.groups, settings.folds, photos.unit)
    except DataError as error:
        st.info(plain(str(error)), icon=":material/info:")
        return False
    heads = counted(possible.folds * settings.repeats * (2 if settings.compare else 1), "head")
    with st.container(border=True, key="cross-start"):
        if again:
            st.markdown("Labels, photos or groups have changed. The result below is of those before.")
        else:
            st.markdown(
                f"{counted(len(photos.labels), 'photo')} in {possible.folds} folds: {heads} to train. Missing features "
                "are computed first. After that, it takes seconds for hundreds of photos."
            )
        if possible.remark:
            st.markdown(plain(possible.remark))
        st.button(
            "Cross-validate again" if again else "Cross-validate",
            type="primary",
            icon=":material/rotate_auto:",
            key="cross-validate",
            on_click=computation.start,
        )
    return False


def _request(snapshot: Snapshot, recipe: Recipe, run: Recipe, settings: Settings) -> Request:
    def write(folder: Path) -> None:
        snapshot.write(folder / SNAPSHOT)
        (folder / RECIPE).write_text(recipe.model_dump_json(), encoding="utf-8")
        (folder / RUN).write_text(run.model_dump_json(), encoding="utf-8")

    arguments = {"workspace": str(frame.workspace().root), "settings": settings.model_dump(mode="json")}
    return request_with_files("cross-validate", arguments, write)


def _kept(workspace: Workspace, key: str, snapshot: Snapshot) -> tuple[CrossValidation, pd.DataFrame] | None:
    written = result_time(workspace, key)
    return None if written is None else _read(str(workspace.root), key, written, snapshot)


@st.cache_data(max_entries=4, show_spinner=False)
def _read(root: str, key: str, written: int, _snapshot: Snapshot) -> tuple[CrossValidation, pd.DataFrame] | None:
    return kept_result(Workspace(Path(root)), key, _snapshot)


@st.cache_data(max_entries=4, show_spinner=False)
def _snapshot_of(path: str, created: str) -> Snapshot:
    return RunFolder(Path(path)).snapshot()
