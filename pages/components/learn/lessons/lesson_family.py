"""Lesson: the family compared: what each idea changes in the code, what it costs here, what it is said to bring."""

import os
import platform
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from core.lessons import family
from core.lessons.result_cache import ExperimentArguments, cached
from core.models.zoo import ARCHITECTURES
from pages.components.learn import lesson_frame
from pages.components.learn.lessons.family_chart import AXES, NetworkKey, scatter
from pages.components.shared import frame
from pages.components.shared.charts import Ink
from pages.components.train.run_sentences import network_name

VERSION = 2
"""Of the measurement: another number makes every server measure again."""


@dataclass(frozen=True)
class FamilyComparison:
    """One idea: the networks before and after it, and a sentence. A chain may have more than two."""

    chains: tuple[tuple[NetworkKey, ...], ...]
    sentence: str
    code: tuple[str, str]
    """The two architectures whose configurations are held against each other."""


def _steps(first: str, second: str, *pairs: tuple[str, str]) -> tuple[tuple[NetworkKey, ...], ...]:
    return tuple(((one, first), (other, second)) for one, other in pairs)


DEEP = ("resnet50", "resnet101", "resnet152")
COMPARISONS = {
    "Depth": FamilyComparison(
        (tuple((arch, "V1") for arch in ("resnet18", "resnet34", *DEEP)),),
        "More blocks in the stages. From 50 layers on each block is a bottleneck: three convolutions, of which the "
        "3 × 3 works on a quarter of the channels.",
        ("resnet34", "resnet50"),
    ),
    "V1 or V2 weights": FamilyComparison(
        _steps("V1", "V2", *((arch, arch) for arch in (*DEEP, "resnext101-32x8d"))),
        "The same network with other numbers in it. V2 is torchvision's second training: longer, with label smoothing, "
        "mixup, cutmix, random erasing and a running average of the weights.",
        ("resnet50", "resnet50"),
    ),
    "v1 or v1.5 strides": FamilyComparison(
        _steps("authors", "V1", *((f"{arch}-v1", arch) for arch in DEEP)),
        "v1, as in the paper, halves the picture in a block's first 1 × 1 convolution, which leaves three places of "
        "four unseen. v1.5 halves it in the 3 × 3, which sees them all: the same parameters, a few more multiply-adds.",
        ("resnet50-v1", "resnet50"),
    ),
    "Pre-activation": FamilyComparison(
        _steps("Keras", "Keras", *((f"keras-{arch}", f"keras-{arch}v2") for arch in DEEP)),
        "BatchNorm and ReLU stand before each convolution, and nothing comes after the sum, so x runs through a stage "
        "without being cut off at zero.",
        ("keras-resnet50", "keras-resnet50v2"),
    ),
    "SE": FamilyComparison(
        (
            (("resnet50", "V1"), ("seresnet50", "authors")),
            (("resnet101", "V1"), ("seresnet101", "authors")),
            (("resnet152", "V1"), ("seresnet152", "authors")),
        ),
        "Squeeze and excitation: each block ends by weighing its channels by what the whole picture shows, with two "
        "small layers on the channels' means.",
        ("resnet50", "seresnet50"),
    ),
    "ResNeXt": FamilyComparison(
        _steps("V1", "V1", ("resnet50", "resnext50-32x4d"), ("resnet101", "resnext101-32x8d")),
        "The 3 × 3 convolution is split into 32 groups that do not see each other's channels, and in return has more "
        "channels.",
        ("resnet50", "resnext50-32x4d"),
    ),
    "Wide": FamilyComparison(
        _steps("V1", "V1", ("resnet50", "wide-resnet50-2")),
        "As many layers, and twice as many channels inside each block.",
        ("resnet50", "wide-resnet50-2"),
    ),
}

SHORT = {
    "torchvision's model table": "torchvision",
    "Keras's table of applications": "Keras",
    family.AUTHORS[0].source: "He et al.",
    family.AUTHORS[-1].source: "Hu et al.",
}
"""The sources as they fit into a table; the whole of each stands below it."""


