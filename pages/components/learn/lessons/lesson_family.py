"""Lesson on the ResNet family: what each idea changes in the code, its cost, and its published accuracy."""

import platform
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from core.lessons import family
from core.lessons.result_cache import ExperimentArguments, cached, cached_or_shipped
from core.lessons.shipped_results import origin
from core.models.zoo import ARCHITECTURES, network_name
from core.processors import available_processors
from pages.components.glossary.terms import explained
from pages.components.learn import lesson_frame
from pages.components.learn.lesson_question import question
from pages.components.learn.lessons.family_chart import AXES, NetworkKey, scatter
from pages.components.learn.level_text import at_level
from pages.components.learn.texts import family as texts
from pages.components.shared import frame
from pages.components.shared.charts import Palette
from pages.components.shared.wording import counted

VERSION = 2
"""Version of the measurement: a new number makes every server measure again."""


@dataclass(frozen=True)
class FamilyComparison:
    """One idea: the networks before and after it; texts.IDEAS describes it. A chain may have more than two networks."""

    chains: tuple[tuple[NetworkKey, ...], ...]
    code: tuple[str, str]
    """The two architectures whose configurations are compared."""


def _steps(first: str, second: str, *pairs: tuple[str, str]) -> tuple[tuple[NetworkKey, ...], ...]:
    return tuple(((one, first), (other, second)) for one, other in pairs)


DEEP = ("resnet50", "resnet101", "resnet152")
COMPARISONS = {
    "Depth": FamilyComparison(
        (tuple((arch, "V1") for arch in ("resnet18", "resnet34", *DEEP)),),
        ("resnet34", "resnet50"),
    ),
    "V1 or V2 weights": FamilyComparison(
        _steps("V1", "V2", *((arch, arch) for arch in (*DEEP, "resnext101-32x8d"))),
        ("resnet50", "resnet50"),
    ),
    "v1 or v1.5 strides": FamilyComparison(
        _steps("authors", "V1", *((f"{arch}-v1", arch) for arch in DEEP)),
        ("resnet50-v1", "resnet50"),
    ),
    "Pre-activation": FamilyComparison(
        _steps("Keras", "Keras", *((f"keras-{arch}", f"keras-{arch}v2") for arch in DEEP)),
        ("keras-resnet50", "keras-resnet50v2"),
    ),
    "SE": FamilyComparison(
        (
            (("resnet50", "V1"), ("seresnet50", "authors")),
            (("resnet101", "V1"), ("seresnet101", "authors")),
            (("resnet152", "V1"), ("seresnet152", "authors")),
        ),
        ("resnet50", "seresnet50"),
    ),
    "ResNeXt": FamilyComparison(
        _steps("V1", "V1", ("resnet50", "resnext50-32x4d"), ("resnet101", "resnext101-32x8d")),
        ("resnet50", "resnext50-32x4d"),
    ),
    "Wide": FamilyComparison(
        _steps("V1", "V1", ("resnet50", "wide-resnet50-2")),
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
    st.markdown(at_level(texts.INTRODUCTION), help=explained("accuracy", "multiply-add", "parameter"))
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
    parts = experiment_parts(time)
    measured, elsewhere = _measured(parts)
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
        st.markdown(at_level(texts.IDEAS[group]))
        _differences(chosen, facts)
    question("family", texts.QUESTION, texts.CHOICES)
    st.markdown("### All networks")
    found = lesson_frame.experiment(
        "family-speed",
        parts,
        button=lambda left: "Measure speed",
        caption=f"{family.ROUNDS} rounds through the family, {family.BATCH} images of {family.SIZE} × {family.SIZE} "
        f"pixels at a time, in {family.PRECISION} as the app predicts: about a minute on two idle cores.",
        draw=lambda _: _table(table),
    )
    if measured.empty:
        _table(table)
    else:
        device = ", ".join(sorted(set(measured["device"])))
        rounds = counted(measured["turn"].nunique(), "round")
        st.caption(
            f"Speed: {family.PRECISION} on {device}, {family.BATCH} images at a time, the fastest of {rounds}. "
            + (
                f"{origin('family-speed', [part.arguments for part in parts])} Your computer has other speeds; how "
                "the networks compare is similar."
                if elsewhere
                else "Other programs on this computer slow the measurement down."
            )
        )
        if found is not None and not elsewhere:
            st.button(
                "Measure again",
                icon=":material/refresh:",
                key="family-again",
                on_click=lambda: st.session_state.update({"family-time": time + 1}),
                help="Useful if another program was running the first time.",
            )
    lesson_frame.download(table, "family")


def _differences(chosen: FamilyComparison, facts: pd.DataFrame) -> None:
    """Describe the settings that an idea changes in the code, and its effect on the size of the network."""
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
            "images/s": table["images_per_second"],
            "published top-1": table["top1"],
            "source": sources,
        }
    )
    if table["images_per_second"].isna().all():
        shown = shown.drop(columns="images/s")
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
            "images/s": number(format="%.1f", help="Measured on the computer named below the table."),
            "published top-1": number(format="%.2f%%"),
        },
    )
    listed = [f"{short}: {source}" for source, short in SHORT.items() if source in set(table["source"])]
    st.caption("Sources. " + ". ".join(listed) + ".")


def experiment_parts(time: int) -> list[lesson_frame.ExperimentPart]:
    """Return the rounds of the first, second ... measurement."""
    return [_part(time, turn) for turn in range(1, family.ROUNDS + 1)]


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
    return lesson_frame.ExperimentPart(arguments)


def _last_time() -> int:
    """Return the number of the newest measurement, including one requested in this browser tab; 1 at first."""
    time = int(st.session_state.get("family-time", 1))
    while cached(frame.workspace(), "family-speed", _part(time + 1, 1).arguments) is not None:
        time += 1
    return time


def _measured(parts: list[lesson_frame.ExperimentPart]) -> tuple[pd.DataFrame, bool]:
    """Return the speeds on this computer, else the shipped ones, and whether they are those; never both together."""
    found = [cached_or_shipped(frame.workspace(), "family-speed", part.arguments) for part in parts]
    own = [table for table, is_shipped in filter(None, found) if not is_shipped]
    tables = own or [table for table, _ in filter(None, found)]
    columns = ["arch", "device", "images_per_second"]
    return pd.concat([pd.DataFrame(columns=columns), *tables], ignore_index=True), bool(tables) and not own


@st.cache_data(max_entries=2, show_spinner="Counting parameters of all networks, once…")
def _facts(archs: tuple[str, ...]) -> pd.DataFrame:
    found = cached_or_shipped(frame.workspace(), "family-facts", family.facts_arguments(archs, family.SIZE))
    if found is not None:
        return found[0]
    return pd.DataFrame([family.network_facts(arch, family.SIZE) for arch in archs])
