"""Choosing on a page: a run, a model, a photo, a class, a split."""

import csv
from pathlib import Path

import streamlit as st

from core.data.store import ImageFilter, ImageRow, Project
from core.runs.folder import RunFolder, list_runs
from core.workspace import SAMPLE_IMAGES
from pages.components.photos import Photo, wall
from pages.components.session import store, workspace

SPLITS = ("train", "val", "test")
SPLIT_NAMES = {"train": "Training", "val": "Validation", "test": "Test"}
IMAGENET = "imagenet"
PHOTOS_A_PAGE = 24


def pick_run(
    project: Project | None, *, finished: bool = False, label: str = "Run", key: str = "run"
) -> RunFolder | None:
    """A run of the project (of any project for None), the newest first; None where there is none.

    ``finished`` leaves out runs that have no best checkpoint yet. The choice stays in the address as ``?run=``.
    """
    runs = {run.id: run for run in list_runs(workspace(), project.id if project else None)}
    if finished:
        runs = {name: run for name, run in runs.items() if run.finished}
    if not runs:
        return None
    _remember(key, list(runs))
    chosen = st.selectbox(
        label,
        list(runs),
        format_func=lambda name: run_name(runs[name]),
        key=key,
        on_change=_note_in_address,
        args=(key,),
    )
    return runs[chosen]


def pick_model(project: Project | None, *, label: str = "Model", key: str = "model") -> str:
    """A reference for ``load_predictor``: the id of a run with a checkpoint, or "imagenet"; newest run first."""
    runs = {run.id: run for run in list_runs(workspace(), project.id if project else None) if run.finished}
    options = [*runs, IMAGENET]
    _remember(key, options)
    chosen: str = st.selectbox(
        label,
        options,
        format_func=lambda name: run_name(runs[name]) if name in runs else "ImageNet ResNet-50 (1000 classes)",
        key=key,
        on_change=_note_in_address,
        args=(key,),
    )
    return chosen


def run_name(run: RunFolder) -> str:
    """How a run is called in lists: its title, and its state where that is not "finished"."""
    status = run.status()
    state = "" if status.state == "finished" else f" ({status.state})"
    return f"{status.title or run.id}{state}"


def pick_photo(project: Project, *, key: str = "photo", where: ImageFilter | None = None) -> ImageRow | None:
    """One photo of the project from a paged wall of thumbnails; None until one is chosen."""
    found = store().count(project.id, where or ImageFilter())
    pages = max(1, -(-found // PHOTOS_A_PAGE))
    page = st.pagination(pages, key=f"{key}-page") if pages > 1 else 1
    rows = store().images(project.id, where or ImageFilter(), offset=(page - 1) * PHOTOS_A_PAGE, limit=PHOTOS_A_PAGE)
    cards = [
        Photo(str(row.id), store().thumbnail_path(row.hash), row.label or "no label", row.filename, row.label is None)
        for row in rows
    ]
    chosen = wall(cards, key=f"{key}-wall", select="one", side=110).chosen
    return next((row for row in rows if chosen and str(row.id) == chosen[0]), None)


def pick_sample(*, key: str = "sample") -> Path | None:
    """One of the single sample photos that come with the studio; None until one is chosen."""
    files = {path.name: path for path in sample_photos()}
    cards = [Photo(name, path, path.stem.replace("_", " ").replace("-", " ")) for name, path in files.items()]
    chosen = wall(cards, key=f"{key}-wall", select="one", side=110).chosen
    return files[chosen[0]] if chosen else None


def sample_photos() -> list[Path]:
    """The single photos of ``sample_images/photos``, in the order of their credits."""
    folder = SAMPLE_IMAGES / "photos"
    with (folder / "credits.csv").open(encoding="utf-8", newline="") as stream:
        return [folder / row["filename"] for row in csv.DictReader(stream)]


def pick_class(
    project: Project, *, label: str = "Class", key: str = "class", anything: str | None = None
) -> str | None:
    """One class of the project by name; ``anything`` is the wording of a first choice that means None."""
    names: list[str | None] = [one.name for one in store().classes(project.id)]
    options = [None, *names] if anything else names
    # Places instead of names: a class may be called like the first choice.
    place = st.selectbox(label, range(len(options)), format_func=lambda at: options[at] or anything or "", key=key)
    return options[place] if place is not None else None


def pick_split(*, label: str = "Split", key: str = "split", default: str = "test") -> str:
    """One of train, val, test."""
    return st.segmented_control(
        label, SPLITS, default=default, required=True, format_func=SPLIT_NAMES.__getitem__, key=key
    )


def _remember(key: str, options: list[str]) -> None:
    """Before a select box is drawn: its value from the address on a first visit, and never one that is gone."""
    if st.session_state.get(key) not in options:
        wanted = st.query_params.get(key)
        st.session_state[key] = wanted if wanted in options else options[0]


def _note_in_address(key: str) -> None:
    st.query_params[key] = st.session_state[key]
