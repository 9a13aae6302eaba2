"""Photos that are nearly the same, in groups: kept together in one split, removed but for one, or told apart."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.data.pictures.image_quality import QualityCache
from core.data.store.store import ImageRow, Project
from pages.components.data.check_progress import need_looks
from pages.components.shared import frame
from pages.components.shared.photos import WallPhoto, wall
from pages.components.shared.undo_line import offer, undo_line
from pages.components.shared.wording import counted, plain

if TYPE_CHECKING:
    from core.inspection.suggesting.vectors import Vectors

VERDICT = "different"
GROUPS_A_PAGE = 6
SHOWN_OF_A_GROUP = 24
CARD_PIXELS = 140
ALL, ACROSS, UNLIKE = "All groups", "In several splits", "With different labels"
Group = list[ImageRow]


def duplicates(project: Project) -> None:
    """The whole section."""
    st.markdown(
        "The same file brought twice is one photo here already. These are photos that look nearly the same: copies in "
        "another size, or frames of one burst. Where one is learned from and its twin is tested on, the result is "
        "better than it deserves to be; so twins belong in one split."
    )
    rows = frame.store().images(project.id)
    state = need_looks(project, [row.hash for row in rows])
    if state.done:
        _groups_of(project)


@frame.fragment()
def _groups_of(project: Project) -> None:
    with st.container(key="data-actions"):
        undo_line(project)
    rows = frame.store().images(project.id)
    kept = frame.store().kept(project.id, VERDICT)
    groups = [group for group in _found(project, rows) if _name(group) not in kept]
    if not groups:
        st.success("No photos that look nearly the same, as far as they have been compared.")
        _told_apart(project, len(kept))
        return
    across = [group for group in groups if _is_across(group)]
    unlike = [group for group in groups if _is_unlike(group)]
    _all_at_once(project, groups, across)
    named = {ALL: groups, ACROSS: across, UNLIKE: unlike}
    which = st.segmented_control(
        "Show",
        list(named),
        format_func=lambda name: f"{name} ({len(named[name]):,})",
        default=ACROSS if across else ALL,
        required=True,
        key="duplicates-which",
        label_visibility="collapsed",
    )
    chosen = named[which]
    if not chosen:
        st.info("None of the groups is like that.", icon=":material/filter_alt_off:")
    pages = max(1, -(-len(chosen) // GROUPS_A_PAGE))
    page = min(st.session_state.get("duplicates-page", 1), pages)
    for group in chosen[(page - 1) * GROUPS_A_PAGE : page * GROUPS_A_PAGE]:
        _card(project, group)
    if pages > 1:
        st.pagination(pages, key="duplicates-page")
    _told_apart(project, len(kept))


def _found(project: Project, rows: Sequence[ImageRow]) -> list[Group]:
    """The groups, those that hurt first: in several splits, with different labels, then the larger ones.

    In each the photo that is worth keeping comes first.
    """
    from core.inspection.suggesting.duplicates import best_copy_first

    looks = QualityCache(frame.workspace()).known([row.hash for row in rows])
    known = [row for row in rows if row.hash in looks]
    hashes = tuple(row.hash for row in known)
    groups = [[known[place] for place in group] for group in _alike(hashes, _seen(hashes))]
    groups = [best_copy_first(group, looks, boxed=_boxed(project)) for group in groups]
    return sorted(groups, key=lambda group: (not _is_across(group), not _is_unlike(group), -len(group)))


@st.cache_data(show_spinner="Comparing the photos", max_entries=4)
def _alike(hashes: tuple[str, ...], seen: int) -> list[list[int]]:
    """``seen`` is how many of the photos have a vector: more of them is another question."""
    from core.inspection.suggesting.duplicates import duplicate_groups

    looks = QualityCache(frame.workspace()).known(hashes)
    vectors = None
    if seen:
        found, some = _vectors().known(hashes)
        place = {one: number for number, one in enumerate(hashes)}
        vectors = np.full((len(hashes), some.shape[1]), np.nan, np.float32)
        vectors[[place[one] for one in found]] = some
    return duplicate_groups([looks[one].phash for one in hashes], vectors)


def _seen(hashes: tuple[str, ...]) -> int:
    from core.inspection.suggesting.vectors import default_network

    return len(hashes) - len(_vectors().missing(hashes)) if default_network(frame.workspace()) else 0


def _vectors() -> "Vectors":
    from core.inspection.suggesting.vector_job import vectors_of
    from core.inspection.suggesting.vectors import default_network

    return vectors_of(frame.workspace(), default_network(frame.workspace()) or "")


def _all_at_once(project: Project, groups: list[Group], across: list[Group]) -> None:
    agreeing = [group for group in groups if not _is_unlike(group)]
    copies = sum(len(group) - 1 for group in agreeing)
    apart = [group for group in groups if len(_splits(group)) > 1]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{counted(len(groups), 'group')}**, {counted(len(across), 'of them', 'of them')} in several splits"
        )
        if apart:
            st.button(
                "Keep each group in one split",
                type="primary",
                on_click=_together,
                args=(project, apart),
                help="A group with a test photo goes to test as a whole, else one with a validation photo to "
                "validation: what was tested on stays what is tested on. One change that can be undone.",
            )
        if copies:
            st.button(
                f"Remove {counted(copies, 'copy', 'copies')}",
                icon=":material/delete:",
                on_click=_remove,
                args=(project, [(group[0], group[1:]) for group in agreeing]),
                help=f"Of each group one photo stays: {_which_stays(project)}. One change that can be undone.",
            )
    left = len(groups) - len(agreeing)
    if left:
        st.caption(
            f"{counted(left, 'group')} with different labels {'is' if left == 1 else 'are'} left for you to decide."
        )


def _card(project: Project, group: Group) -> None:
    name = _name(group)
    with st.container(border=True, gap="xsmall", key=f"group-{name[:12]}"):
        labels = [plain(label) if label else "no label" for label in _labels(group)]
        where = [split or "not yet split" for split in _splits(group)]
        st.markdown(f"**{counted(len(group), 'photo')}** · {' and '.join(labels)} · {' and '.join(where)}")
        shown = group[:SHOWN_OF_A_GROUP]
        photos = [
            WallPhoto(
                str(row.id),
                frame.store().thumbnail_path(row.hash),
                row.label or "no label",
                f"{row.split or 'not yet split'} · {row.filename.rsplit('/', 1)[-1]}",
                faint=row.label is None,
            )
            for row in shown
        ]
        with st.container(width=len(photos) * CARD_PIXELS):
            wall(photos, key=f"group-wall-{name[:12]}", label="Photos that are nearly the same", side=112, one_row=True)
        if len(group) > len(shown):
            st.caption(f"and {len(group) - len(shown):,} more")
        with st.container(horizontal=True, gap="xsmall"):
            if len(_splits(group)) > 1:
                st.button("Keep in one split", key=f"one-{name}", on_click=_together, args=(project, [group]))
            for words, stays, goes in _ways_to_remove(group):
                st.button(
                    words,
                    key=f"rest-{stays.id}-{name}",
                    on_click=_remove,
                    args=(project, [(stays, goes)]),
                    help=f"It stays: {stays.filename.rsplit('/', 1)[-1]}, {stays.width} × {stays.height}",
                )
            st.button("They are different", key=f"apart-{name}", on_click=_apart, args=(project, name), type="tertiary")


def _told_apart(project: Project, kept: int) -> None:
    if kept:
        st.button(
            f"Show {counted(kept, 'group')} that somebody told apart",
            type="tertiary",
            on_click=_ask_again,
            args=(project,),
        )


def _splits(group: Group) -> list[str | None]:
    return list(dict.fromkeys(row.split for row in group))


def _boxed(project: Project) -> bool:
    return project.task == "localization"


def _which_stays(project: Project) -> str:
    if _boxed(project):
        return "one with a box, then the largest, then a sharp one"
    return "the largest, then a sharp one. A label that only a copy has goes over to it"


def _ways_to_remove(group: Group) -> list[tuple[str, ImageRow, Group]]:
    """The buttons that leave one photo: its words, which one stays, which go. Where labels differ, one for each."""
    if not _is_unlike(group):
        return [("Remove all but one", group[0], group[1:])]
    best = {row.label: row for row in reversed(group) if row.label is not None}
    return [
        (f"Keep {plain(label)}, remove the rest", best[label], [row for row in group if row.id != best[label].id])
        for label in _labels(group)
        if label is not None
    ]


def _is_unlike(group: Group) -> bool:
    """Whether people gave these photos different labels; one without a label says nothing."""
    return len({row.label for row in group if row.label is not None}) > 1


def _is_across(group: Group) -> bool:
    return len({row.split for row in group if row.split}) > 1


def _labels(group: Group) -> list[str | None]:
    return [label for label, _ in Counter(row.label for row in group).most_common()]


def _name(group: Group) -> str:
    from core.inspection.suggesting.duplicates import name_of

    return name_of(group)


@frame.action
def _together(project: Project, groups: list[Group]) -> None:
    from core.inspection.suggesting.duplicates import common_split

    rows = []
    for group in groups:
        split = common_split(row.split for row in group)
        rows += [(row.id, None, split) for row in group if row.split != split]
    text = f"{counted(len(rows), 'image')} to the split of their group ({counted(len(groups), 'group')} kept together)"
    change = frame.store().apply_labels(project.id, rows, frame.who(), text, kind="splits")
    if change:
        offer(project, change, f"{counted(len(groups), 'group')} kept together.")


@frame.action
def _remove(project: Project, groups: list[tuple[ImageRow, Group]]) -> None:
    """Removes what goes of each group (what stays, what goes); a label that only a copy has goes to what stays."""
    copies = [row.id for _, goes in groups for row in goes]
    heirs = {} if _boxed(project) else {stays.id: heir.id for stays, goes in groups if (heir := _label_of(stays, goes))}
    change = frame.store().remove_images(project.id, copies, frame.who(), heirs)
    offer(project, change, f"{counted(len(copies), 'photo')} removed.")


def _label_of(stays: ImageRow, goes: Group) -> ImageRow | None:
    """The copy whose label the photo that stays is to get, where it has none itself."""
    return None if stays.label else next((row for row in goes if row.label), None)


@frame.action
def _apart(project: Project, name: str) -> None:
    frame.store().keep(project.id, VERDICT, [name], frame.who())


@frame.action
def _ask_again(project: Project) -> None:
    frame.store().ask_again(project.id, VERDICT, list(frame.store().kept(project.id, VERDICT)))
