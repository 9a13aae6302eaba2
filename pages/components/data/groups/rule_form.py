"""Make groups by a rule on file names, or from tags, with a live preview of what it finds."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.data.grouping.group_remarks import ALONE, few_groups_remarks
from core.data.grouping.name_rules import (
    EXAMPLE_PATTERN,
    EXAMPLES,
    LONGEST_PATTERN,
    PATTERN,
    PATTERN_HELP,
    RULES,
    RuleGroups,
    groups_by_name,
    groups_of,
)
from core.data.store.grouping.group_state import GroupState
from core.data.store.store import ImageLabel, Project
from core.errors import DataError
from pages.components.shared import frame
from pages.components.shared.photo_wall import WallPhoto, wall
from pages.components.shared.undo_line import offer_undo
from pages.components.shared.wording import counted, plain

TAGS = "tags"
GROUPS_SHOWN, PHOTOS_EACH, NAMES_SHOWN = 4, 3, 5
CARD_PIXELS = 130


def rule_form(project: Project, state: GroupState) -> None:
    """Draw the rule, its preview and the button that uses it."""
    st.header("Make groups from file names" if not state.groups else "Make other groups", anchor=False)
    tags = list(frame.store().tags(project.id))
    rules = [*RULES, *([TAGS] if tags else [])]
    rule = st.selectbox("The group is", rules, format_func=_words_of, key="group-rule", width=420)
    pattern = ""
    chosen: list[str] = []
    if rule == PATTERN:
        pattern = st.text_input(
            "Pattern",
            EXAMPLE_PATTERN,
            max_chars=LONGEST_PATTERN,
            key="group-pattern",
            help=PATTERN_HELP,
            width=420,
        )
        st.caption(PATTERN_HELP)
    elif rule == TAGS:
        chosen = st.multiselect("Tags", tags, tags, key="group-tags", width=420)
        st.caption("A photo with exactly one of these tags is put into the group of that name.")
    try:
        root, revision = str(frame.workspace().root), frame.store().revision(project.id)
        found = _found(root, project.id, revision, rule, pattern, tuple(chosen))
    except DataError as error:
        st.warning(plain(str(error)), icon=":material/pattern:")
        return
    _preview(project, found)


def _words_of(rule: str) -> str:
    if rule == TAGS:
        return "a tag of the photo"
    if rule == PATTERN:
        return RULES[rule]
    name, group = EXAMPLES[rule]
    return f"{RULES[rule]}: {name} is in {group}"


@st.cache_data(show_spinner=False, max_entries=16)
def _found(root: str, project_id: int, revision: int, rule: str, pattern: str, tags: tuple[str, ...]) -> RuleGroups:
    """Return the groups of the rule; computed again only if the project or the rule has changed."""
    if rule != TAGS:
        return groups_by_name(rule, frame.store().filenames(project_id).items(), pattern)
    of_photo = {number: set(some).intersection(tags) for number, some in frame.store().tags_of(project_id).items()}
    alone = {number: min(some) for number, some in of_photo.items() if len(some) == 1}
    return groups_of((number, alone.get(number)) for number in frame.store().filenames(project_id))


def _preview(project: Project, found: RuleGroups) -> None:
    store = frame.store()
    names, rows = store.filenames(project.id), {row.id: row for row in store.image_labels(project.id)}
    matched = len(names) - len(found.unmatched)
    if not found.groups:
        st.markdown("**No photo matches this rule.** Choose another one.")
    else:
        sizes = [len(photos) for photos in found.groups.values()]
        each = f"{max(sizes):,}" if min(sizes) == max(sizes) else f"{min(sizes):,} to {max(sizes):,}"
        in_each = f", {each} in each" if len(sizes) > 1 else ""
        st.markdown(f"**{counted(len(sizes), 'group')}** of {counted(matched, 'photo')}{in_each}.")
        for remark in _remarks(found, list(rows.values())):
            st.warning(plain(remark), icon=":material/warning:")
        for place, (name, photos) in enumerate(list(found.groups.items())[:GROUPS_SHOWN]):
            st.markdown(f"{plain(name)}: {counted(len(photos), 'photo')}")
            _photos(photos[:PHOTOS_EACH], names, rows, f"group-preview-{place}", f"Photos of the group {name}")
        if len(found.groups) > GROUPS_SHOWN:
            table = pd.DataFrame(list(zip(found.groups, sizes, strict=True)), columns=["Group", "Photos"])
            with st.expander(f"All {len(sizes):,} groups"):
                st.dataframe(table, hide_index=True, height="content" if len(table) < 10 else 350)
    if found.unmatched:
        shown = ", ".join(plain(names[number]) for number in found.unmatched[:NAMES_SHOWN])
        more = ", ..." if len(found.unmatched) > NAMES_SHOWN else ""
        does = "does not match and keeps its" if len(found.unmatched) == 1 else "do not match and keep their"
        st.markdown(f"{counted(len(found.unmatched), 'photo')} {does} group, if any: {shown}{more}")
        _photos(found.unmatched[:PHOTOS_EACH], names, rows, "group-preview-rest", "Photos that do not match")
    if found.groups:
        st.button(
            f"Put {counted(matched, 'photo')} into {counted(len(found.groups), 'group')}",
            type="primary" if len(found.groups) > 1 else "secondary",
            icon=":material/group_work:",
            key="group-apply",
            on_click=_apply,
            args=(project, found),
        )


def _remarks(found: RuleGroups, rows: Sequence[ImageLabel]) -> list[str]:
    """Return what these groups would not allow."""
    group_of = found.group_of
    if len(found.groups) > 1 and len(found.groups) == len(group_of):
        return ["Every photo would be a group of its own, which changes nothing. Choose another rule."]
    labelled = [(row.label, group_of.get(row.id, f"{ALONE}{row.id}")) for row in rows if row.label is not None]
    return few_groups_remarks(labelled)


def _photos(numbers: Sequence[int], names: dict[int, str], rows: dict[int, ImageLabel], key: str, label: str) -> None:
    photos = [
        WallPhoto(
            str(number),
            frame.store().thumbnail_path(rows[number].hash),
            rows[number].label or "no label",
            names[number].rsplit("/", 1)[-1],
            muted=rows[number].label is None,
        )
        for number in numbers
        if number in rows
    ]
    if photos:
        with st.container(width=len(photos) * CARD_PIXELS):
            wall(photos, key=key, label=label, side=104, one_row=True)


@frame.action
def _apply(project: Project, found: RuleGroups) -> None:
    change = frame.store().set_groups(project.id, {**found.group_of}, frame.who())
    if change:
        put = f"{counted(len(found.group_of), 'photo')} put into {counted(len(found.groups), 'group')}."
        offer_undo(project, change, put)
    else:
        frame.notify("The photos are in these groups already.")
