"""Edit the classes of a project: add, rename, merge, remove, reorder; each shows how many labels it changes."""

import streamlit as st

from core.data.store.store import ClassInfo, Project
from core.inspection.suggesting.similar_classes import REVIEW_KIND, LikelyTypo
from pages.components.annotate.class_typos import open_typos, question
from pages.components.annotate.suggest_state import refit
from pages.components.shared import frame
from pages.components.shared.class_keys import BOX_LETTERS, class_keys
from pages.components.shared.dialogs import closing_button
from pages.components.shared.undo_line import newest_of_tab, undo_newest
from pages.components.shared.wording import counted, plain, split_names

TYPOS_SHOWN = 5
RENAME, MERGE, REMOVE, UP, DOWN = "Rename", "Merge into another", "Remove", "Move up", "Move down"


def class_panel(project: Project) -> None:
    """Draw the section."""
    classes = frame.store().classes(project.id)
    st.markdown(
        "The model predicts one of these classes. Their order sets their keys, but a class whose name is a single "
        "digit or letter gets that key. No change here loses a label, and you can undo every change."
    )
    last_change(project)
    _typos(project, classes)
    with st.container(border=True, gap="xxsmall"):
        reserved = BOX_LETTERS if project.task == "localization" else ""
        for one, key in zip(classes, class_keys([one.name for one in classes], reserved=reserved), strict=True):
            _row(project, one, key, classes)
    add_classes(project)


def _typos(project: Project, classes: list[ClassInfo]) -> None:
    """Offer to merge classes whose names are probably the same word."""
    for one in open_typos(project, classes)[:TYPOS_SHOWN]:
        rare, common = one.rare, one.common
        with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"typo-{rare.id}"):
            st.markdown(f":material/spellcheck: {question(one)}", width="stretch")
            st.button(
                f"Merge into {plain(common.name)}",
                key=f"typo-merge-{rare.id}",
                on_click=_merge_now,
                args=(project, one),
            )
            st.button("Keep both", key=f"typo-keep-{rare.id}", type="tertiary", on_click=_keep, args=(project, one))


@frame.action
def _merge_now(project: Project, pair: LikelyTypo) -> None:
    frame.store().merge_classes(project.id, pair.rare.id, pair.common.id, frame.who())
    refit(project.id)


@frame.action
def _keep(project: Project, pair: LikelyTypo) -> None:
    frame.store().record_review(project.id, REVIEW_KIND, [pair.subject], frame.who())


def add_classes(project: Project) -> None:
    """Draw the form that adds one or more classes."""
    form = st.form("add-class", clear_on_submit=True, border=False)
    with form, st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input("New classes, separated by commas", placeholder="owl, duck, parrot", width=360)
        added = st.form_submit_button("Add", icon=":material/add:")
    if added and split_names(text):
        for name in split_names(text):
            frame.store().add_class(project.id, name, frame.who())
        st.rerun()


def _row(project: Project, one: ClassInfo, key: str | None, classes: list[ClassInfo]) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"class-{one.id}"):
        st.markdown(f":gray-badge[{key or 'no key'}]", width="content")
        st.markdown(f"**{plain(one.name)}** · {counted(one.count, 'label')}", width="stretch")
        options = [RENAME]
        if len(classes) > 1:
            options.append(MERGE)
        if one.position > 0:
            options.append(UP)
        if one.position < len(classes) - 1:
            options.append(DOWN)
        chosen = st.menu_button("Change", [*options, REMOVE], key=f"class-menu-{one.id}", type="tertiary")
    if chosen == RENAME:
        _rename(project, one)
    elif chosen == MERGE:
        _merge(project, one, [other for other in classes if other.id != one.id])
    elif chosen == REMOVE:
        _remove(project, one)
    elif chosen in (UP, DOWN):
        frame.store().move_class(project.id, one.id, one.position + (1 if chosen == DOWN else -1), frame.who())
        st.rerun()


@st.dialog("Rename the class")
def _rename(project: Project, one: ClassInfo) -> None:
    st.text_input("New name", value=one.name, max_chars=120, key="class-name")
    st.caption(f"{counted(one.count, 'label')} will get the new name.")
    closing_button(
        "Rename",
        lambda: frame.store().rename_class(project.id, one.id, st.session_state["class-name"], frame.who()),
        key="class-rename-now",
    )


@st.dialog("Merge into another class")
def _merge(project: Project, one: ClassInfo, others: list[ClassInfo]) -> None:
    target = st.selectbox("Into", others, format_func=lambda other: other.name, key="class-target")
    st.markdown(
        f"{counted(one.count, 'photo')} labelled **{plain(one.name)}** will become "
        f"**{plain(target.name)}**, and the class {plain(one.name)} is removed. You can undo this."
    )
    closing_button(
        "Merge",
        lambda: frame.store().merge_classes(project.id, one.id, st.session_state["class-target"].id, frame.who()),
        key="class-merge-now",
    )


@st.dialog("Remove the class?")
def _remove(project: Project, one: ClassInfo) -> None:
    st.markdown(
        f"The class **{plain(one.name)}** is removed, and {counted(one.count, 'photo')} will have no label. "
        "The photos stay. You can undo this."
    )
    closing_button(
        "Remove",
        lambda: frame.store().remove_class(project.id, one.id, frame.who()),
        key="class-remove-now",
    )


def last_change(project: Project) -> None:
    """Show this tab's newest change, with a button that undoes it."""
    newest = newest_of_tab(project.id)
    if newest is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"Your last change: {plain(newest.text)}", width="content")
        if st.button("Undo", key="undo-last", type="tertiary", icon=":material/undo:"):
            undo_newest(project.id)
            refit(project.id)
            st.rerun()
