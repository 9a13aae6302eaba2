"""The flips by class: right answers that become wrong in a variant, and which class they become."""

import pandas as pd
import streamlit as st

from core.inspection.background import figures
from core.inspection.background.result import Background
from core.inspection.background.variants import ORIGINAL, OTHER, VARIANTS
from pages.components.evaluate.run_report import format_interval, format_rate
from pages.components.shared.wording import plain

_NAMED = 3
"""Classes that a cell names."""


def show(found: Background) -> None:
    """Draw the choice of a variant, and a table with a row for each class."""
    offered = [
        variant for variant in VARIANTS if variant != ORIGINAL and any(variant in one.answers for one in found.photos)
    ]
    variant = st.selectbox(
        "Background",
        offered,
        index=offered.index(OTHER) if OTHER in offered else 0,
        format_func=VARIANTS.__getitem__,
        key="background-variant",
        width=300,
    )
    rate = figures.flipped(found, variant)
    if not rate.n:
        st.caption("No photo with this variant is predicted correctly in the original.")
        return
    st.markdown(
        f"{rate.correct:,} of {rate.n:,} right answers become wrong ({rate.value:.0%}, 95% confidence interval "
        f"{plain(format_interval(rate))})."
    )
    st.dataframe(table(found, variant), hide_index=True, height="content" if len(found.classes) <= 15 else 560)


def table(found: Background, variant: str) -> pd.DataFrame:
    """Return a row for each class, the class with the largest share of flips first."""
    rows = []
    for row in figures.flips(found, variant):
        named = [f"{name} ({count})" for name, count in row.to[:_NAMED]]
        more = len(row.to) - _NAMED
        cells = {
            "Class": row.name,
            "Right on the original": row.right,
            "Then wrong": format_rate(row.flipped),
            "Predicted instead": ", ".join(named) + (f" and {more} more" if more > 0 else "") if named else "–",
        }
        if variant == OTHER:
            cells["Class of the background"] = f"{row.to_background.correct} of {row.to_background.n}"
        rows.append(cells)
    return pd.DataFrame(rows)