def show(colors: Ink) -> None:
    """The scatter with one comparison in front, what differs in the code, and the table with the measured speed."""
    st.markdown(
        "All these networks are one piece of code with other settings. Each point is a network with published weights: "
        "how often its first answer is right on ImageNet, against what it costs. The size of a point is its number of "
        "parameters. Published figures come from different trainings, so a difference is not always the network's own."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        group = st.segmented_control(
            "Compare", list(COMPARISONS), default="Depth", required=True, key="family-group", wrap=True
        )
        axis = st.segmented_control(
            "Against", list(AXES), default="multiply_adds", required=True, key="family-axis",
            format_func=lambda name: AXES[name][0], wrap=True,
        )  # fmt: skip
    chosen = COMPARISONS[group]
    facts = _facts(tuple(ARCHITECTURES))
    time = _last_time()
    parts = [_part(time, turn) for turn in range(1, family.TURNS + 1)]
    measured = _measured(parts)
    table = family.table_of(facts, measured)
    left, right = st.columns([2, 1])
    with left:
        if axis == "images_per_second" and measured.empty:
            st.info("Nothing is measured yet: press the button above the table.", icon=":material/speed:")
        else:
            st.plotly_chart(
                scatter(table, axis, chosen.chains, colors), key="family-scatter", config={"displayModeBar": False}
            )
    with right:
        _differences(chosen, facts)
    lesson_frame.question(
        "family",
        "Compare V1 with V2 weights of ResNet-50. Where does the point with V2 weights lie?",
        [
            "To the right and higher: V2 is a larger network",
            "Straight above: the network is the same, and only its training was another",
            "To the left and higher: V2 needs fewer multiply-adds",
            "At the same height: the weights are only stored in another way",
        ],
        1,
        "Parameters, multiply-adds and speed are those of the same code, so the point moves straight up, by more than "
        "four points of accuracy. How a network is trained can matter as much as how it is built.",
    )
    st.markdown("#### All networks")
    found = lesson_frame.experiment(
        "family-speed",
        parts,
        button=lambda left: "Measure the speed here",
        promise=f"{family.TURNS} turns through the family, {family.BATCH} pictures of {family.SIZE} × {family.SIZE} "
        f"each, in {family.PRECISION} as the app predicts: about a minute in all on two quiet cores.",
        draw=lambda speeds: _table(family.table_of(facts, speeds)),
    )
    if found is None and measured.empty:
        _table(table)
    if not measured.empty:
        device = ", ".join(sorted(set(measured["device"])))
        st.caption(
            f"Speed: {family.PRECISION} on {device}, {family.BATCH} pictures at a time, the fastest of "
            f"{family.TURNS} turns. What else this computer does at the same time makes it slower."
        )
        if found is not None:
            st.button(
                "Measure again",
                icon=":material/refresh:",
                key="family-again",
                on_click=lambda: st.session_state.update({"family-time": time + 1}),
                help="Where something else was running the first time.",
            )
    lesson_frame.download(table, "family")


def _differences(chosen: FamilyComparison, facts: pd.DataFrame) -> None:
    """What the idea is, which settings of the code it changes, and what that changes in numbers."""
    st.markdown(chosen.sentence)
    first, second = chosen.code
    fields = family.differing(first, second)
    if fields.empty:
        st.markdown(f"**{network_name(first)}** with either: no setting differs.")
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
    """The whole family, a row for each published figure."""
    sources = table["source"].map(SHORT).fillna(table["source"])
    shown = pd.DataFrame(
        {
            "network": [network_name(arch) for arch in table["arch"]],
            "weights": table["weights"].map({"authors": "the authors'", "Keras": "Keras's"}).fillna(table["weights"]),
            "depth": table["depth"],
            "million parameters": table["parameters"] / 1e6,
            "billion multiply-adds": table["multiply_adds"] / 1e9,
            "images a second here": table["images_per_second"],
            "published top-1": table["top1"],
            "source": sources,
        }
    )
    if table["images_per_second"].isna().all():
        shown = shown.drop(columns="images a second here")
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
            "images a second here": number(format="%.1f"),
            "published top-1": number(format="%.2f%%"),
        },
    )
    told = [f"{short}: {source}" for source, short in SHORT.items() if source in set(table["source"])]
    st.caption("Sources. " + ". ".join(told) + ".")


def _part(time: int, turn: int) -> lesson_frame.Part:
    """One turn of the measurement for the first, second ... time; on another machine it is another one."""
    arguments: ExperimentArguments = {
        "archs": ",".join(ARCHITECTURES),
        "size": family.SIZE,
        "batch": family.BATCH,
        "machine": f"{platform.machine()}-{os.cpu_count()}",
        "time": time,
        "turn": turn,
        "version": VERSION,
    }
    return lesson_frame.Part(arguments, lambda: family.speeds(list(ARCHITECTURES), family.SIZE, family.BATCH, turn))


def _last_time() -> int:
    """How often was measured here, counting the one that was begun or asked for in this tab; 1 at first."""
    time = int(st.session_state.get("family-time", 1))
    while cached(frame.workspace(), "family-speed", _part(time + 1, 1).arguments) is not None:
        time += 1
    return time


def _measured(parts: list[lesson_frame.Part]) -> pd.DataFrame:
    """The speeds that were measured before."""
    found = [cached(frame.workspace(), "family-speed", part.arguments) for part in parts]
    columns = ["arch", "device", "images_per_second"]
    return pd.concat([pd.DataFrame(columns=columns), *(one for one in found if one is not None)], ignore_index=True)


@st.cache_data(max_entries=2, show_spinner="Counting the layers of all networks, once …")
def _facts(archs: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame([family.facts_of(arch, family.SIZE) for arch in archs])
