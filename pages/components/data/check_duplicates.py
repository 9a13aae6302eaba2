"""Groups of near-duplicates: keep each in one split, remove the copies, or mark the photos as different."""

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from core.data.pictures.image_quality import QualityCache
from core.data.store.store import ImageRow, Project
from pages.components.data.check_progress import ensure_quality_measured
from pages.components.data.splits import PARTS
from pages.components.shared import frame
from pages.components.shared.photo_wall import WallPhoto, wall
from pages.components.shared.undo_line import offer_undo, undo_line
from pages.components.shared.wording import counted, plain

REVIEW_KIND = "different"
"""The kind under which the store keeps groups marked as different photos."""
GROUPS_PER_PAGE = 6
SHOWN_PER_GROUP = 24
CARD_PIXELS = 140
ALL, ACROSS, UNLIKE = "All groups", "In several splits", "With different labels"
Group = list[ImageRow]


def duplicates(project: Project) -> None:
    """Draw the section."""
    st.markdown(
        "Near-duplicates are resized copies, mirrored copies, or shots from one burst. If one is in the "
        "training set and another in the test set, the test result is too optimistic. New splits therefore keep each "
        "of these groups together, whatever their labels. Groups can still be in several splits: if the splits were "
        "imported, if photos were added to a large group later, or if a class has too few different photos."
    )
    rows = frame.store().images(project.id)
    state = ensure_quality_measured(project, [row.hash for row in rows])
    if not state.running or state.done == state.total:  # which copy to keep depends on the quality of all
        _groups_of(project)


