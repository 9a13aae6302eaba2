"""The view Thresholds: the curves of a class, what its mistakes cost, and the threshold at which they cost least."""

from typing import Any

import pandas as pd
import streamlit as st

from core.inspection.doubt.costs import BestThreshold, CostCurve, Errors, best_threshold, cost_curve, errors_of
from core.inspection.doubt.costs import errors_on_unseen as judged_by_others
from core.inspection.doubt.curves import Area, ClassCurves, class_curves
from core.inspection.measuring.report import Report
from core.models.decision import Decision
from core.runs.folder import RunFolder
from pages.components.evaluate import report_charts
from pages.components.evaluate.doubt import loading, saving, threshold_charts
from pages.components.evaluate.doubt.validation_answers import ValidationAnswers
from pages.components.glossary.terms import explained
from pages.components.shared import frame
from pages.components.shared.charts import palette
from pages.components.shared.wording import counted, plain

STATIC = {"displayModeBar": False}
MAX_MATRIX = 10
"""Most classes with which the confusion matrices show every class; with more, the chosen class and all others."""
MOST_COST = 10_000.0
CLASS, COST = "threshold-class", "threshold-cost"


def show(run: RunFolder, split: str) -> None:
    """Draw the choice of a class and its curves, the cost, the threshold that it gives, and what that changes."""
    found = loading.validation_answers(run, split)
    if found is None:
        return
    if len(found.classes) < 2:
        st.info("A model with a single class has no threshold. Choose another run.", icon=":material/info:")
        return
    st.markdown(
        "The model predicts the most likely class. If missing one class is worse than a false alarm, predict that "
        "class already at a lower probability."
    )
    saved = found.decision.threshold
    saving.locked_note(run)
    _saved_line(found)
    fields = st.container(horizontal=True, vertical_alignment="bottom")
    with fields:
        name = _choose_class(found)
    index = found.classes.index(name)
    plain_answers = found.answers(found.with_changes(threshold=None))
    scores, own = plain_answers.probabilities[:, index], found.labels == index
    version = f"{found.version} {found.decision.scale} {index}"
    curves = _curves(scores, own, version)
    if curves is None:
        st.info(
            f"{'All' if own.all() else 'None of the'} {counted(found.n, 'validation photo')} "
            f"{'have' if own.all() else 'has'} the label {plain(name)}, so there is nothing to compare. "
            "Choose another class, or add photos and train again.",
            icon=":material/info:",
        )
        return
    with fields:
        cost = _cost_field(found, name)
    best = best_threshold(scores, own, cost)
    assert best is not None  # there are photos of both kinds
    _draw_curves(curves, best.at, name)
    unseen = judged_by_others(scores, own, cost)
    now = errors_of(plain_answers.chosen == index, own)
    _result(found, name, cost, best, now, unseen)
    _draw_cost(cost_curve(scores, own, cost), best, now.cost(cost), name)
    threshold = {"class_name": name, "at": best.at, "miss_cost": cost, "false_alarm_cost": 1.0}
    with_threshold = found.answers(found.with_changes(threshold=threshold))
    _save_button(found, threshold, saved is not None)
    _matrices(found, index, found.report(plain_answers.chosen), found.report(with_threshold.chosen))


def _saved_line(found: ValidationAnswers) -> None:
    """Say which threshold is saved, and draw the button that removes it."""
    saved = found.decision.threshold
    if saved is None:
        st.caption("Saved with this model: the most likely class.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"Saved with this model: predict **{plain(saved.class_name)}** from a probability of **{saved.at:.1%}** "
            f"(a missed photo costs as much as {saved.miss_cost / saved.false_alarm_cost:g} false alarms).",
            width="content",
        )
        st.button(
            "Remove the threshold",
            disabled=saving.locked(found.run),
            icon=":material/undo:",
            key="threshold-clear",
            on_click=saving.change,
            args=(found.run, "The threshold was removed: the model predicts the most likely class."),
            kwargs={"threshold": None},
        )


