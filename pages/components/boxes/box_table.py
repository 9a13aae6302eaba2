"""The boxes of a photo as a table of coordinates, for people who do not use a mouse."""

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.data.store.store import BoxRow

SIDES = ("x", "y", "width", "height")


def edit_table(boxes: Sequence[BoxRow], classes: Sequence[str], key: str) -> list[BoxRow] | None:
    """Show the table and return the boxes as edited; None if nothing changed or a row is incomplete."""
    begun = pd.DataFrame([[box.label, *(getattr(box, side) for side in SIDES)] for box in boxes])
    begun = begun.reindex(columns=range(5)).set_axis(["class", *SIDES], axis=1)
    begun = begun.astype(dict.fromkeys(SIDES, "float64"))
    number = {side: st.column_config.NumberColumn(side, required=True, format="%.10g") for side in SIDES}
    edited = st.data_editor(
        begun,
        hide_index=True,
        num_rows="dynamic",
        height="content",
        key=key,
        column_config={
            "class": st.column_config.SelectboxColumn("class", options=list(classes), required=True),
            **number,
        },
    )
    rows = [_box(row) for row in edited.itertuples(index=False, name=None)]
    changed = [row for row in rows if row is not None]
    return None if len(changed) < len(rows) or changed == list(boxes) else changed


def _box(row: tuple[Any, ...]) -> BoxRow | None:
    label, x, y, width, height = row
    if not isinstance(label, str) or any(side is None or math.isnan(side) for side in (x, y, width, height)):
        return None
    return BoxRow(label, float(x), float(y), float(width), float(height))
