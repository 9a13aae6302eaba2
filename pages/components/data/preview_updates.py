"""Preview of label updates: what an upload would change for photos of the project, old and new side by side."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from core.data.importing.plan_import import ImportPlan
from core.data.importing.updates.known_boxes import settle_known_boxes
from core.data.importing.updates.known_photos import KnownPhotos, find_known
from core.data.importing.updates.label_updates import LabelUpdates, PhotoUpdate, find_updates
from core.data.importing.updates.update_words import before_and_after, summary_of
from core.data.pictures.box import Box
from core.data.pictures.box_drawing import jpeg_with_boxes
from core.data.store.records import BoxRow
from core.data.store.store import Project
from core.errors import ImageRefused
from pages.components.shared import frame
from pages.components.shared.photo_wall import data_uri
from pages.components.shared.wording import plain, unique_options

KNOWN = "add-known"
ROWS_PER_PAGE = 50
ROWS_IN_FULL = 8
BOXES_DRAWN = 3
EVERY = "all changes"


@dataclass
class _Prepared:
    """The comparison of one plan with one project."""

    plan: ImportPlan
    project_id: int
    known: KnownPhotos
    settled: ImportPlan  # with the questions about the boxes of known photos
    revision: int = -1  # of the project, when ``updates`` were found
    updates: LabelUpdates | None = None


def updates_of(plan: ImportPlan, project: Project, answers: Mapping[str, str]) -> tuple[ImportPlan, LabelUpdates]:
    """Return what the plan would change in the project as it is now. The files are compared once.

    The plan that is returned has also the questions about the boxes of photos in the project.
    """
    store = frame.store()
    prepared: _Prepared | None = st.session_state.get(KNOWN)
    if prepared is None or prepared.plan is not plan or prepared.project_id != project.id:
        bar = st.empty()

        def show(done: int, total: int) -> None:
            if done == total or done % 20 == 0:
                bar.progress(done / total, f"Comparing with the photos of the project: {done:,} of {total:,}")

        known = find_known(plan, store, project.id, show)
        settled = settle_known_boxes(plan, known, store, project.id, answers)
        prepared = _Prepared(plan, project.id, known, settled)
        st.session_state[KNOWN] = prepared
        bar.empty()
    revision = store.revision(project.id)
    if prepared.updates is None or prepared.revision != revision:
        prepared.revision, prepared.updates = (
            revision,
            find_updates(prepared.settled, prepared.known, store, project.id),
        )
    return prepared.settled, prepared.updates


def show_updates(updates: LabelUpdates) -> None:
    """Draw the counts and a table of the changes: photo, now, after, file."""
    phrases = summary_of(updates)
    if not phrases:
        return
    first, *others = [plain(phrase) for phrase in phrases]
    st.markdown("  \n".join([f"**{first}.**", *(f"{phrase[0].upper()}{phrase[1:]}." for phrase in others)]))
    if not updates.changes:
        return
    chosen = _filtered(updates.changes)
    pages = -(-len(chosen) // ROWS_PER_PAGE)
    turn = st.session_state.get("updates-filter", EVERY)
    page = min(st.session_state.get(f"updates-page-{turn}", 1), pages)
    rows = chosen[(page - 1) * ROWS_PER_PAGE : page * ROWS_PER_PAGE]
    st.dataframe(
        _table(rows),
        hide_index=True,
        row_height=56,
        height="content" if len(rows) <= ROWS_IN_FULL else 56 * ROWS_IN_FULL,
        column_config={
            "Photo": st.column_config.ImageColumn(width=64),  # with the next two, as wide as a phone
            "Now": st.column_config.TextColumn(width=110),
            "After": st.column_config.TextColumn(width=110),
        },
    )
    if pages > 1:
        st.pagination(pages, key=f"updates-page-{turn}")
    _draw_boxes([one for one in rows if one.boxes is not None][:BOXES_DRAWN])


def _filtered(changes: tuple[PhotoUpdate, ...]) -> list[PhotoUpdate]:
    """Let the person choose one kind of change, if there are several, and return the changes of that kind."""
    kinds = Counter(_kind(one) for one in changes)
    if len(kinds) < 2 or len(changes) <= ROWS_IN_FULL:
        return list(changes)
    options = unique_options(
        [
            (f"All {len(changes):,} changes", EVERY),
            *((f"{kind}: {count:,}", kind) for kind, count in kinds.most_common()),
        ]
    )
    named = st.selectbox("Show", list(options), key="updates-filter", width=320)
    return [one for one in changes if options[named] in (EVERY, _kind(one))]


def _kind(update: PhotoUpdate) -> str:
    """Return the change in words, without numbers of boxes."""
    if all(one is None for one in (update.label, update.split, update.group, update.tags)):
        return "boxes"
    return " → ".join(before_and_after(update))


def _table(updates: list[PhotoUpdate]) -> pd.DataFrame:
    rows = []
    for one in updates:
        before, after = before_and_after(one)
        picture = data_uri(frame.store().thumbnail_path(one.image.hash))
        rows.append((picture, before, after, one.image.filename))
    return pd.DataFrame(rows, columns=["Photo", "Now", "After", "File"])


def _draw_boxes(updates: list[PhotoUpdate]) -> None:
    """Draw a few photos whose boxes change: as they are now, and as they would be."""
    for one in updates:
        path = frame.store().image_path(one.image.hash)
        with st.container(horizontal=True):
            for words, boxes in (("now", one.boxes_before), ("after", one.boxes or ())):
                try:
                    picture = jpeg_with_boxes(path.read_bytes(), one.image.filename, [_drawn(box) for box in boxes])
                except (ImageRefused, OSError):  # the picture's file is damaged or gone; the table still says it all
                    continue
                with st.container(width=260):
                    st.image(picture, width="stretch", alt=f"{one.image.filename} with its boxes {words}")
                    st.caption(f"{plain(one.image.filename)}, {words}")


def _drawn(box: BoxRow) -> tuple[str, Box]:
    return box.label, Box(box.x, box.y, box.width, box.height)
