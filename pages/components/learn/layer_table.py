"""Show a network as a searchable table of layers, and its totals."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from pages.components.learn import lesson_frame
from pages.components.shared.wording import counted

if TYPE_CHECKING:
    from core.models.summary import LayerRow, StageInfo, Summary


@st.cache_data(max_entries=16, show_spinner="Running a forward pass…")
def summary_of(arch: str, classes: int, size: int) -> "tuple[Summary, list[StageInfo]]":
    """Return the summary and stages of an architecture; slow the first time, because it imports torch."""
    from core.models.summary import stages_of, summarize

    return summarize(arch, classes, size), stages_of(arch, size, classes)


def totals(summary: "Summary") -> None:
    """Show the totals of the whole network."""
    layers = [row for row in summary.rows if row.parameters]
    weighted = [row for row in layers if row.type in ("Conv2d", "Linear") and on_main_path(row)]
    blocks = sum(row.type == "Add" for row in summary.rows)
    with st.container(horizontal=True, gap="medium"):
        st.metric("Parameters", f"{summary.total / 1e6:.1f} million", width="content", help=f"{summary.total:,}")
        st.metric("Layers with weights", len(weighted), width="content", help="Convolutions and the last layer, "
                  "without projections and squeeze-and-excitation: the number in the name.")  # fmt: skip
        st.metric("Residual blocks", blocks, width="content", help="Blocks with a skip connection: F(x) + x.")
        st.metric("Multiply-adds", f"{summary.multiply_adds / 1e9:.2f} billion", width="content",
                  help=f"For one photo of {summary.size} × {summary.size} px: {summary.multiply_adds:,}.")  # fmt: skip
        st.metric("Feature maps", f"{summary.memory / 1e6:.0f} MB", width="content",
                  help="The outputs of all layers for one photo, four bytes per number: roughly what training "
                  "stores for the backward pass.")  # fmt: skip
        st.metric("File size", f"{summary.total * 4 / 1e6:.0f} MB", width="content", help="Four bytes per parameter.")


def on_main_path(row: "LayerRow") -> bool:
    """Return whether a layer is neither a projection nor part of squeeze-and-excitation."""
    return ".downsample." not in row.name and ".se." not in row.name


def layers(summary: "Summary") -> None:
    """Show all layers in the order of the forward pass, or those that match the search."""
    words = st.text_input("Search", placeholder="layer3, Conv2d, 512, …", key="layer-search")
    table = matching(table_of(summary.rows), words)
    sums = f"{int(table['parameters'].sum()):,} parameters, {int(table['multiply-adds'].sum()):,} multiply-adds"
    st.caption(f"{counted(len(table), 'layer')}, {sums}.")
    st.dataframe(
        table,
        hide_index=True,
        height=min(560, 40 + 35 * max(1, len(table))),
        column_config={
            "parameters": st.column_config.NumberColumn(format="localized"),
            "multiply-adds": st.column_config.NumberColumn(
                format="localized", help="Multiplications, each with an addition, for one photo."
            ),
            "receptive field": st.column_config.NumberColumn(
                format="%d px",
                help="The side of the square of input pixels that one output value can depend on, through the windows "
                "of convolutions and pooling.",
            ),
            "whole picture": st.column_config.CheckboxColumn(
                "whole photo",
                help="Whether each output value also depends on the whole photo, through a mean over all positions: in "
                "squeeze-and-excitation or global average pooling.",
            ),
            "memory in kB": st.column_config.NumberColumn(
                format="localized", help="Memory of the output for one photo; 0 if the layer overwrites its input."
            ),
        },
    )
    lesson_frame.download(table, f"layers-{summary.arch}")


def table_of(rows: "Sequence[LayerRow]") -> pd.DataFrame:
    """Return a row per layer."""
    return pd.DataFrame(
        {
            "layer": [row.name for row in rows],
            "type": [row.type for row in rows],
            "output shape": [" × ".join(map(str, row.output_shape)) for row in rows],
            "parameters": [row.parameters for row in rows],
            "multiply-adds": [row.multiply_adds for row in rows],
            "receptive field": [row.receptive_field for row in rows],
            "whole picture": [row.whole_picture for row in rows],
            "memory in kB": [round(row.memory / 1000, 1) for row in rows],
            "connected to": [", ".join(row.connected_to) for row in rows],
        }
    )


def stage_table(stages: "Sequence[StageInfo]") -> pd.DataFrame:
    """Return the numbers of the drawing: a row per stage, the head last."""
    return pd.DataFrame(
        {
            "stage": [stage.name for stage in stages],
            "kind": [stage.kind for stage in stages],
            "blocks": [stage.blocks for stage in stages],
            "output shape": [" × ".join(map(str, stage.output_shape)) for stage in stages],
            "parameters": [stage.parameters for stage in stages],
        }
    )


def matching(table: pd.DataFrame, words: str) -> pd.DataFrame:
    """Return the rows that contain every search word, ignoring case."""
    text = table.astype(str).agg(" ".join, axis=1).str.lower()
    found = pd.Series(True, index=table.index)
    for word in words.lower().split():
        found &= text.str.contains(word, regex=False)
    return table[found]
