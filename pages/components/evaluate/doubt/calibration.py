"""Calibration on the page: the reliability diagram before and after temperature scaling, and the switch for it."""

import numpy as np
import streamlit as st

from core.inspection.deciding.decide import softmax
from core.inspection.doubt.reliability import Binning, Reliability, reliability
from core.inspection.doubt.temperature import FEWEST_PHOTOS, cross_fitted
from core.models.decision import HELPS_NOT
from pages.components.evaluate.doubt import doubt_charts, saving
from pages.components.evaluate.doubt.validation_answers import ValidationAnswers
from pages.components.glossary.terms import explained
from pages.components.shared import frame
from pages.components.shared.charts import palette
from pages.components.shared.wording import counted

STATIC = {"displayModeBar": False}
BINNINGS: dict[Binning, str] = {"equal width": "Equal width", "equal count": "Equal number of photos"}
SWITCH = "doubt-calibrated"

_VERDICTS = {
    "no sign": "These photos show no sign that the confidences are wrong.",
    "too sure": "The model is too sure (overconfident): it is correct less often than its confidences say.",
    "not sure enough": "The model is not sure enough (underconfident): it is correct more often than its confidences "
    "say.",
    "mixed": "Some confidences are too high and others too low.",
}
_HONEST = {
    True: "The calibrated figures are honest: each fifth of the photos is judged by a temperature that only the other "
    "photos have fitted.",
    False: "The calibrated figures are slightly too good: these photos have fitted the temperature themselves.",
}


def show(found: ValidationAnswers) -> None:
    """Draw the switch, both calibration errors, and the diagram of what the switch says."""
    st.markdown(
        "Of all predictions with a confidence of 80%, 80% should be correct. Then the model is **calibrated**.",
        help=explained("calibration", "temperature scaling"),
    )
    on = _switch(found)
    binning: Binning = st.segmented_control(
        "Bins",
        list(BINNINGS),
        default="equal width",
        required=True,
        format_func=BINNINGS.__getitem__,
        key="doubt-binning",
        help="The photos are grouped by confidence. Bins of equal width are usual; bins with equally many photos "
        "measure better where most confidences are near 100%.",
    )
    before, after, honest = _both(found, f"{found.version} {found.decision.temperature}", binning)
    with st.container(horizontal=True, gap="large"):
        for name, one in (("Before calibration", before), ("After calibration", after)):
            if one is not None:
                st.metric(
                    name,
                    f"{one.error:.1%}",
                    help="Expected calibration error: the mean distance between confidence and accuracy, over the "
                    "bins. 0% is perfect.",
                )
    shown, other = (after, before) if on and after is not None else (before, after)
    names = ("after calibration", "before calibration")
    if shown is before:
        names = (names[1], names[0])
    draw = st.success if shown.verdict == "no sign" else st.warning
    draw(_VERDICTS[shown.verdict], icon=":material/check_circle:" if shown.verdict == "no sign" else ":material/info:")
    st.caption(_interval_text(shown, names[0]), help=explained("confidence interval"))
    st.plotly_chart(
        doubt_charts.reliability_diagram(shown, other, palette(frame.is_dark()), names),
        key="doubt-reliability",
        config=STATIC,
        alt=f"Reliability diagram {names[0]}: {_spoken(shown)}",
    )
    st.caption(
        "Dots below the dotted line: too sure. Above it: not sure enough. The bars are 95% confidence intervals. "
        "Below: how many photos have such a confidence." + (f" {_HONEST[honest]}" if after is not None else "")
    )


def _switch(found: ValidationAnswers) -> bool:
    """Draw the switch of the saved temperature, or say why there is none; return whether it is on."""
    temperature = found.decision.temperature
    if temperature is None:
        if found.n < FEWEST_PHOTOS:
            st.info(
                f"Calibration needs at least {FEWEST_PHOTOS} validation photos; this run has {found.n}. "
                "Add photos, then train again.",
                icon=":material/info:",
            )
        else:
            st.markdown("This model has not been calibrated yet.")
            saving.fit_button(found, "Calibrate on the validation photos")
        return False
    st.session_state[SWITCH] = found.decision.use_temperature  # also where another tab has changed it
    on: bool = st.toggle(
        "Use calibrated probabilities",
        key=SWITCH,
        disabled=saving.locked(found.run),
        on_change=saving.switch_temperature,
        args=(found.run, SWITCH),
        help="Saved with the model: predictions, exports and the demo use it. It changes confidences, but not which "
        "class is the most likely.",
    )
    st.caption(
        f"Temperature {temperature:.2f}: {_effect(temperature)}. It was fitted on "
        f"{counted(found.decision.fitted_on.n if found.decision.fitted_on else found.n, 'validation photo')}."
        + (f" {HELPS_NOT}" if not on and HELPS_NOT in found.decision.remarks else "")
    )
    if found.decision.leave_below is not None or found.decision.threshold is not None:
        st.caption("The saved limits were chosen for one position of this switch. Check them after you change it.")
    return on


def _effect(temperature: float) -> str:
    if temperature > 1.02:
        return "confidences become lower"
    return "confidences become higher" if temperature < 0.98 else "confidences hardly change"


@st.cache_data(max_entries=16, show_spinner=False)
def _both(_found: ValidationAnswers, version: str, binning: Binning) -> tuple[Reliability, Reliability | None, bool]:
    """Return the calibration without and with a temperature, None if there is none; and whether the latter is honest.

    It is where other photos have fitted the temperature of each; a few photos are not enough to divide them.
    """
    before = _reliability(_found, _found.logits, binning)
    scaled, temperature = cross_fitted(_found.logits, _found.labels), _found.decision.temperature
    if scaled is not None:
        return before, _reliability(_found, scaled, binning), True
    if temperature is None:
        return before, None, True
    return before, _reliability(_found, _found.logits / temperature, binning), False


def _reliability(found: ValidationAnswers, logits: np.ndarray, binning: Binning) -> Reliability:
    probabilities = softmax(logits)
    return reliability(probabilities.max(axis=1), probabilities.argmax(axis=1) == found.labels, binning=binning)


def _interval_text(shown: Reliability, name: str) -> str:
    return (
        f"{counted(shown.n, 'validation photo')}. Error {name}: 95% confidence interval {shown.low:.1%} to "
        f"{shown.high:.1%} (bootstrap). Few photos inflate it: a perfectly calibrated model would show "
        f"{shown.by_chance:.1%} by chance alone, and up to {shown.at_most_by_chance:.1%}. "
        f"Mean confidence {shown.confidence:.1%}, accuracy {shown.accuracy:.1%}."
    )


def _spoken(shown: Reliability) -> str:
    """Return the diagram in words, for screen readers."""
    parts = [
        f"at {one.confidence:.0%} confidence {one.correct} of {one.n} correct"
        for one in shown.bins
        if one.confidence is not None
    ]
    return "; ".join(parts)
