"""The result of a cross-validation: accuracy, a random split beside whole groups, folds, confusions, mistakes."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from core.inspection.cross_validation import words
from core.inspection.cross_validation.cross_validate import WRONG
from core.inspection.cross_validation.result import CrossValidation
from core.runs.folder import RunFolder
from pages.components.evaluate import confusion_matrix, predicted_photos, report_charts
from pages.components.evaluate.cross_validation import fold_charts
from pages.components.glossary.terms import explained
from pages.components.shared import frame
from pages.components.shared.charts import palette
from pages.components.shared.wording import counted, plain

STATIC = {"displayModeBar": False}
FOLDS, MATRIX, MISTAKES = "Folds", "Confusion matrix", "Mistakes"


def show(run: RunFolder, result: CrossValidation, predictions: pd.DataFrame, key: str) -> None:
    """Draw the result; ``key`` tells its widgets from those of other results."""
    _headline(result)
    for remark in result.remarks:
        st.info(plain(remark), icon=":material/info:")
    if result.random is not None:
        _comparison(result)
    elif result.grouped_by != "user":
        with st.container(key="cross-groups"):
            st.caption(
                "Do several photos show the same person, place or day? Set groups on the Data page. They then stay "
                "together, and the result says how much of the accuracy is left for new ones."
            )
            frame.link("Data", "Set groups", width="content")
    part = st.segmented_control(
        "Details",
        (FOLDS, MATRIX, MISTAKES),
        default=FOLDS,
        required=True,
        key="cross-part",
        label_visibility="collapsed",
    )
    draw: dict[str, Callable[[], None]] = {
        FOLDS: lambda: _folds(result),
        MATRIX: lambda: confusion_matrix.show(run, result.report, predictions),
        MISTAKES: lambda: _mistakes(run, result, predictions, key),
    }
    draw[str(part)]()


def _headline(result: CrossValidation) -> None:
    accuracy = result.estimate.accuracy
    guessing = max(sum(row) for row in result.report.confusion) / max(1, result.n)
    left, right = st.columns([1, 2], vertical_alignment="center")
    with left:
        st.metric(
            "Accuracy in cross-validation",
            "–" if accuracy.value is None else f"{accuracy.value:.1%}",
            help=explained("accuracy", "cross-validation", "confidence interval"),
        )
    with right:
        over = result.estimate.over_groups
        if over is not None and over.low is not None:  # the wider one, which holds for new groups
            accuracy = accuracy.model_copy(update={"low": over.low, "high": over.high})
        figure = report_charts.accuracy_strip(accuracy, guessing, palette(frame.is_dark()))
        st.plotly_chart(figure, key="cross-strip", config=STATIC, alt=str(accuracy))
    sentences = (words.photos_sentence(result), words.grouping_sentence(result), words.interval_sentence(result))
    st.caption(" ".join(sentence for sentence in sentences if sentence), help=explained("confidence interval"))


def _comparison(result: CrossValidation) -> None:
    """Draw what a random split would have claimed, beside what holds for new groups, and why they differ."""
    assert result.random is not None
    with st.container(border=True, key="cross-comparison"):
        sentence = words.comparison_sentence(result)
        st.markdown(f"**{sentence}** {words.difference_sentence(result)}")
        st.plotly_chart(
            fold_charts.comparison_strip(result.random, result.estimate, palette(frame.is_dark())),
            key="cross-comparison-chart",
            config=STATIC,
            alt=sentence,
        )
        st.caption(f"{words.WHY_GROUPS} Both have the same photos, and folds of the same sizes.")


def _folds(result: CrossValidation) -> None:
    colors = palette(frame.is_dark())
    mean = result.estimate.accuracy.value
    first = result.estimate.repeats[0].folds
    rows = [(f"fold {place}", rate) for place, rate in enumerate(first, start=1)]
    spread = ", ".join(f"{name}: {'–' if rate.value is None else f'{rate.value:.0%}'}" for name, rate in rows)
    st.plotly_chart(
        fold_charts.rate_rows(rows, colors, mean), key="cross-folds-chart", config=STATIC, alt=f"Accuracy. {spread}"
    )
    st.caption(
        "In brackets: the number of photos in the fold. The bar is the 95% confidence interval, the dashed line the "
        "accuracy of all photos together."
    )
    if len(result.estimate.repeats) > 1:
        repeats = [(f"repeat {place}", one.accuracy) for place, one in enumerate(result.estimate.repeats, start=1)]
        st.plotly_chart(
            fold_charts.rate_rows(repeats, colors, mean),
            key="cross-repeats-chart",
            config=STATIC,
            alt="Accuracy. " + ", ".join(f"{name}: {rate.value or 0:.0%}" for name, rate in repeats),
        )
        st.caption("The same photos in other folds. The folds above and the mistakes are those of repeat 1.")


def _mistakes(run: RunFolder, result: CrossValidation, predictions: pd.DataFrame, key: str) -> None:
    wrong = predicted_photos.mistakes(predictions)
    if wrong.empty:
        st.success(f"No mistakes in {counted(result.n, 'photo')}.")
        return
    repeats = len(result.estimate.repeats)
    always = int((wrong[WRONG] == repeats).sum())
    more = f" {counted(always, 'photo')} wrong in all {repeats} repeats." if repeats > 1 else ""
    st.markdown(
        f"{counted(len(wrong), 'photo')} predicted wrongly by models that had not seen them, the most confident first."
        f"{more} Look at the photo before you blame the model: sometimes the label is wrong."
    )

    def note(row: pd.Series) -> str:
        return f"label: {row['label']}, wrong in {row[WRONG]} of {repeats}"

    predicted_photos.photos(run, wrong, key=f"cross-mistakes-{key}", note=note if repeats > 1 else None)