def _choose_class(found: ValidationAnswers) -> str:
    """Draw the choice of a class: at first the saved one, else the one that is missed most."""
    saved = found.decision.threshold
    if saved is not None and saved.class_name in found.classes:
        first = found.classes.index(saved.class_name)
    else:
        wrong = found.answers(Decision()).chosen != found.labels
        missed = [int((wrong & (found.labels == place)).sum()) for place in range(len(found.classes))]
        first = missed.index(max(missed))
    name: str = st.selectbox(
        "Class",
        found.classes,
        index=first,
        key=f"{CLASS}-{found.run.id}",
        width=320,
        help=explained("threshold", "false alarm"),
    )
    return name


def _cost_field(found: ValidationAnswers, name: str) -> float:
    """Draw the field of the cost of a missed photo, in false alarms; at first the saved one."""
    saved = found.decision.threshold
    same = saved is not None and saved.class_name == name
    first = saved.miss_cost / saved.false_alarm_cost if saved is not None and same else 10.0
    cost: float = st.number_input(
        f"A missed photo of {plain(name)} costs as much as … false alarms",
        min_value=0.01,
        max_value=MOST_COST,
        value=min(MOST_COST, max(0.01, float(first))),
        step=1.0,
        format="%g",
        key=f"{COST}-{found.run.id}-{name}",
        width=420,
        help="A missed photo has this label but gets another answer. A false alarm has another label but gets this "
        "answer. Below 1, a false alarm is worse.",
    )
    return cost


@st.cache_data(max_entries=64, show_spinner=False)
def _curves(_scores: Any, _own: Any, version: str) -> ClassCurves | None:
    return class_curves(_scores, _own)


def _draw_curves(curves: ClassCurves, at: float, name: str) -> None:
    """Draw both curves side by side, each with its area and interval."""
    colors = palette(frame.is_dark())
    left, right = st.columns(2)
    with left:
        st.plotly_chart(
            threshold_charts.roc_chart(curves, at, colors),
            key="threshold-roc",
            config=STATIC,
            alt=f"ROC curve of {name}. {area_text('Area', curves.roc)}",
        )
        st.caption(area_text("Area under the curve", curves.roc), help=explained("ROC curve"))
    with right:
        st.plotly_chart(
            threshold_charts.precision_recall_chart(curves, at, colors),
            key="threshold-precision",
            config=STATIC,
            alt=f"Precision and recall of {name}. {area_text('Average precision', curves.average_precision)}",
        )
        st.caption(area_text("Average precision", curves.average_precision), help=explained("average precision"))
    st.caption(
        f"{counted(curves.positives, 'validation photo')} of {plain(name)} and {counted(curves.negatives, 'other')}. "
        "The dot is the threshold found below; the dotted line is guessing."
    )


def area_text(title: str, area: Area) -> str:
    """Return an area with its interval: ``Area: 0.93 (0.85 to 0.97)``."""
    if area.low is None or area.high is None:
        return f"{title}: {area.value:.3f}. Without a mistake there is no interval."
    return f"{title}: {area.value:.3f} (95% confidence interval {area.low:.3f} to {area.high:.3f})."


def _result(
    found: ValidationAnswers, name: str, cost: float, best: BestThreshold, now: Errors, unseen: Errors | None
) -> None:
    """Draw the threshold and the table of mistakes and costs."""
    st.markdown(f"## Predict {plain(name)} from a probability of {best.at:.1%}")
    columns = {"": [f"Missed {name}", "False alarms", "Cost"], "Most likely class": _cells(now, cost)}
    columns[f"From {best.at:.1%}"] = _cells(best.errors, cost)
    if unseen is not None:
        columns["On unseen photos"] = _cells(unseen, cost)
    st.dataframe(pd.DataFrame(columns), hide_index=True, height="content")
    notes = [
        f"On these {counted(found.n, 'validation photo')}, every threshold from {best.low:.1%} to {best.high:.1%} "
        "costs the same.",
        f"With exact probabilities, {best.if_calibrated:.1%} would be right.",
    ]
    if unseen is not None:
        notes.append(
            "On unseen photos: each fifth of the photos is judged by a threshold that the other photos have chosen. "
            "This is what to expect on new photos."
        )
        if unseen.cost(cost) >= now.cost(cost):
            st.warning(
                "On unseen photos, the threshold costs no less than the most likely class. "
                "There may be too few photos to find one.",
                icon=":material/info:",
            )
    st.caption(" ".join(notes))