@frame.fragment()
def _groups_of(project: Project) -> None:
    with st.container(key="data-actions"):
        undo_line(project)
    rows = frame.store().images(project.id)
    kept = frame.store().reviews(project.id, REVIEW_KIND)
    groups = [group for group in _found(project, rows) if _name(group) not in kept]
    if not groups:
        st.success("No near-duplicates were found.")
        _show_again_button(project, len(kept))
        return
    across = [group for group in groups if _is_across(group)]
    unlike = [group for group in groups if _is_unlike(group)]
    _all_groups(project, groups, across)
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
        st.info("No group matches this choice.", icon=":material/filter_alt_off:")
    pages = max(1, -(-len(chosen) // GROUPS_PER_PAGE))
    page = min(st.session_state.get("duplicates-page", 1), pages)
    for group in chosen[(page - 1) * GROUPS_PER_PAGE : page * GROUPS_PER_PAGE]:
        _card(project, group)
    if pages > 1:
        st.pagination(pages, key="duplicates-page")
    _show_again_button(project, len(kept))


def _found(project: Project, rows: Sequence[ImageRow]) -> list[Group]:
    """Return the groups, the harmful ones first: in several splits, with different labels, then the larger ones.

    Each group starts with the photo to keep.
    """
    from core.inspection.suggesting.duplicates import best_copy_first, duplicate_groups

    alike = _near_duplicates(str(frame.workspace().root), project.id, tuple(row.hash for row in rows))
    groups = duplicate_groups(rows, alike)
    quality = QualityCache(frame.workspace()).known([row.hash for group in groups for row in group])
    groups = [best_copy_first(group, quality, boxed=_boxed(project)) for group in groups]
    return sorted(groups, key=lambda group: (not _is_across(group), not _is_unlike(group), -len(group)))


@st.cache_data(show_spinner="Comparing photos", max_entries=4)
def _near_duplicates(root: str, project_id: int, hashes: tuple[str, ...]) -> dict[str, str]:
    """Compare the project's photos again only if its ``hashes`` have changed."""
    return frame.store().near_duplicates(project_id)


def _all_groups(project: Project, groups: list[Group], across: list[Group]) -> None:
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
                help="A group with a test photo moves to the test set; otherwise, a group with a validation photo "
                "moves to the validation set. You can undo this in one step.",
            )
        if copies:
            st.button(
                f"Remove {counted(copies, 'copy', 'copies')}",
                icon=":material/delete:",
                on_click=_remove,
                args=(project, [(group[0], group[1:]) for group in agreeing]),
                help=f"One photo of each group stays: {_which_stays(project)}. You can undo this in one step.",
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
        where = [_split_name(split) for split in _splits(group)]
        st.markdown(f"**{counted(len(group), 'photo')}** · {' and '.join(labels)} · {' and '.join(where)}")
        shown = group[:SHOWN_PER_GROUP]
        photos = [
            WallPhoto(
                str(row.id),
                frame.store().thumbnail_path(row.hash),
                row.label or "no label",
                f"{_split_name(row.split)} · {row.filename.rsplit('/', 1)[-1]}",
                muted=row.label is None,
            )
            for row in shown
        ]
        with st.container(width=len(photos) * CARD_PIXELS):
            wall(photos, key=f"group-wall-{name[:12]}", label="Near-duplicates", side=112, one_row=True)
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
                    help=f"Keeps {plain(stays.filename.rsplit('/', 1)[-1])}, {stays.width} × {stays.height}",
                )
            st.button("Mark as different", key=f"apart-{name}", on_click=_apart, args=(project, name), type="tertiary")


def _show_again_button(project: Project, kept: int) -> None:
    if kept:
        st.button(
            f"Show {counted(kept, 'group')} marked as different",
            type="tertiary",
            on_click=_show_again,
            args=(project,),
        )


def _split_name(split: str | None) -> str:
    return PARTS[split or "none"].lower()


def _splits(group: Group) -> list[str | None]:
    return list(dict.fromkeys(row.split for row in group))


def _boxed(project: Project) -> bool:
    return project.task == "localization"


def _which_stays(project: Project) -> str:
    if _boxed(project):
        return "one with a box if there is one, then the largest, then the sharpest"
    return "the largest, then the sharpest. If it has no label, it gets the label of a copy"


def _ways_to_remove(group: Group) -> list[tuple[str, ImageRow, Group]]:
    """Return the buttons that keep one photo: text, photo to keep, photos to remove. One for each label."""
    if not _is_unlike(group):
        return [("Remove all but one", group[0], group[1:])]
    best = {row.label: row for row in reversed(group) if row.label is not None}
    return [
        (f"Keep {plain(label)}, remove the rest", best[label], [row for row in group if row.id != best[label].id])
        for label in _labels(group)
        if label is not None
    ]


def _is_unlike(group: Group) -> bool:
    """Return whether these photos have different labels; unlabelled photos do not count."""
    return len({row.label for row in group if row.label is not None}) > 1


def _is_across(group: Group) -> bool:
    return len({row.split for row in group if row.split}) > 1


def _labels(group: Group) -> list[str | None]:
    return [label for label, _ in Counter(row.label for row in group).most_common()]


def _name(group: Group) -> str:
    from core.inspection.suggesting.duplicates import group_name

    return group_name(group)


@frame.action
def _together(project: Project, groups: list[Group]) -> None:
    from core.inspection.suggesting.duplicates import common_split

    rows = []
    for group in groups:
        split = common_split(row.split for row in group)
        rows += [(row.id, None, split) for row in group if row.split != split]
    text = f"{counted(len(rows), 'photo')} moved to the split of their group ({counted(len(groups), 'group')})"
    change = frame.store().apply_labels(project.id, rows, frame.who(), text, kind="splits")
    if change:
        offer_undo(project, change, f"{counted(len(groups), 'group')} now kept in one split.")


@frame.action
def _remove(project: Project, groups: list[tuple[ImageRow, Group]]) -> None:
    """Remove the copies of each group (photo to keep, photos to remove); it gets a copy's label if it has none."""
    copies = [row.id for _, goes in groups for row in goes]
    heirs = {} if _boxed(project) else {stays.id: heir.id for stays, goes in groups if (heir := _label_of(stays, goes))}
    kept = {stays.id: [row.id for row in goes] for stays, goes in groups}  # it gets their group and tags
    change = frame.store().remove_images(project.id, copies, frame.who(), heirs, kept)
    offer_undo(project, change, f"{counted(len(copies), 'photo')} removed.")


def _label_of(stays: ImageRow, goes: Group) -> ImageRow | None:
    """Return the copy whose label the kept photo gets, if it has none itself."""
    return None if stays.label else next((row for row in goes if row.label), None)


@frame.action
def _apart(project: Project, name: str) -> None:
    frame.store().record_review(project.id, REVIEW_KIND, [name], frame.who())


@frame.action
def _show_again(project: Project) -> None:
    frame.store().forget_review(project.id, REVIEW_KIND, list(frame.store().reviews(project.id, REVIEW_KIND)))
