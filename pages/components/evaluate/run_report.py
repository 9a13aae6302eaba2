"""The report of a run on a split: made where it is missing, and its first figure."""

import pandas as pd
import streamlit as st

from core.inspection.measuring.report import Rate, Report
from core.runs.folder import RunFolder
from pages.components.evaluate import report_charts
from pages.components.shared import frame
from pages.components.shared.charts import ink
from pages.components.shared.pickers import SPLIT_NAMES, SPLITS
from pages.components.shared.wording import counted
from pages.components.train.split_counts import counts_of

STATIC = {"displayModeBar": False}


def choose_split(run: RunFolder) -> str | None:
    """A split that the run has photos in, the test split at first; None where there is none to evaluate on."""
    table = counts_of(run)
    counts = {name: int(table[name].sum()) for name in SPLITS}
    there = [name for name in ("test", "val", "train") if counts[name]]
    if not there:
        return None
    chosen: str = st.segmented_control(
        "Photos",
        there,
        default=there[0],
        required=True,
        format_func=lambda name: f"{SPLIT_NAMES[name]} ({counts[name]})",
        key=f"split-{run.id}",
        help="Test photos were never looked at in training, so they tell how good the network is on new photos. "
        "Validation photos chose the best epoch, training photos were learned from: both flatter.",
    )
    return chosen


def report_of(run: RunFolder, split: str) -> Report | None:
    """The run's report; where it is missing, a button that makes it, with its progress."""
    report = run.report(split)
    if report is not None:
        return report
    if run.status().live:
        st.info("This run is still training. Its reports are made when it ends.", icon=":material/hourglass_empty:")
        frame.link("Train", "Watch it", run=run.id)
        return None
    place = st.empty()
    with place.container(border=True):
        st.markdown(f"This run has not been evaluated on its {SPLIT_NAMES[split].lower()} photos yet.")
        pressed = st.button("Evaluate now", type="primary", icon=":material/fact_check:", key="evaluate-now")
    if not pressed:
        return None
    with place.container():
        bar = st.progress(0.0, text="Loading the network …")
        from core.runs.models import evaluate_run

        def show(done: int, total: int) -> None:
            bar.progress(done / max(1, total), text=f"{done} of {counted(total, 'photo')}")

        report = evaluate_run(run, split, show, cache=frame.workspace().cache / "resized")
    place.empty()
    return report


def headline(report: Report) -> None:
    """The accuracy as a number one can read from the last row, with what it rests on."""
    left, right = st.columns([1, 2], vertical_alignment="center")
    with left:
        value = "–" if report.accuracy.value is None else f"{report.accuracy.value:.1%}"
        st.metric(
            "Accuracy",
            value,
            help="The share of photos whose first answer is right. The interval says where the true share lies, "
            "with 95% confidence: with few photos it is wide, and small differences mean little.",
        )
    with right:
        colors = ink(frame.is_dark())
        figure = report_charts.accuracy_strip(report.accuracy, len(report.classes), colors)
        st.plotly_chart(figure, key="accuracy-strip", config=STATIC, alt=str(report.accuracy))
    parts = [
        f"{report.accuracy.correct} of {counted(report.n, 'photo')} right; 95% interval {interval(report.accuracy)}."
    ]
    if report.top5 is not None and report.top5.value is not None:
        parts.append(f"Right answer among the first five: {report.top5.value:.1%}.")
    if report.macro_f1 is not None:
        parts.append(f"Mean F1 over the classes: {report.macro_f1:.1%}.")
    st.caption(" ".join(parts))


def by_class(report: Report) -> None:
    """A dot and an interval for each class, and the table of all figures."""
    measures: tuple[report_charts.Measure, ...] = ("recall", "precision", "f1")
    measure = st.segmented_control(
        "Figure",
        measures,
        default="recall",
        required=True,
        format_func=report_charts.MEASURES.__getitem__,
        key="measure",
        label_visibility="collapsed",
    )
    st.markdown(report_charts.MEANING[measure])
    figure = report_charts.class_dots(report.per_class, measure, ink(frame.is_dark()))
    alt = f"{report_charts.MEASURES[measure]} of each class with its interval; the same figures are in the table below"
    st.plotly_chart(figure, key=f"dots-{measure}", config=STATIC, alt=alt)
    what = "the photos that were called so" if measure == "precision" else "its photos"
    st.caption(f"The number beside a class counts {what}. The bar is the 95% interval: few photos, wide bar.")
    st.dataframe(class_table(report), hide_index=True, height="content" if len(report.classes) <= 15 else 560)


def class_table(report: Report) -> pd.DataFrame:
    """A row a class: photos, then each rate with its interval, and what it rests on where that is not the photos."""
    return pd.DataFrame(
        [
            {
                "class": entry.name,
                "photos": entry.n,
                **{
                    name: told(getattr(entry, key), with_n=key == "precision")
                    for key, name in report_charts.MEASURES.items()
                },
            }
            for entry in report.per_class
        ]
    )


def told(rate: Rate, with_n: bool = False) -> str:
    """``92% (78 to 97%)``, or a dash where there is nothing to count; with its n ``92% of 25 (78 to 97%)``."""
    of = f" of {rate.n:,}" if with_n else ""
    return "–" if rate.value is None else f"{rate.value:.0%}{of} ({interval(rate)})"


def interval(rate: Rate) -> str:
    """``78 to 97%``"""
    return "–" if rate.low is None or rate.high is None else f"{100 * rate.low:.0f} to {rate.high:.0%}"