def _cells(errors: Errors, cost: float) -> list[str]:
    return [
        f"{errors.missed:,} of {errors.positives:,}",
        f"{errors.false_alarms:,} of {errors.negatives:,}",
        f"{errors.cost(cost):,.6g}",
    ]


def _draw_cost(curve: CostCurve, best: BestThreshold, now: float, name: str) -> None:
    st.plotly_chart(
        threshold_charts.cost_chart(curve, best.at, now, palette(frame.is_dark())),
        key="threshold-cost-chart",
        config=STATIC,
        alt=f"Cost of every threshold for {name}: {best.cost:,.6g} from {best.at:.1%}, {now:,.6g} with the most "
        "likely class",
    )


def _save_button(found: ValidationAnswers, threshold: dict[str, Any], replaces: bool) -> None:
    same = found.decision.threshold is not None and found.decision.threshold.model_dump() == threshold
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Save with the model",
            type="secondary" if same else "primary",
            disabled=same or saving.locked(found.run),
            key="threshold-save",
            on_click=saving.change,
            args=(found.run, "Saved. Predictions, exports and the demo now use this threshold."),
            kwargs={"threshold": threshold},
        )
        st.markdown(
            "This threshold is saved."
            if same
            else "It replaces the saved threshold."
            if replaces
            else "Predictions, exports and the demo then use it.",
            width="content",
        )


def _matrices(found: ValidationAnswers, index: int, before: Report, after: Report) -> None:
    """Draw the confusion matrices before and after, side by side."""
    st.markdown("## What changes")
    if len(found.classes) > MAX_MATRIX:
        before, after = two_classes(before, index), two_classes(after, index)
        st.caption("The chosen class against all others, because there are many classes.")
    left, right = st.columns(2)
    for place, report, title, key in (
        (left, before, "Most likely class", "threshold-before"),
        (right, after, "With the threshold", "threshold-after"),
    ):
        with place:
            st.markdown(f"**{title}**: {report.accuracy.correct:,} of {counted(report.n, 'photo')} correct")
            st.plotly_chart(
                report_charts.confusion_matrix(report, palette(frame.is_dark())),
                key=key,
                config=STATIC,
                alt=f"Confusion matrix, {title.lower()}: {matrix_in_words(report)}",
            )


def two_classes(report: Report, index: int) -> Report:
    """Return a report of one class against all others."""
    from core.inspection.measuring.report import count

    cells = report.confusion
    own = cells[index][index]
    missed = sum(cells[index]) - own
    alarms = sum(row[index] for row in cells) - own
    rest = report.n - own - missed - alarms
    truths = [0] * (own + missed) + [1] * (alarms + rest)
    chosen = [0] * own + [1] * missed + [0] * alarms + [1] * rest
    names = (report.classes[index], "all other classes")
    return count(names, truths, pd.get_dummies(pd.Categorical(chosen, [0, 1])).to_numpy(float), split=report.split)


def matrix_in_words(report: Report) -> str:
    """Return the mistakes of a confusion matrix in words, the most frequent first."""
    cells = [
        (number, label, chosen)
        for label, row in zip(report.classes, report.confusion, strict=True)
        for chosen, number in zip(report.classes, row, strict=True)
        if label != chosen and number
    ]
    cells.sort(key=lambda cell: -cell[0])
    named = [f"{number} labelled {label} predicted as {chosen}" for number, label, chosen in cells[:12]]
    return "; ".join(named) or "no mistakes"
