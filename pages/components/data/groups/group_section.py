"""The section Groups: which photos belong together, and whether a group is in several splits."""

import pandas as pd
import streamlit as st

from core.data.grouping.group_remarks import sides_remark
from core.data.store.grouping.group_state import GroupState
from core.data.store.store import Project
from pages.components.data.groups.rule_form import rule_form
from pages.components.data.splits import PARTS
from pages.components.shared import frame
from pages.components.shared.undo_line import offer_undo, undo_line
from pages.components.shared.wording import counted, plain

ROWS_IN_FULL = 10
NOT_COMPARABLE = (
    "Train again afterwards: earlier runs keep their own split, and may have trained on the new test photos."
)


@frame.fragment()
def groups(project: Project) -> None:
    """Draw the section; a click reruns only this fragment."""
    st.markdown(
        "Photos of one person, camera or day look alike. If some of them are for training and others for testing, the "
        "model is tested on people that it already knows, and its accuracy is too high. So photos of one **group** "
        "are always in the same split."
    )
    with st.container(key="data-actions"):
        undo_line(project)
    state = frame.store().group_state(project.id)
    if not state.photos:
        frame.empty_state("No photos yet", "Add photos first. Then you can put them into groups here.")
        return
    if state.groups:
        _present_groups(project, state)
    else:
        st.info(
            "This project has no groups yet. Make them from the file names below, or import a `labels.csv` with a "
            "column `group`. Or select photos under **Photos** and set their group.",
            icon=":material/group_work:",
        )
    rule_form(project, state)


def _present_groups(project: Project, state: GroupState) -> None:
    sizes = list(state.groups.values())
    facts = [counted(len(sizes), "group"), _photos_each(min(sizes), max(sizes))]
    if state.without:
        facts.append(f"{counted(state.without, 'photo')} in no group")
    st.header("Groups", anchor=False)
    st.markdown(f"**{facts[0]}**: {', '.join(facts[1:])}.")
    if state.sides:
        st.warning(plain(sides_remark(state.sides)), icon=":material/call_split:")
    else:
        st.markdown(":green[:material/check_circle:] No group is in several splits.")
    for remark in state.remarks:
        st.info(plain(remark), icon=":material/info:")
    table = _table(state)
    st.dataframe(table, hide_index=True, height="content" if len(table) <= ROWS_IN_FULL else 390, key="group-sizes")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Split again by group",
            type="primary" if state.sides else "secondary",
            icon=":material/call_split:",
            on_click=_split_again,
            args=(project,),
            help="Divides the labelled photos of all groups again, each group as a whole. Photos in no group keep "
            "their split. You can undo this in one step.",
        )
        st.button("Remove all groups", type="tertiary", on_click=_remove_all, args=(project,))
    if state.sides:
        st.caption(f"Existing splits stay until you press **Split again by group**. {NOT_COMPARABLE}")


def _photos_each(least: int, most: int) -> str:
    return f"{counted(most, 'photo')} each" if least == most else f"between {least:,} and {most:,} photos each"


def _table(state: GroupState) -> pd.DataFrame:
    """Return a row for each group, those in several splits first."""
    order = sorted(state.groups, key=lambda name: name not in state.sides)
    parts = [part for part in PARTS if any(state.splits[name].get(part) for name in order)]
    rows = [
        {
            "Group": name,
            "Photos": state.groups[name],
            **{PARTS[part]: state.splits[name].get(part, 0) for part in parts},
            "Splits": "several" if name in state.sides else "one",
        }
        for name in order
    ]
    return pd.DataFrame(rows)


@frame.action
def _split_again(project: Project) -> None:
    change = frame.store().split_by_group(project.id, frame.who())
    if change:
        moved = len(frame.store().changed_images(project.id, change))
        offer_undo(project, change, f"Split again by group: {counted(moved, 'photo')} moved.")
    else:
        frame.notify("Every group already has its split. Nothing moved.")


@frame.action
def _remove_all(project: Project) -> None:
    grouped = [row.id for row in frame.store().images(project.id) if row.group is not None]
    change = frame.store().set_groups(project.id, dict.fromkeys(grouped), frame.who())
    if change:
        offer_undo(project, change, f"{counted(len(grouped), 'photo')} taken out of their groups.")
