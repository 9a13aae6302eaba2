"""Photos on which annotators disagree, by the classes that they confuse: several are selected and decided together."""

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from core.data.store.store import ImageRow, Project
from core.errors import DataError
from core.inspection.measuring.agreement import Disagreement
from pages.components.correcting.correct_labels import selection_actions, several_switch
from pages.components.shared import frame
from pages.components.shared.photo_wall import WallPhoto, clear, wall
from pages.components.shared.wording import unique_options

KEY = "disagreements"
WALL = f"{KEY}-wall"
SHOWN = 48

Group = tuple[str, ...]
"""The classes that annotators gave the same photo, in order."""


def groups_of(found: Sequence[Disagreement]) -> list[tuple[Group, int]]:
    """Return the sets of classes that were given to the same photos, the most frequent first, with their photos."""
    count = Counter(group_of(one) for one in found)
    return sorted(count.items(), key=lambda pair: (-pair[1], pair[0]))


def group_of(one: Disagreement) -> Group:
    """Return the classes that a photo was given."""
    return tuple(sorted({opinion.label for opinion in one.opinions}, key=str.casefold))


def choose_group(found: Sequence[Disagreement]) -> list[Disagreement]:
    """Draw the choice of the classes that were confused, and return the photos of the chosen group."""
    groups = groups_of(found)
    if len(groups) < 2:
        return list(found)
    # Without numbers, which would change with each decision: the choice would be lost.
    choices: list[tuple[str, Group | None]] = [("All", None), *((" or ".join(group), group) for group, _ in groups)]
    options = unique_options(choices)
    chosen = options[
        st.selectbox("Confused classes", list(options), key=f"{KEY}-group", width=320, on_change=clear, args=(WALL,))
    ]
    return [one for one in found if chosen is None or group_of(one) == chosen]


def decide_several(project: Project, found: Sequence[Disagreement]) -> bool:
    """Draw the switch for several photos; if it is on, draw a wall on which they are selected, and return True."""
    if len(found) < 2 or not several_switch(KEY):
        return False
    actions = st.container()
    photos = [(one, row) for one in found[:SHOWN] if (row := _photo(project, one)) is not None]
    cards = [
        WallPhoto(
            str(row.id),
            frame.store().thumbnail_path(row.hash),
            " · ".join(f"{opinion.who}: {opinion.label}" for opinion in one.opinions),
            f"now {row.label}" if row.label else "no label",
            name=row.filename.rsplit("/", 1)[-1],
        )
        for one, row in photos
    ]
    chosen = wall(cards, key=WALL, label="Photos to decide", select="many", side=140).chosen
    ids = {str(row.id): row.id for _, row in photos}
    with actions:
        selection_actions(project, ids, chosen, wall_key=WALL, key=KEY, kind="adjudicated")
    if len(found) > len(photos):
        st.caption(f"The first {len(photos)} of {len(found):,}; more appear as you decide these.")
    return True


def _photo(project: Project, one: Disagreement) -> ImageRow | None:
    try:
        return frame.store().image(project.id, one.image_id)
    except DataError:  # removed in the meantime
        return None
