""" "None of these" on the page: how far photos are from the training photos, and the limit beyond which none fits."""

import numpy as np
import streamlit as st

from core.inspection.doubt.curves import class_curves
from core.inspection.doubt.foreign_photos import FEWEST_PHOTOS, read_scores, with_limit
from core.inspection.measuring.report import Rate
from core.models.decision import Foreign
from core.workers.pool import Request
from pages.components.computing.computation import Computation
from pages.components.evaluate import predicted_photos
from pages.components.evaluate.doubt import doubt_charts, foreign_set, saving
from pages.components.evaluate.doubt.validation_answers import ValidationAnswers
from pages.components.evaluate.run_report import format_interval
from pages.components.glossary.terms import explained
from pages.components.shared import frame
from pages.components.shared.charts import palette
from pages.components.shared.wording import counted
from pages.components.train.split_counts import counts_of

STATIC = {"displayModeBar": False}
ACCEPTED = (80, 85, 90, 95, 98, 99, 100)
"""Shares of the validation photos that a limit accepts, in per cent."""


def show(found: ValidationAnswers) -> None:
    """Draw the distances of the validation photos, the limit, and a set of foreign photos to try it on."""
    st.markdown(
        "A model must choose one of its classes, even for a photo of something else, and it may be very sure. "
        "How far the photo is from all training photos says more."
    )
    fitted = found.decision.foreign
    scores = None if fitted is None else _scores(found, fitted)
    if fitted is None or scores is None:
        _offer(found, again=fitted is not None)
        return
    limited = _choose_limit(found, fitted, scores)
    foreign = foreign_set.choose(found.run, fitted)
    distances = np.array([one.distance for one in foreign])
    _figures(scores, distances, limited.limit)
    names = ("validation photos", "foreign photos")
    st.plotly_chart(
        doubt_charts.distance_histogram(scores, distances, limited.limit, palette(frame.is_dark()), names),
        key="doubt-distances",
        config=STATIC,
        alt=f"Distances: validation photos {_spoken(scores)}"
        + (f"; foreign photos {_spoken(distances)}" if len(distances) else "")
        + f"; the limit is {limited.limit:.2f}",
    )
    _save_row(found, fitted, limited)
    if foreign:
        foreign_set.wall_of(foreign, limited.limit)
    _own_beyond(found, scores, limited.limit)


def _scores(found: ValidationAnswers, fitted: Foreign) -> np.ndarray | None:
    """Return the scores [N] of the validation photos; None if they are not those of this model and these photos."""
    scores = read_scores(found.run.path)
    if scores is None or len(scores) != found.n or abs((scores <= fitted.limit).mean() - fitted.accepted) > 1e-6:
        return None
    return scores


def _offer(found: ValidationAnswers, again: bool) -> None:
    """Draw the button that measures the distances in a worker process, or its progress."""
    counts = counts_of(found.run)
    training = int(counts["train"].sum())
    if min(training, found.n) < FEWEST_PHOTOS:
        st.info(
            f"This needs at least {FEWEST_PHOTOS} training photos and {FEWEST_PHOTOS} validation photos; "
            f"this run has {training} and {found.n}. Add photos, then train again.",
            icon=":material/info:",
        )
        return
    computation = Computation("doubt-distances", f"fit-foreign {found.run.path} {found.version}")
    if computation.started:
        arguments = {"run": str(found.run.path), "cache": str(frame.workspace().cache / "resized")}
        computation.result(lambda: Request("fit-foreign", arguments), unit="photo")
        st.rerun()
    with st.container(border=True):
        st.markdown(
            "Distances have not been measured for this run yet. The limit is saved with the model: photos farther "
            "away than 95% of the validation photos are then **unsure**."
            if not again
            else "The distances of the validation photos are not stored here. Measure them again to change the limit."
        )
        st.button(
            "Measure distances",
            type="primary",
            icon=":material/straighten:",
            key="doubt-distances-start",
            disabled=saving.locked(found.run),
            on_click=computation.start,
        )
    saving.locked_note(found.run)


