"""Sets of likely classes on the page: how often they hold the true class, how large they are, and examples."""

import numpy as np
import pandas as pd
import streamlit as st

from core.inspection.deciding.decide import softmax
from core.inspection.doubt.conformal import Coverage, coverage, permitted_levels, sets_at
from core.inspection.doubt.temperature import cross_fitted
from core.models.decision import LEVELS
from pages.components.evaluate import predicted_photos
from pages.components.evaluate.doubt import doubt_charts, saving
from pages.components.evaluate.doubt.validation_answers import ValidationAnswers
from pages.components.evaluate.run_report import format_interval, format_rate
from pages.components.glossary.terms import explained
from pages.components.shared import frame
from pages.components.shared.charts import palette
from pages.components.shared.wording import counted

STATIC = {"displayModeBar": False}
NEEDED = {90: 9, 95: 19, 99: 99}
"""Validation photos for each level, in per cent."""
LONGEST = 4
"""Classes of a set that a card shows."""


def show(found: ValidationAnswers) -> None:
    """Draw the choice of a level, how well its sets cover, and photos whose set has more than one class."""
    st.markdown(
        "Instead of one class, name **all likely classes**: enough to include the true class for 90 of 100 photos. "
        "Clear photos get one class, doubtful ones several.",
        help=explained("set of likely classes"),
    )
    levels = permitted_levels(found.n)
    if not levels:
        st.info(
            f"Sets need at least {NEEDED[90]} validation photos; this run has {found.n}. Add photos, then train again.",
            icon=":material/info:",
        )
        return
    if not found.decision.conformal:
        st.markdown("The sets of this model have not been fitted yet.")
        saving.fit_button(found, "Fit the sets on the validation photos")
        return
    level = _choose_level(found, levels)
    covered = _coverage(found, found.version, level)
    if covered is None:
        st.info(
            f"To check the {level}% sets, one more validation photo is needed, because each is checked by the others. "
            "Add photos, then train again.",
            icon=":material/info:",
        )
    else:
        _figures(covered, level)
    _save_row(found, level)
    if covered is not None:
        _sizes_and_classes(found, covered, level)
    _examples(found, level)


def _choose_level(found: ValidationAnswers, levels: tuple[int, ...]) -> int:
    saved = found.decision.set_level
    level: int = st.segmented_control(
        "Level",
        levels,
        default=saved if saved in levels else levels[0],
        required=True,
        format_func=lambda one: f"{one}%",
        key=f"doubt-level-{found.run.id}",
        help="How often the true class should be in the set. Higher levels need larger sets.",
    )
    missing = [f"{one}% needs {NEEDED[one]} validation photos" for one in LEVELS if one not in levels]
    if missing:
        st.caption(f"{'; '.join(missing)}. This run has {found.n}.")
    return level


@st.cache_data(max_entries=32, show_spinner=False)
def _coverage(_found: ValidationAnswers, version: str, level: int) -> Coverage | None:
    scaled = cross_fitted(_found.logits, _found.labels)
    probabilities = softmax(_found.logits if scaled is None else scaled)
    return coverage(probabilities, _found.labels, _found.classes, level)


def _figures(covered: Coverage, level: int) -> None:
    with st.container(horizontal=True, gap="large"):
        value = covered.overall.value
        st.metric(
            "True class in the set",
            "–" if value is None else f"{value:.1%}",
            help=f"It should be at least about {level}%. Each photo is checked with the limit that the other photos "
            f"give.\n\n{explained('confidence interval')}",
        )
        st.metric("Mean size", f"{covered.mean_size:.2f}", help="Classes in a set, on average. 1 is the smallest.")
        st.metric("More than one class", counted(covered.ambiguous, "photo"))
    st.caption(
        f"The set holds the true class of {covered.overall.correct:,} of "
        f"{counted(covered.overall.n, 'validation photo')}; 95% confidence interval {format_interval(covered.overall)}."
    )


def _save_row(found: ValidationAnswers, level: int) -> None:
    same = found.decision.set_level == level
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Save with the model",
            type="secondary" if same else "primary",
            disabled=same or saving.locked(found.run),
            key="doubt-level-save",
            on_click=saving.change,
            args=(found.run, f"Saved. Predictions now name the {level}% sets."),
            kwargs={"set_level": level},
        )
        st.markdown(
            "Predictions name these sets where they have more than one class."
            if same
            else f"Predictions now name the {found.decision.set_level}% sets.",
            width="content",
        )
    saving.locked_note(found.run)


def _sizes_and_classes(found: ValidationAnswers, covered: Coverage, level: int) -> None:
    left, right = st.columns(2)
    sizes = np.bincount(covered.sizes, minlength=2)
    with left:
        st.plotly_chart(
            doubt_charts.set_sizes(sizes, palette(frame.is_dark())),
            key="doubt-sizes",
            config=STATIC,
            alt="Sizes of the sets: "
            + "; ".join(
                f"{counted(size, 'class', 'classes')}: {counted(int(number), 'photo')}"
                for size, number in enumerate(sizes)
                if number
            ),
        )
    with right:
        st.markdown("**Coverage by class**", help="The level holds for all photos together, not for each class.")
        rows = [
            {"Class": name, "Photos": rate.n, "True class in the set": format_rate(rate)}
            for name, rate in covered.by_class.items()
            if rate.n
        ]
        st.dataframe(pd.DataFrame(rows), hide_index=True, height="content" if len(rows) <= 9 else 360)
        low = [name for name, rate in covered.by_class.items() if rate.high is not None and rate.high < level / 100]
        if low:
            st.caption(
                f"{counted(len(low), 'class', 'classes')} below the level, beyond what chance explains. "
                "Look at the mistakes of these classes."
            )


def _examples(found: ValidationAnswers, level: int) -> None:
    """Draw the photos with more than one class, the largest sets first."""
    limit = found.decision.conformal.get(level)
    if limit is None:
        return
    answers = found.answers(found.with_changes(threshold=None, use_temperature=True))
    sets = sets_at(answers.probabilities, limit)
    sizes = sets.sum(axis=1)
    several = np.flatnonzero(sizes > 1)
    if not len(several):
        st.success("Every set has one class: the model is clear about all validation photos.")
        return
    confidence = answers.probabilities.max(axis=1)
    order = several[np.lexsort((confidence[several], -sizes[several]))]
    st.markdown("**Photos with more than one class**, the largest sets first")
    rows = found.rows(answers, order)
    rows["names"] = [_names(found, answers.probabilities[at], sets[at]) for at in order[: len(rows)]]
    predicted_photos.photos(
        found.run,
        rows,
        key=f"doubt-sets-{found.run.id}-{level}",
        note=lambda row: str(row["names"]),
        side=180,
    )


def _names(found: ValidationAnswers, probabilities: np.ndarray, inside: np.ndarray) -> str:
    """Return the classes of a set, the most likely first: ``owl or duck``."""
    order = [int(at) for at in np.argsort(-probabilities, kind="stable") if inside[at]]
    names = [found.classes[at] for at in order[:LONGEST]]
    more = len(order) - len(names)
    return " or ".join(names) + (f" or {more} more" if more else "")
