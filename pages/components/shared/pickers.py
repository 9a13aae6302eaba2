"""Select boxes for runs and models, the names of the splits, and the list of sample photos."""

import csv
from pathlib import Path

import streamlit as st

from core.data.store.store import Project
from core.runs.folder import RunFolder, list_runs
from core.workspace import SAMPLE_IMAGES
from pages.components.shared.session import store, workspace
from pages.components.shared.wording import unique_options

SPLITS = ("train", "val", "test")
SPLIT_NAMES = {"train": "Training", "val": "Validation", "test": "Test"}
IMAGENET = "imagenet"


def pick_run(
    project: Project | None, *, finished: bool = False, label: str = "Run", key: str = "run"
) -> RunFolder | None:
    """Let the user pick a run of the project (of any project if None) or one without a project; None if there is none.

    ``finished`` leaves out runs without a best checkpoint. The choice is kept in the address as ``?run=``.
    """
    runs = {run.id: run for run in _runs(project)}
    names = unique_options((run_name(run), run.id) for run in runs.values() if run.finished or not finished)
    return runs[_pick(names, label, key)] if names else None


def pick_model(project: Project | None, *, label: str = "Model", key: str = "model", without: str = "") -> str:
    """Let the user pick a model for ``load_predictor``: a run with a checkpoint, newest first, or "imagenet".

    ``without`` is the model that is not offered.
    """
    return _pick({name: model for model, name in model_names(project).items() if model != without}, label, key)


def model_names(project: Project | None) -> dict[str, str]:
    """Return the models that ``pick_model`` offers, with their names, no two of which are the same."""
    runs = [(run_name(run), run.id) for run in _runs(project) if run.finished]
    named = unique_options([*runs, ("ImageNet ResNet-50 (1,000 classes)", IMAGENET)])
    return {model: name for name, model in named.items()}


def _runs(project: Project | None) -> list[RunFolder]:
    """Return the runs, newest first: those of the project, then those without one.

    The latter were trained from a labels.csv on the command line, or their project was deleted.
    """
    if project is None:
        return list_runs(workspace())
    owners = {run: run.status().project_id for run in list_runs(workspace())}
    own = [run for run, owner in owners.items() if owner == project.id]
    known = {one.id for one in store().projects()}
    return own + [run for run, owner in owners.items() if owner not in known]


def run_name(run: RunFolder) -> str:
    """Return a run's name for lists: its title and creation time. It never changes, so that a choice stays valid."""
    status = run.status()
    return f"{status.title or run.id} · {status.created.astimezone():%d %b, %H:%M}"


def _pick(ids: dict[str, str], label: str, key: str) -> str:
    """Draw a select box and return the chosen id, kept in the address as ``?key=``; the default is the first one."""
    names = {identifier: name for name, identifier in ids.items()}
    if st.session_state.get(key) not in names:
        wanted = st.query_params.get(key)
        st.session_state[key] = wanted if wanted in names else next(iter(names))
    chosen = st.selectbox(
        label,
        list(names),
        format_func=lambda one: names.get(one, one),
        key=key,
        on_change=_note_in_address,
        args=(key,),
    )
    return str(chosen)


def _note_in_address(key: str) -> None:
    st.query_params[key] = st.session_state[key]


def sample_photos() -> list[Path]:
    """Return the photos of ``sample_images/photos``, in the order of their credits."""
    folder = SAMPLE_IMAGES / "photos"
    with (folder / "credits.csv").open(encoding="utf-8", newline="") as stream:
        return [folder / row["filename"] for row in csv.DictReader(stream)]
