"""Lesson on the ResNet family: what each idea changes in the code, its cost, and its published accuracy."""

import platform
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from core.lessons import family
from core.lessons.result_cache import ExperimentArguments, cached
from core.models.zoo import ARCHITECTURES
from core.processors import available_processors
from pages.components.learn import lesson_frame
from pages.components.learn.lessons.family_chart import AXES, NetworkKey, scatter
from pages.components.shared import frame
from pages.components.shared.charts import Palette
from pages.components.train.recipe_labels import network_name

VERSION = 2
"""Version of the measurement: a new number makes every server measure again."""


@dataclass(frozen=True)
class FamilyComparison:
    """One idea: the networks before and after it, and a description. A chain may have more than two networks."""

    chains: tuple[tuple[NetworkKey, ...], ...]
    sentence: str
    code: tuple[str, str]
    """The two architectures whose configurations are compared."""


def _steps(first: str, second: str, *pairs: tuple[str, str]) -> tuple[tuple[NetworkKey, ...], ...]:
    return tuple(((one, first), (other, second)) for one, other in pairs)


DEEP = ("resnet50", "resnet101", "resnet152")
COMPARISONS = {
    "Depth": FamilyComparison(
        (tuple((arch, "V1") for arch in ("resnet18", "resnet34", *DEEP)),),
        "More blocks per stage. From 50 layers on, each block is a bottleneck: three convolutions, of which the 3 × 3 "
        "works on a quarter of the block's output channels.",
        ("resnet34", "resnet50"),
    ),
    "V1 or V2 weights": FamilyComparison(
        _steps("V1", "V2", *((arch, arch) for arch in (*DEEP, "resnext101-32x8d"))),
        "The same network with different weights. V2 is torchvision's second training recipe: longer, with label "
        "smoothing, mixup, cutmix, random erasing and a running average of the weights.",
        ("resnet50", "resnet50"),
    ),
    "v1 or v1.5 strides": FamilyComparison(
        _steps("authors", "V1", *((f"{arch}-v1", arch) for arch in DEEP)),
        "v1, as in the paper, has the stride of 2 in a block's first 1 × 1 convolution, which skips three of four "
        "pixels. v1.5 has it in the 3 × 3 convolution, which sees them all: equally many parameters, a few more "
        "multiply-adds.",
        ("resnet50-v1", "resnet50"),
    ),
    "Pre-activation": FamilyComparison(
        _steps("Keras", "Keras", *((f"keras-{arch}", f"keras-{arch}v2") for arch in DEEP)),
        "BatchNorm and ReLU come before each convolution and nothing after the addition (He et al. 2016, arXiv "
        "1603.05027). Along identity skip connections x passes unchanged, with no ReLU on its path.",
        ("keras-resnet50", "keras-resnet50v2"),
    ),
    "SE": FamilyComparison(
        (
            (("resnet50", "V1"), ("seresnet50", "authors")),
            (("resnet101", "V1"), ("seresnet101", "authors")),
            (("resnet152", "V1"), ("seresnet152", "authors")),
        ),
        "Squeeze-and-excitation (Hu et al. 2018, arXiv 1709.01507): each block ends by weighting its channels. Two "
        "small layers compute the weights from the channels' means over the whole photo.",
        ("resnet50", "seresnet50"),
    ),
    "ResNeXt": FamilyComparison(
        _steps("V1", "V1", ("resnet50", "resnext50-32x4d"), ("resnet101", "resnext101-32x8d")),
        "The 3 × 3 convolution is split into 32 groups that do not see each other's channels, and has more channels "
        "in return (Xie et al. 2017, arXiv 1611.05431).",
        ("resnet50", "resnext50-32x4d"),
    ),
    "Wide": FamilyComparison(
        _steps("V1", "V1", ("resnet50", "wide-resnet50-2")),
        "The same number of layers, with twice as many channels in each block's 3 × 3 convolution (Zagoruyko and "
        "Komodakis 2016, arXiv 1605.07146).",
        ("resnet50", "wide-resnet50-2"),
    ),
}

SHORT = {
    "torchvision's model table": "torchvision",
    "Keras's table of applications": "Keras",
    family.AUTHOR_FIGURES[0].source: "He et al.",
    family.AUTHOR_FIGURES[-1].source: "Hu et al.",
}
"""Short names of the sources for the table; the full sources are listed below it."""


