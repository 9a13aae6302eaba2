"""Take photos with the camera: bursts straight into a class, each of them one group for the split."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from core.data.importing.sources.camera_burst import MOST_FRAMES, Burst
from core.data.store.store import Project
from core.errors import DataError
from pages.components.annotate.suggest_state import start_features
from pages.components.camera.camera_component import camera_component
from pages.components.camera.collection import SOME, Collection
from pages.components.camera.learning import Look, can_learn, learn, look_at
from pages.components.camera.phones import join_with_a_phone
from pages.components.quota.quota_line import show_photos_used
from pages.components.shared import frame
from pages.components.shared.class_keys import class_keys
from pages.components.shared.photo_wall import data_uri
from pages.components.shared.undo_line import undo_button, undo_newest
from pages.components.shared.wording import counted

HERE = Path(__file__).resolve().parent
KEY, STATE, LOOK = "camera-bursts", "camera-collection", "camera-look"
THUMBNAILS = 8
WHY = (
    "The frames of one burst are nearly the same picture, so they stay on one side of the split: a model that has seen "
    "one of them in training already knows the others. For an honest validation, take at least three bursts of each "
    "class, and change the place, the light and the pose between them."
)
# Streamlit pales what is being redrawn, which would flicker at each part of a burst.
STYLE = "<style>.st-key-camera-box [data-stale] { opacity: 1 !important; transition: none !important; }</style>"


@frame.fragment()
def collect(
    project: Project,
    changed: Callable[[int], None] = lambda project_id: None,
    above: Callable[[], None] = lambda: None,
) -> None:
    """Draw the panel; each part of a burst reruns only this fragment. ``changed`` is called when photos came or went.

    ``above`` draws what stands above the panel and changes with its photos. The project has classes, and it is no
    project with boxes.
    """
    with st.container():  # one place, whatever is drawn: a component that moves is another one, without its camera
        above()
    learns = can_learn() and st.toggle(
        "Train while I collect",
        key="camera-learn",
        help="The last layer (the head) of the pretrained network is trained again as photos come in, and answers what "
        "the camera sees. The suggestions use it too. The Train page makes a model of its own.",
    )
    if learns:
        start_features(project)  # of the photos from before
    component = camera_component(HERE / "bursts.js", "bursts")
    mine = collection_of(project)
    look: Look = st.session_state.get(LOOK, Look())
    classes = frame.store().classes(project.id)
    keys = class_keys([one.name for one in classes])
    told: dict[str, Any] = {
        "token": mine.token,
        "taken": mine.taken,
        "most": MOST_FRAMES,
        "classes": [{"name": one.name, "key": key, "count": one.count} for one, key in zip(classes, keys, strict=True)],
        "last": _last(project, mine),
        "look": {"number": look.number, "bars": look.bars, "words": look.words} if learns else None,
    }
    show_photos_used()
    with st.container(key="camera-box"):
        st.html(STYLE)
        component(
            key=KEY,
            data=told,
            on_frames_change=lambda: _take(project, changed, learns=learns),
            on_look_change=lambda: _look(project),
            on_remove_change=lambda: _remove(project, changed),
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        undo_button(project.id, lambda: _undo(project, changed), key="camera-undo", kind="tertiary")
        join_with_a_phone(project)
        st.caption("Undo takes a whole burst out of the project again.", width="content")
    st.caption(WHY)


def collection_of(project: Project) -> Collection:
    """Return what this tab has taken in this project."""
    mine: Collection | None = st.session_state.get(STATE)
    if mine is None or mine.project_id != project.id:
        mine = st.session_state[STATE] = Collection(project.id)
        st.session_state.pop(LOOK, None)
    return mine


@frame.action
def _take(project: Project, changed: Callable[[int], None], *, learns: bool) -> None:
    raw = (st.session_state.get(KEY) or {}).get("frames")
    new = collection_of(project).take(raw, frame.store(), frame.who())
    if new:
        changed(project.id)
        if learns:
            learn(project, new)


@frame.action
def _look(project: Project) -> None:
    raw = (st.session_state.get(KEY) or {}).get("look")
    st.session_state[LOOK] = look_at(project, raw, collection_of(project).token, st.session_state.get(LOOK, Look()))


@frame.action
def _remove(project: Project, changed: Callable[[int], None]) -> None:
    raw = (st.session_state.get(KEY) or {}).get("remove")
    if collection_of(project).remove(raw, frame.store(), frame.who()):
        changed(project.id)


@frame.action
def _undo(project: Project, changed: Callable[[int], None]) -> None:
    if undo_newest(project.id):
        changed(project.id)


def _last(project: Project, mine: Collection) -> dict[str, Any] | None:
    """Return what the panel shows of the last burst: those of its photos that are still in the project."""
    burst = mine.bursts.get(mine.last or "")
    if burst is None:
        return None
    rows = []
    for number in burst.ids[-THUMBNAILS:]:
        try:
            rows.append(frame.store().image(project.id, number))
        except DataError:  # removed in the meantime
            continue
    thumbs = [data_uri(frame.store().thumbnail_path(row.hash)) for row in rows]
    count = len(burst.ids) if rows else 0
    return {"burst": mine.last, "count": count, "some": SOME, "thumbs": thumbs, "text": _text(burst, count)}


def _text(burst: Burst, count: int) -> str:
    """Return what was stored, as plain text."""
    words = f"Last burst: {counted(count, 'photo')} of {burst.label}."
    if burst.known:
        words += f" {counted(burst.known, 'frame')} left out: the project has exactly the same already."
    if burst.refused:
        words += f" {counted(burst.refused, 'frame')} could not be read."
    if len(burst.ids) >= MOST_FRAMES:
        words += f" A burst has at most {MOST_FRAMES} frames: begin another one."
    return words
