"""A set of foreign photos to try "none of these" on: uploads, another project, or the sample photos."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from core.data.pictures.decoding import IMAGE_SUFFIXES
from core.models.decision import Foreign
from core.runs.computations.predictions import read_answers
from core.runs.folder import RunFolder
from core.workers.input_files import request_with_files
from core.workers.pool import Request
from pages.components.computing.computation import Computation
from pages.components.shared import frame
from pages.components.shared.charts import percent
from pages.components.shared.photo_wall import WallPhoto, wall
from pages.components.shared.pickers import sample_photos
from pages.components.shared.wording import counted, plain, unique_options

SUFFIXES = sorted(suffix.removeprefix(".") for suffix in IMAGE_SUFFIXES)
MOST_PHOTOS = 120
"""Of another project: enough for a share within a few per cent, in less than a minute."""
ON_WALL = 48
SAMPLES, PROJECT, UPLOAD = "Sample photos", "Another project", "Upload photos"
_RESULTS = "doubt-foreign-results"


@dataclass(frozen=True)
class ForeignPhoto:
    """One foreign photo: what the model would answer, and how far it is from the training photos."""

    name: str
    answer: str
    probability: float
    distance: float
    thumbnail: bytes


Files = Sequence[tuple[str, Path | Any]]
"""Names with the file on the server, or the upload."""


def choose(run: RunFolder, fitted: Foreign) -> list[ForeignPhoto]:
    """Draw the choice of foreign photos and the button that measures them; return them once they are measured."""
    st.markdown("**Try it on photos that belong to none of your classes**")
    others = {one.id: one.name for one in frame.store().projects() if one.id != run.status().project_id}
    sources = [SAMPLES, *([PROJECT] if others else []), UPLOAD]
    source = st.segmented_control(
        "Foreign photos",
        sources,
        default=sources[0],
        required=True,
        label_visibility="collapsed",
        key="doubt-foreign-source",
    )
    files: Files
    if source == UPLOAD:
        uploads = st.file_uploader("Photos", type=SUFFIXES, accept_multiple_files=True, key="doubt-foreign-files")
        files, said = [(one.name, one) for one in uploads or []], " ".join(one.file_id for one in uploads or [])
    elif source == PROJECT:
        names = unique_options((name, number) for number, name in others.items())
        chosen = names[st.selectbox("Project", list(names), key="doubt-foreign-project", width=320)]
        files, said = _of_project(chosen), f"project {chosen}"
    else:
        files = [(path.name, path) for path in sample_photos()]
        said = "samples"
        st.caption("Check whether one of them shows one of your classes. If so, it is not foreign.")
    if not files:
        st.caption("No photos yet." if source == UPLOAD else "This project has no photos.")
        return []
    return _measured(run, fitted, files, f"{run.path} {fitted.sha256} {source} {said} {len(files)}")


def _of_project(project_id: int) -> Files:
    """Return some photos of another project, always the same."""
    rows = frame.store().images(project_id)
    some = np.random.default_rng(0).permutation(len(rows))[:MOST_PHOTOS]
    return [(rows[at].filename, frame.store().image_path(rows[at].hash)) for at in sorted(some)]


def _measured(run: RunFolder, fitted: Foreign, files: Files, key: str) -> list[ForeignPhoto]:
    """Draw the button, or the progress; return the photos once they are measured."""
    results: dict[str, list[ForeignPhoto]] = st.session_state.setdefault(_RESULTS, {})
    computation = Computation("doubt-foreign", f"foreign {key}")
    if computation.started:
        found = computation.result(lambda: _request(run, files), unit="photo")
        if len(results) >= 8:
            results.pop(next(iter(results)))
        results[key] = _photos(found)
        st.rerun()
    if key not in results:
        st.button(
            f"Measure {counted(len(files), 'photo')}",
            icon=":material/straighten:",
            key="doubt-foreign-start",
            on_click=computation.start,
        )
        return []
    return results[key]


def _photos(found: Sequence[Any]) -> list[ForeignPhoto]:
    """Return the photos that could be read; say which could not."""
    photos, refused = [], []
    for one in read_answers(found):
        if one.prediction is None:
            refused.append(f"{one.name} ({one.refused})")
        elif one.prediction.foreign is not None:
            answer = one.prediction
            photos.append(ForeignPhoto(one.name, answer.name, answer.probability, answer.foreign or 0.0, one.thumbnail))
    if refused:
        frame.notify(plain(f"{counted(len(refused), 'photo')} could not be read: {'; '.join(refused[:5])}"))
    return photos


def _request(run: RunFolder, files: Files) -> Request:
    def write(folder: Path) -> None:
        for place, (_, source) in enumerate(files):
            _copy(source, folder / str(place))

    arguments = {"workspace": str(frame.workspace().root), "model": run.id, "names": _names(files)}
    return request_with_files("predict", arguments, write)


def _names(files: Files) -> list[str]:
    """Return file names that are all different, each with the suffix of a picture: others are not read as one."""
    names = []
    for place, (name, source) in enumerate(files, 1):
        path = Path(Path(name).name)
        known = path.suffix.lower() in IMAGE_SUFFIXES
        suffix = path.suffix if known else source.suffix if isinstance(source, Path) else ".png"
        names.append(f"{place:03d} {path.stem}{suffix}")
    return names


def _copy(source: Any, target: Path) -> None:
    if isinstance(source, Path):
        shutil.copyfile(source, target)
        return
    source.seek(0)
    with target.open("wb") as copy:
        shutil.copyfileobj(source, copy)


def wall_of(photos: Sequence[ForeignPhoto], limit: float) -> None:
    """Draw the foreign photos, those that the limit does not find first."""
    missed = sum(one.distance <= limit for one in photos)
    st.markdown(
        f"**{counted(missed, 'foreign photo')} of {len(photos)} within the limit**, nearest first. "
        "The model would answer them as if they belonged to a class."
        if missed
        else f"**All {len(photos)} foreign photos are beyond the limit**, nearest first."
    )
    shown = sorted(photos, key=lambda one: one.distance)[:ON_WALL]
    cards = [
        WallPhoto(
            str(place),
            one.thumbnail,
            "unsure" if one.distance > limit else f"{one.answer} {percent(one.probability)}",
            f"distance {one.distance:.2f}",
            muted=one.distance > limit,
            name=one.name,
        )
        for place, one in enumerate(shown)
    ]
    wall(cards, key="doubt-foreign-wall", label="Foreign photos", side=100)
