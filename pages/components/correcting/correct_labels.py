"""Correction of labels in place, of one photo or of several: each correction is one change that can be undone."""

from collections.abc import Mapping, Sequence

import streamlit as st

from core.data.store.store import ImageRow, Project
from core.runs.correcting import train_again
from core.runs.folder import RunFolder
from pages.components.shared import frame
from pages.components.shared.photo_wall import choose, clear
from pages.components.shared.undo_line import offer_undo
from pages.components.shared.wording import counted, plain

SEVERAL = "Select several"


def project_of(run: RunFolder) -> Project | None:
    """Return the project whose labels a run was trained on; None if it has none here, so that none can be corrected."""
    return train_again.project_of(frame.store(), run)


def present_photos(project: Project | None, hashes: Sequence[str]) -> dict[str, ImageRow]:
    """Return those of the photos, by content hash, that are still in the project."""
    if project is None:
        return {}
    found = ((image, frame.store().find_image(project.id, image)) for image in hashes)
    return {image: row for image, row in found if row is not None}


def several_switch(key: str) -> bool:
    """Draw the switch between looking at one photo and selecting several."""
    return st.toggle(
        SEVERAL,
        key=f"{key}-several",
        help="Select photos with the same mistake, and correct their labels together. Shift selects a range.",
    )


def selection_actions(
    project: Project, ids: Mapping[str, int], chosen: Sequence[str], *, wall_key: str, key: str, kind: str = "label"
) -> None:
    """Draw what can be done with the photos selected on a wall; ``ids`` are the image numbers by their id there.

    ``kind`` is the kind of change: "label", or "adjudicated" where annotators disagree.
    """
    with st.container(horizontal=True, vertical_alignment="center", key=f"{key}-selection"):
        if not chosen:
            st.markdown("Select photos to correct their labels.", width="stretch")
            st.button(
                "Select this page",
                icon=":material/select_all:",
                key=f"{key}-select-all",
                disabled=not ids,
                on_click=choose,
                args=(wall_key, [*ids]),
            )
            return
        st.markdown(f"**{len(chosen)} selected**", width="content")
        st.selectbox(
            "Label for the selected photos",
            [one.name for one in frame.store().classes(project.id)],
            index=None,
            placeholder="Correct label",
            key=f"{key}-selection-label",
            label_visibility="collapsed",
            width=200,
        )
        st.button(
            f"Correct {counted(len(chosen), 'label')}",
            type="primary",
            key=f"{key}-correct-selected",
            disabled=st.session_state.get(f"{key}-selection-label") is None,
            on_click=_correct_selected,
            args=(project, dict(ids), wall_key, f"{key}-selection-label", kind),
        )
        st.button("Clear selection", type="tertiary", key=f"{key}-clear", on_click=clear, args=(wall_key,))


def label_field(project: Project, photo: ImageRow, key: str) -> str | None:
    """Draw the choice of a photo's label and return the chosen one."""
    names = [one.name for one in frame.store().classes(project.id)]
    current = names.index(photo.label) if photo.label in names else None
    return st.selectbox("Label", names, index=current, placeholder="no label", key=f"{key}-label-{photo.id}")


def correct_button(project: Project, photo: ImageRow, label: str | None, key: str) -> None:
    """Draw the button that gives a photo the chosen label; it is off while that is the photo's label already."""
    changed = label is not None and label != photo.label
    st.button(
        "Correct the label",
        type="primary" if changed else "secondary",
        disabled=not changed,
        key=f"{key}-correct",
        on_click=_correct,
        args=(project, [photo.id], label, "label"),
    )


@frame.action
def _correct_selected(project: Project, ids: dict[str, int], wall_key: str, field: str, kind: str) -> None:
    label = st.session_state.get(field)
    # From the session: a button keeps the arguments of its last run, and a click may have come in between.
    chosen = [ids[one] for one in (st.session_state.get(wall_key) or {}).get("chosen") or () if one in ids]
    if chosen and label is not None:
        _correct(project, chosen, label, kind)
        clear(wall_key)


@frame.action
def _correct(project: Project, image_ids: list[int], label: str, kind: str) -> None:
    change = frame.store().annotate(project.id, image_ids, label, frame.who(), kind=kind)
    words = f"{counted(len(image_ids), 'label')} corrected to {plain(label)}."
    offer_undo(project, change, words)
    frame.notify(f"{words} Train again to use {'it' if len(image_ids) == 1 else 'them'}.")
