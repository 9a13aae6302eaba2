"""Learn: a residual network as a drawing and as a table."""

import streamlit as st

from core.models.zoo import ARCHITECTURES
from pages.components import frame, learn_drawing, learn_table
from pages.components.charts import ink
from pages.components.train_words import ARCH_NAMES

VIEWS = ("Drawing", "Inside a block", "Table")

with frame.page("Learn"):
    colors = ink(frame.is_dark())
    left, right = st.columns([3, 2], vertical_alignment="center")
    left.markdown(
        "A plain network hands each block's output to the next: what a block spoils is lost. "
        "A *residual* block only learns a correction $F(x)$ and adds it to what came in: $y = F(x) + x$. "
        "Where there is nothing to correct, $F(x)=0$ is easy to learn and $x$ passes untouched. "
        "On the way back the gradient takes the same short cut. So 50 or 150 layers can still be trained."
    )
    right.html(learn_drawing.idea(colors))
    with st.container(horizontal=True):
        names = list(ARCHITECTURES)
        arch = st.selectbox(
            "Architecture", names, index=names.index("resnet50"), format_func=lambda name: ARCH_NAMES.get(name, name),
            key="learn-arch", width=300,
        )  # fmt: skip
        size = st.number_input("Picture size", 32, 1024, 224, step=32, key="learn-size", width=150)
        classes = st.number_input("Classes", 1, 100_000, 1000, key="learn-classes", width=150)
    summary, stages = learn_table.summary_of(arch, int(classes), int(size))
    learn_table.totals(summary)
    view = st.segmented_control(
        "View", VIEWS, default=VIEWS[0], required=True, label_visibility="collapsed", key="learn-view"
    )
    if view == "Drawing":
        st.html(learn_drawing.network(stages, summary.rows, colors))
        st.html(learn_drawing.legend(colors))
        st.caption(
            "The slab is what a stage puts out: its face is the picture's size, its depth the number of channels. "
            "From stage to stage the picture gets smaller and says more about each place."
        )
    elif view == "Inside a block":
        blocks = learn_drawing.skips_of(summary.rows)
        block = st.selectbox("Block", list(blocks), key="learn-block", width=220)
        st.html(learn_drawing.inside(summary.rows, block, colors))
        st.caption(
            "Where a block changes the number of channels or the size, x has to be projected before it can be added. "
            "In all others x is added as it is."
        )
    else:
        learn_table.layers(summary)
