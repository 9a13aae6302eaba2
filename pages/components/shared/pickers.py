"""Choosing on a page: a run, a model, a split, a sample photo."""

import csv
from pathlib import Path

import streamlit as st

from core.data.store.store import Project
from core.runs.folder import RunFolder, list_runs
from core.workspace import SAMPLE_IMAGES
from pages.components.shared.session import workspace
from pages.components.shared.wording import by_name

SPLITS = ("train", "val", "test")
SPLIT_NAMES = {"train": "Training", "val": "Validation", "test": "Test"}
IMAGENET = "imagenet"


def pick_run(
    project: Project | None, *, finished: bool = False, label: str = "Run", key: str = "run"
) -> RunFolder | None:
    """A run of the project (of any project for None), then those of no project; None where there is none.

    ``finished`` leaves out runs that have no best checkpoint yet. The choice stays in the address as ``?run=``.
    """
    runs = {run.id: run for run in _runs(project)}
    names = by_name((run_name(run), run.id) for run in runs.values() if run.finished or not finished)
    return runs[_pick(names, label, key)] if names else None


def pick_model(project: Project | None, *, label: str = "Model", key: str = "model") -> str:
    """A reference for ``load_predictor``: the id of a run with a checkpoint, or "imagenet"; newest run first."""
    runs = [run for run in _runs(project) if run.finished]
    names = by_name([*((run_name(run), run.id) for run in runs), ("ImageNet ResNet-50 (1000 classes)", IMAGENET)])
    return _pick(names, label, key)


def _runs(project: Project | None) -> list[RunFolder]:
    """The newest first; with a project its own, and after them what the command line has trained on a labels.csv."""
    if project is None:
        return list_runs(workspace())
    owners = {run: run.status().project_id for run in list_runs(workspace())}
    own = [run for run, owner in owners.items() if owner == project.id]
    return own + [run for run, owner in owners.items() if owner is None]


def run_name(run: RunFolder) -> str:
    """How a run is called in lists: its title and when it was made. It never changes, so a choice never gets lost."""
    status = run.status()
    return f"{status.title or run.id} · {status.created.astimezone():%b %d, %H:%M}"


def _pick(ids: dict[str, str], label: str, key: str) -> str:
    """A select box of names; the id that is chosen stays in the address as ``?key=``. At first it is the first one."""
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
    """The single photos of ``sample_images/photos``, in the order of their credits."""
    folder = SAMPLE_IMAGES / "photos"
    with (folder / "credits.csv").open(encoding="utf-8", newline="") as stream:
        return [folder / row["filename"] for row in csv.DictReader(stream)]