def _choose_limit(found: ValidationAnswers, fitted: Foreign, scores: np.ndarray) -> Foreign:
    """Draw the slider of the accepted share, at first at the saved limit; return the score with that limit."""
    now = f"saved ({fitted.accepted:.0%})"
    chosen = st.select_slider(
        "Accept this share of the validation photos",
        [now, *(f"{share}%" for share in ACCEPTED)],
        value=now,
        key=f"doubt-accepted-{found.run.id}-{fitted.limit:.6g}",
        help="The limit is the distance that this share of the validation photos does not exceed. A smaller share "
        f"finds more foreign photos, and leaves more of your own to a person.\n\n{explained('none of these')}",
    )
    return fitted if chosen == now else with_limit(fitted, scores, float(chosen.rstrip("%")) / 100)


def _figures(own: np.ndarray, foreign: np.ndarray, limit: float) -> None:
    accepted = Rate.of(int((own <= limit).sum()), len(own))
    found = Rate.of(int((foreign > limit).sum()), len(foreign))
    curves = class_curves(np.concatenate([foreign, own]), np.arange(len(foreign) + len(own)) < len(foreign))
    parts = [
        f"{accepted.correct:,} of {counted(accepted.n, 'validation photo')} accepted "
        f"(95% confidence interval {format_interval(accepted)})"
    ]
    with st.container(horizontal=True, gap="large"):
        st.metric("Own photos accepted", "–" if accepted.value is None else f"{accepted.value:.0%}")
        if found.value is not None and curves is not None:
            st.metric("Foreign photos found", f"{found.value:.0%}")
            st.metric(
                "Area under the ROC curve",
                f"{curves.roc.value:.2f}",
                help="How often a foreign photo is farther away than one of your own, whatever the limit. "
                "1 is perfect, 0.5 is guessing.",
            )
            parts += [
                f"{found.correct:,} of {counted(found.n, 'foreign photo')} found ({format_interval(found)})",
                f"area under the ROC curve {curves.roc.value:.2f} ({curves.roc.low:.2f} to {curves.roc.high:.2f})",
            ]
    st.caption(f"{'; '.join(parts)}.")


def _save_row(found: ValidationAnswers, fitted: Foreign, limited: Foreign) -> None:
    changed = limited != fitted
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Save with the model",
            type="primary" if changed else "secondary",
            disabled=not changed or saving.locked(found.run),
            key="doubt-foreign-save",
            on_click=saving.change,
            args=(found.run, "Saved. Predictions, exports and the demo now use this limit."),
            kwargs={"foreign": limited.model_dump()},
        )
        st.button(
            "Remove",
            disabled=saving.locked(found.run),
            key="doubt-foreign-clear",
            on_click=saving.change,
            args=(found.run, '"None of these" was removed from the model.'),
            kwargs={"foreign": None},
        )
        st.markdown(f"Saved limit: **{fitted.limit:.2f}**. Photos beyond it are unsure.", width="content")
    saving.locked_note(found.run)


def _own_beyond(found: ValidationAnswers, scores: np.ndarray, limit: float) -> None:
    """Draw the validation photos beyond the limit, the farthest first."""
    beyond = np.flatnonzero(scores > limit)
    if not len(beyond):
        return
    order = beyond[np.argsort(-scores[beyond], kind="stable")]
    st.markdown(
        f"**{counted(len(order), 'validation photo')} beyond the limit**, the farthest first. They may be unusual, or "
        "not belong to the project at all."
    )
    rows = found.rows(found.answers(found.decision), order)
    rows = rows.assign(distance=scores[order[: len(rows)]])
    predicted_photos.photos(
        found.run,
        rows,
        key=f"doubt-beyond-{found.run.id}",
        note=lambda row: f"distance {row['distance']:.2f}, label: {row['label']}",
    )


def _spoken(distances: np.ndarray) -> str:
    low, middle, high = np.quantile(distances, [0.05, 0.5, 0.95])
    return f"{low:.2f} to {high:.2f}, half of them below {middle:.2f}"
