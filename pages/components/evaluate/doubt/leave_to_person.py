"""Leave doubtful photos to a person: a limit, what it leaves, and how accurate the remaining answers are."""

import numpy as np
import streamlit as st

from core.inspection.doubt.selective import Answered, RiskCoverage, answered, confidence_for_accuracy, risk_coverage
from core.inspection.measuring.report import Rate
from pages.components.evaluate import predicted_photos
from pages.components.evaluate.doubt import doubt_charts, saving
from pages.components.evaluate.doubt.validation_answers import ValidationAnswers
from pages.components.evaluate.run_report import format_interval
from pages.components.glossary.terms import explained
from pages.components.shared import frame
from pages.components.shared.charts import palette
from pages.components.shared.wording import counted

STATIC = {"displayModeBar": False}
STEPS = (0, *range(20, 90, 5), *range(90, 100), 99.5, 99.9, 99.99)
"""Limits in per cent: finer near 100%, where most confidences are."""
AIMS = (0.9, 0.95, 0.99)
FEWEST_ANSWERED = 20
"""Of fewer photos, all may be correct by chance."""


def show(found: ValidationAnswers) -> None:
    """Draw the slider, the figures of the answered photos, the curve, the buttons, and the photos that are left."""
    st.markdown(
        "A model does not have to answer every photo. Below a confidence, it can say **unsure** and leave the photo "
        "to a person."
    )
    saved = found.decision.leave_below
    answers = found.answers(found.with_changes(leave_below=None))
    confidence, correct = found.confidence(answers), answers.chosen == found.labels
    limit = _slider(found, saved)
    curve = risk_coverage(confidence, correct)
    choice = answered(confidence, correct, limit)
    _figures(choice)
    _save_row(found, saved, limit, choice)
    st.plotly_chart(
        doubt_charts.risk_chart(curve, choice, palette(frame.is_dark())),
        key="doubt-risk",
        config=STATIC,
        alt=f"Risk-coverage curve: {_spoken(curve)}",
    )
    st.caption(f"{_aims(curve)}Area under the curve (AURC, lower is better): {curve.area:.1%}.")
    if found.decision.foreign is not None:
        st.caption('Photos that are unsure because of "none of these" are not counted here.')
    left = np.flatnonzero(confidence < limit)
    if not len(left):
        st.caption("No photo would be left to a person.")
        return
    order = left[np.argsort(confidence[left], kind="stable")]
    wrong = int((~correct[left]).sum())
    st.markdown(
        f"**{counted(len(left), 'photo')} would be left to a person.** The model would be wrong on {wrong} of them."
    )
    predicted_photos.photos(found.run, found.rows(answers, order), key=f"doubt-left-{found.run.id}")


def _slider(found: ValidationAnswers, saved: float | None) -> float:
    """Draw the slider of the limit, at first at the saved one; return it as a share."""
    current = 0.0 if saved is None else 100 * saved
    options = sorted({*map(float, STEPS), round(current, 4)})
    key = f"doubt-limit-{found.run.id}-{round(current, 4):g}"  # starts anew where another limit is saved
    chosen = st.select_slider(
        "Leave to a person below",
        options,
        value=round(current, 4),
        format_func=lambda value: f"{value:g}%",
        key=key,
    )
    return (saved or 0.0) if chosen == round(current, 4) else float(chosen) / 100


def _figures(choice: Answered) -> None:
    rate = Rate.of(choice.correct, choice.answered)
    with st.container(horizontal=True, gap="large"):
        st.metric("Answered", f"{choice.share:.0%}", help="The share of validation photos that the model answers.")
        st.metric(
            "Accuracy of the answered",
            "–" if rate.value is None else f"{rate.value:.1%}",
            help=explained("accuracy", "confidence interval"),
        )
        st.metric("Left to a person", f"{choice.left:,}")
    if not choice.answered:
        st.caption(f"None of {counted(choice.n, 'validation photo')} reaches this confidence.")
        return
    st.caption(
        f"{choice.answered:,} of {counted(choice.n, 'validation photo')} answered, {choice.correct:,} of them "
        f"correct; 95% confidence interval of the accuracy {format_interval(rate)}."
    )


def _save_row(found: ValidationAnswers, saved: float | None, limit: float, choice: Answered) -> None:
    wanted = limit or None
    with st.container(horizontal=True, vertical_alignment="center"):
        changed = wanted != saved
        st.button(
            "Save with the model",
            type="primary" if changed else "secondary",
            disabled=not changed or saving.locked(found.run),
            key="doubt-limit-save",
            on_click=saving.change,
            args=(found.run, "Saved. Predictions, exports and the demo now use this limit."),
            kwargs={"leave_below": wanted},
        )
        if saved is not None:
            st.button(
                "Answer every photo",
                disabled=saving.locked(found.run),
                key="doubt-limit-clear",
                on_click=saving.change,
                args=(found.run, "The limit was removed: the model answers every photo."),
                kwargs={"leave_below": None},
            )
        st.markdown(
            "No limit is saved: every photo gets an answer."
            if saved is None
            else f"Saved limit: **{100 * saved:g}%**. Predictions, exports and the demo say unsure below it.",
            width="content",
        )
    saving.locked_note(found.run)


def _aims(curve: RiskCoverage) -> str:
    """Say which limits reach which accuracies on these photos, unless only a few photos are answered then."""
    parts: dict[float, str] = {}
    for aim in AIMS:
        limit = confidence_for_accuracy(curve, aim)
        if limit is None or limit <= curve.leave_below[-1]:
            continue
        place = int(np.flatnonzero(curve.leave_below == limit)[0])
        if curve.answered[place] >= FEWEST_ANSWERED:
            parts[limit] = f"{aim:.0%} correct from a limit of {limit:.1%} ({curve.coverage[place]:.0%} answered)"
    return f"On these photos: {'; '.join(parts.values())}. " if parts else ""


def _spoken(curve: RiskCoverage) -> str:
    """Return the curve in words, for screen readers."""
    places = [int(np.searchsorted(curve.coverage, share)) for share in (0.25, 0.5, 0.75, 1.0)]
    some = sorted({min(place, len(curve.risk) - 1) for place in places})
    return "; ".join(f"{curve.coverage[at]:.0%} answered, {curve.risk[at]:.1%} of them wrong" for at in some)
