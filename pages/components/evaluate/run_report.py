"""The report of a run on a split: created if missing, its headline, its figures per class."""

import pandas as pd
import streamlit as st

from core.inspection.measuring.report import Rate, Report
from core.runs.folder import RunFolder
from core.workers.pool import Request
from pages.components.computing.computation import Computation
from pages.components.evaluate import final_exam, report_charts
from pages.components.evaluate.doubt import exam_line
from pages.components.glossary.terms import explained
from pages.components.shared import frame
from pages.components.shared.charts import palette
from pages.components.shared.pickers import SPLIT_NAMES, SPLITS
from pages.components.shared.wording import counted
from pages.components.train import verdict_view
from pages.components.train.split_counts import counts_of

STATIC = {"displayModeBar": False}


def choose_split(run: RunFolder) -> str | None:
    """Draw the choice of a split, first the validation split; None if the run has no photos to evaluate on.

    The test split is offered as the final exam, which shows nothing before somebody takes it.
    """
    table = counts_of(run)
    counts = {name: int(table[name].sum()) for name in SPLITS}
    available = [name for name in ("val", "train", "test") if counts[name]]
    if not available:
        return None
    chosen: str = st.segmented_control(
        "Split",
        available,
        default=available[0],
        required=True,
        format_func=lambda name: "Final exam" if name == "test" else f"{SPLIT_NAMES[name]} ({counts[name]})",
        key=f"split-{run.id}",
        help="Use the validation photos for all decisions. They chose the best epoch and, in automatic training, the "
        "phase, so their result is slightly too optimistic. Training photos were used to train, so theirs says little. "
        "The final exam is on the test photos, once you have chosen a model.",
    )
    return chosen


def report_of(run: RunFolder, split: str) -> Report | None:
    """Return the run's report; if it is missing, draw a button that creates it, with its progress.

    A run in training creates its own: `newer_model.watch` says so.
    """
    report = run.report(split)
    if report is not None:
        return report
    if run.status().live:
        return None
    computation = Computation("evaluate", f"evaluate {run.path} {split}")
    if not computation.started:
        with st.container(border=True):
            st.markdown(f"This run has not been evaluated on its {SPLIT_NAMES[split].lower()} photos yet.")
            st.button(
                "Evaluate now",
                type="primary",
                icon=":material/fact_check:",
                key="evaluate-now",
                on_click=computation.start,
            )
        return None
    cache = frame.workspace().cache / "resized"
    arguments = {"run": str(run.path), "split": split, "cache": str(cache)}
    computation.result(lambda: Request("evaluate", arguments), unit="photo")
    return run.report(split)


def headline(run: RunFolder, report: Report) -> None:
    """Draw the accuracy in large type, with its interval and the number of photos, and the verdict."""
    beside = final_exam.beside(run, report)
    found = verdict_view.judge(run, report)
    baseline = found.baseline if found else 1 / max(1, len(report.classes))
    left, right = st.columns([1, 2], vertical_alignment="center")
    with left:
        value = "–" if report.accuracy.value is None else f"{report.accuracy.value:.1%}"
        st.metric(
            "Accuracy",
            value,
            help=explained("accuracy", "confidence interval"),
            **beside,
        )
    with right:
        colors = palette(frame.is_dark())
        figure = report_charts.accuracy_strip(report.accuracy, baseline, colors)
        st.plotly_chart(figure, key="accuracy-strip", config=STATIC, alt=str(report.accuracy))
    parts = [
        f"{report.accuracy.correct} of {counted(report.n, 'photo')} correct; "
        f"95% confidence interval {format_interval(report.accuracy)}"
        f"{'' if report.over_groups is None else ', over photos'}."
    ]
    if report.top5 is not None and report.top5.value is not None:
        parts.append(f"Top-5 accuracy: {report.top5.value:.1%}.")
    if report.macro_f1 is not None:
        parts.append(f"Macro F1 (mean over the classes): {report.macro_f1:.1%}.")
    st.caption(" ".join(parts), help=explained("confidence interval", "F1"))
    if report.computed:
        st.caption(f"Computed by the run itself, from its {report.computed}.")
    exam_line.show(run, report, beside.get("delta", ""))
    verdict_view.show(run, report, brief=True)


def per_class(report: Report) -> None:
    """Draw a dot and an interval for each class, and the table of all figures."""
    measures: tuple[report_charts.Measure, ...] = ("recall", "precision", "f1")
    measure = st.segmented_control(
        "Metric",
        measures,
        default="recall",
        required=True,
        format_func=report_charts.MEASURES.__getitem__,
        key="measure",
        label_visibility="collapsed",
    )
    st.markdown(report_charts.MEANING[measure], help=explained("recall", "precision", "F1"))
    figure = report_charts.class_dots(report.per_class, measure, palette(frame.is_dark()))
    alt = f"{report_charts.MEASURES[measure]} of each class with its interval; the table below has the same figures"
    st.plotly_chart(figure, key=f"dots-{measure}", config=STATIC, alt=alt)
    which = "predicted as that class" if measure == "precision" else "with that label"
    st.caption(
        f"Beside each class: the number of photos {which}. "
        "The bar is the 95% confidence interval: the fewer photos, the wider the bar."
    )
    st.dataframe(
        class_table(report),
        hide_index=True,
        height="content" if len(report.classes) <= 15 else 560,
        column_config={"class": "Class", "photos": "Photos"},
    )


def class_table(report: Report) -> pd.DataFrame:
    """Return one row per class: its photos, then each rate with its interval; precision shows its own denominator."""
    return pd.DataFrame(
        [
            {
                "class": entry.name,
                "photos": entry.n,
                **{
                    name: format_rate(getattr(entry, key), with_n=key == "precision")
                    for key, name in report_charts.MEASURES.items()
                },
            }
            for entry in report.per_class
        ]
    )


def format_rate(rate: Rate, with_n: bool = False) -> str:
    """Return ``92% (78 to 97%)``, with the number of photos ``92% of 25 (78 to 97%)``; a dash without photos."""
    of = f" of {rate.n:,}" if with_n else ""
    return "–" if rate.value is None else f"{rate.value:.0%}{of} ({format_interval(rate)})"


def format_interval(rate: Rate) -> str:
    """Return the 95% interval as ``78 to 97%``, or a dash where there is none."""
    return "–" if rate.low is None or rate.high is None else f"{100 * rate.low:.0f} to {rate.high:.0%}"
