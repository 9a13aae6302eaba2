"""The network as a table of layers that can be searched, and its numbers in all."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from pages.components.wording import counted

if TYPE_CHECKING:
    from core.models.summary import LayerRow, StageInfo, Summary


@st.cache_data(max_entries=16, show_spinner="Running a picture through the network …")
def summary_of(arch: str, classes: int, size: int) -> "tuple[Summary, list[StageInfo]]":
    """The summary and the stages of an architecture; a second or two the first time, for torch is loaded."""
    from core.models.summary import stages_of, summarize

    return summarize(arch, classes, size), stages_of(arch, size, classes)


def totals(summary: "Summary") -> None:
    """The numbers of the whole network."""
    layers = [row for row in summary.rows if row.parameters]
    weighted = [row for row in layers if row.type in ("Conv2d", "Linear") and "downsample" not in row.name]
    blocks = sum(row.type == "Add" for row in summary.rows)
    with st.container(horizontal=True, gap="medium"):
        st.metric("Parameters", f"{summary.total / 1e6:.1f} million", width="content", help=f"{summary.total:,}")
        st.metric("Layers with weights", len(weighted), width="content", help="Convolutions and the last layer, "
                  "projections left out: the number in the network's name.")  # fmt: skip
        st.metric("Residual blocks", blocks, width="content")
        st.metric("As a file", f"{summary.total * 4 / 1e6:.0f} MB", width="content", help="Four bytes a parameter.")


def layers(summary: "Summary") -> None:
    """All layers in the order in which a picture passes, or those that the search finds."""
    words = st.text_input("Search", placeholder="layer3, Conv2d, 512 …", key="layer-search")
    table = matching(table_of(summary.rows), words)
    st.caption(f"{counted(len(table), 'layer')}, {int(table['parameters'].sum()):,} parameters.")
    st.dataframe(
        table,
        hide_index=True,
        height=min(560, 40 + 35 * max(1, len(table))),
        column_config={"parameters": st.column_config.NumberColumn(format="localized")},
    )


def table_of(rows: "Sequence[LayerRow]") -> pd.DataFrame:
    """A row a layer."""
    return pd.DataFrame(
        [
            {
                "layer": row.name,
                "type": row.type,
                "output shape": " × ".join(map(str, row.output_shape)),
                "parameters": row.parameters,
                "connected to": ", ".join(row.connected_to),
            }
            for row in rows
        ],
        columns=["layer", "type", "output shape", "parameters", "connected to"],
    )


def matching(table: pd.DataFrame, words: str) -> pd.DataFrame:
    """The rows in which every word occurs somewhere, in any case."""
    text = table.astype(str).agg(" ".join, axis=1).str.lower()
    found = pd.Series(True, index=table.index)
    for word in words.lower().split():
        found &= text.str.contains(word, regex=False)
    return table[found]