def show(colors: Palette) -> None:
    """Show the scatter plot with one comparison, the differences in the code, and the table with measured speed."""
    st.markdown(
        "All these networks run the same code with different settings. Each point is a network with published weights: "
        "its *top-1 accuracy* on ImageNet (how often the most probable class is correct) against its cost. The area of "
        "a point shows its number of parameters. Published accuracies come from different training runs, so the "
        "architecture does not explain every difference."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        group = st.segmented_control(
            "Compare", list(COMPARISONS), default="Depth", required=True, key="family-group", wrap=True
        )
        axis = st.segmented_control(
            "Horizontal axis", list(AXES), default="multiply_adds", required=True, key="family-axis",
            format_func=lambda name: AXES[name][0], wrap=True,
        )  # fmt: skip
    chosen = COMPARISONS[group]
    facts = _facts(tuple(ARCHITECTURES))
    time = _last_time()
    parts = [_part(time, turn) for turn in range(1, family.ROUNDS + 1)]
    measured = _measured(parts)
    table = family.table_of(facts, measured)
    left, right = st.columns([2, 1])
    with left:
        if axis == "images_per_second" and measured.empty:
            st.info("The speed is not measured yet. Press the button below.", icon=":material/speed:")
        else:
            st.plotly_chart(
                scatter(table, axis, chosen.chains, colors), key="family-scatter", config={"displayModeBar": False}
            )
    with right:
        _differences(chosen, facts)
    lesson_frame.question(
        "family",
        "Compare the V1 and V2 weights of ResNet-50. Where is the point of the V2 weights?",
        [
            "To the right and higher: V2 is a larger network",
            "Straight above: the network is the same, only the training differs",
            "To the left and higher: V2 needs fewer multiply-adds",
            "At the same height: the weights are only stored differently",
        ],
        1,
        "Parameters, multiply-adds and speed are the same, so the point moves straight up, by more than four "
        "percentage points of accuracy. How a network is trained can matter as much as its architecture.",
    )
    st.markdown("#### All networks")
    found = lesson_frame.experiment(
        "family-speed",
        parts,
        button=lambda left: "Measure speed",
        caption=f"{family.ROUNDS} rounds through the family, {family.BATCH} images of {family.SIZE} × {family.SIZE} "
        f"pixels at a time, in {family.PRECISION} as the app predicts: about a minute on two idle cores.",
        draw=lambda speeds: _table(family.table_of(facts, speeds)),
    )
    if found is None and measured.empty:
        _table(table)
    if not measured.empty:
        device = ", ".join(sorted(set(measured["device"])))
        st.caption(
            f"Speed: {family.PRECISION} on {device}, {family.BATCH} images at a time, the fastest of {family.ROUNDS} "
            "rounds. Other programs on this computer slow the measurement down."
        )
        if found is not None:
            st.button(
                "Measure again",
                icon=":material/refresh:",
                key="family-again",
                on_click=lambda: st.session_state.update({"family-time": time + 1}),
                help="Useful if another program was running the first time.",
            )
    lesson_frame.download(table, "family")


def _differences(chosen: FamilyComparison, facts: pd.DataFrame) -> None:
    """Describe the idea, the settings that it changes in the code, and its effect on the size of the network."""
    st.markdown(chosen.sentence)
    first, second = chosen.code
    fields = family.differing_fields(first, second)
    if fields.empty:
        st.markdown(f"**{network_name(first)}** with both weights: no setting differs.")
        return
    lines = [f"- `{field}`: {one} → {other}" for field, one, other in fields.itertuples(index=False)]
    st.markdown("\n".join([f"In the code, from {network_name(first)} to {network_name(second)}:", "", *lines]))
    rows = facts.set_index("arch").loc[[first, second]]
    st.caption(
        f"Parameters {_change(rows['parameters'], 1e6)} million, "
        f"multiply-adds {_change(rows['multiply_adds'], 1e9)} billion."
    )


def _change(values: "pd.Series[int]", unit: float) -> str:
    first, second = values.iloc[0] / unit, values.iloc[1] / unit
    return f"{first:.3f} → {second:.3f}" if first != second else f"{first:.3f} in both,"


def _table(table: pd.DataFrame) -> None:
    """Show the whole family, a row per published accuracy."""
    sources = table["source"].map(SHORT).fillna(table["source"])
    shown = pd.DataFrame(
        {
            "network": [network_name(arch) for arch in table["arch"]],
            "weights": table["weights"].map({"authors": "the authors'"}).fillna(table["weights"]),
            "depth": table["depth"],
            "million parameters": table["parameters"] / 1e6,
            "billion multiply-adds": table["multiply_adds"] / 1e9,
            "images/s here": table["images_per_second"],
            "published top-1": table["top1"],
            "source": sources,
        }
    )
    if table["images_per_second"].isna().all():
        shown = shown.drop(columns="images/s here")
    number = st.column_config.NumberColumn
    st.dataframe(
        shown.fillna({"weights": "none known", "source": "none known"}),
        hide_index=True,
        height=520,
        placeholder="",
        column_config={
            "weights": st.column_config.TextColumn(width=105),
            "million parameters": number(format="%.2f"),
            "billion multiply-adds": number(format="%.2f"),
            "images/s here": number(format="%.1f"),
            "published top-1": number(format="%.2f%%"),
        },
    )
    listed = [f"{short}: {source}" for source, short in SHORT.items() if source in set(table["source"])]
    st.caption("Sources. " + ". ".join(listed) + ".")


def _part(time: int, turn: int) -> lesson_frame.ExperimentPart:
    """Return one round of the first, second ... measurement; each type of machine has its own."""
    arguments: ExperimentArguments = {
        "archs": ",".join(ARCHITECTURES),
        "size": family.SIZE,
        "batch": family.BATCH,
        "machine": f"{platform.machine()}-{available_processors()}",
        "time": time,
        "turn": turn,
        "version": VERSION,
    }
    return lesson_frame.ExperimentPart(
        arguments, lambda: family.measure_speeds(list(ARCHITECTURES), family.SIZE, family.BATCH, turn)
    )


def _last_time() -> int:
    """Return the number of the newest measurement, including one requested in this browser tab; 1 at first."""
    time = int(st.session_state.get("family-time", 1))
    while cached(frame.workspace(), "family-speed", _part(time + 1, 1).arguments) is not None:
        time += 1
    return time


def _measured(parts: list[lesson_frame.ExperimentPart]) -> pd.DataFrame:
    """Return the cached speeds."""
    found = [cached(frame.workspace(), "family-speed", part.arguments) for part in parts]
    columns = ["arch", "device", "images_per_second"]
    return pd.concat([pd.DataFrame(columns=columns), *(one for one in found if one is not None)], ignore_index=True)


@st.cache_data(max_entries=2, show_spinner="Counting parameters of all networks, once…")
def _facts(archs: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame([family.network_facts(arch, family.SIZE) for arch in archs])
