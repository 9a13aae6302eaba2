"""Choose the column of an imported table that says which photos belong together."""

from collections.abc import Callable

import streamlit as st

from core.data.importing.plan_import import ImportPlan
from core.data.tables.label_columns import NO_GROUPS
from pages.components.shared.wording import unique_options

NONE = "No groups"


def choose_group_column(plan: ImportPlan, replan: Callable[[str], None]) -> None:
    """Draw the choice where the table has columns that may name groups; another choice makes the plan again.

    Where several columns are called like a group, none is chosen until the person does.
    """
    columns = plan.group_columns
    free = dict.fromkeys([*columns.possible, *columns.others])
    if not free:
        return
    options = unique_options([*((name, name) for name in free), (NONE, NO_GROUPS)])
    names = list(options)
    current = None if columns.unclear else columns.taken or NO_GROUPS
    chosen = st.selectbox(
        "Group photos by",
        names,
        None if current is None else list(options.values()).index(current),
        key=f"add-group-column-{hash(tuple(free))}",
        placeholder="Choose a column",
        help="Photos with the same text in this column, such as one person or camera, are always in the same split.",
        width=320,
    )
    if chosen is not None and options[chosen] != current:
        replan(options[chosen])
        st.rerun()
