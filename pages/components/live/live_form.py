"""The settings of the Live page: which class raises an alarm, from which threshold and after how long."""

import re
from collections.abc import Sequence

import streamlit as st

from core.live.settings import METHODS, LiveSettings
from core.live.thresholds import known_threshold
from core.models.decision import Decision
from pages.components.shared.wording import plain, unique_options

NO_ALARM = "No alarm"
USUAL = LiveSettings()
SMOOTHING = {"none": "None", "exponential": "Running mean", "median": "Median"}
CLOSED_WORDS = ("shut", "asleep", "drowsy", "drowsiness")
"""Words in a class's name that say that eyes are closed, besides "closed" itself, so that it is offered first."""


def likely_alarm_class(classes: Sequence[str]) -> str | None:
    """Return the class whose name says that eyes are closed; None if there is not exactly one."""
    found = [name for name in classes if "closed" in name.lower() or _words(name) & set(CLOSED_WORDS)]
    return found[0] if len(found) == 1 else None


def _words(name: str) -> set[str]:
    return set(re.split(r"[\W_]+", name.lower()))


def form(classes: Sequence[str], decision: Decision | None, model: str) -> LiveSettings:
    """Draw the settings and return them; ``model`` keeps the choices of one model apart from those of another."""
    left, middle, right = st.columns(3)
    with left:
        alarm_class = _alarm_class(classes, model)
    with middle:
        smoothing = st.selectbox(
            "Smoothing",
            METHODS,
            index=METHODS.index(USUAL.smoothing),
            format_func=SMOOTHING.__getitem__,
            key="live-smoothing",
            help="Answers to single frames jump. A running mean follows quickly; a median drops odd ones, like blinks.",
        )
    with right:
        seconds = st.number_input(
            "Smooth over seconds",
            min_value=0.1,
            max_value=60.0,
            value=USUAL.smoothing_seconds,
            step=0.1,
            key="live-smoothing-seconds",
            disabled=smoothing == "none",
            help="The time constant of the mean, or the window of the median. Longer is calmer and later.",
        )
    values = {"smoothing": smoothing, "smoothing_seconds": seconds}
    if alarm_class is None:
        return LiveSettings.checked(**values)
    return LiveSettings.checked(
        **values, alarm_class=alarm_class, **_alarm(classes, decision, alarm_class, f"{model}-{alarm_class}")
    )


def _alarm_class(classes: Sequence[str], model: str) -> str | None:
    options = unique_options([(NO_ALARM, None), *((name, name) for name in classes)])
    first = list(options.values()).index(likely_alarm_class(classes))
    named = st.selectbox(
        "Class that raises the alarm",
        list(options),
        index=first,
        key=f"live-alarm-{model}",
        help="For a drowsiness detector: the class that means closed eyes.",
    )
    return options[named]


def _alarm(classes: Sequence[str], decision: Decision | None, alarm_class: str, key: str) -> dict[str, object]:
    known = known_threshold(decision, classes, alarm_class)
    left, middle, right = st.columns(3)
    with left:
        threshold = st.number_input(
            "Threshold",
            min_value=0.0,
            max_value=1.0,
            value=known.at,
            step=0.05,
            format="%.3f",
            key=f"live-threshold-{key}",
            help="From this probability the class counts as seen. An alarm ends 0.1 below it, or at half of it.",
        )
    with middle:
        seconds = st.number_input(
            "Alarm after seconds",
            min_value=0.0,
            max_value=600.0,
            value=USUAL.alarm_seconds,
            step=0.5,
            key="live-alarm-seconds",
            help="How long the class must be seen without a break. A blink takes 0.1 to 0.4 seconds.",
        )
    with right:
        limit = st.number_input(
            "Alarm from a share of time (%)",
            min_value=0,
            max_value=100,
            value=None,
            step=5,
            placeholder="off",
            key="live-share-limit",
            help="Also raise the alarm when the class was seen in this share of the last minute, like PERCLOS.",
        )
    st.caption(plain(known.reason))
    return {
        "threshold": threshold,
        "alarm_seconds": seconds,
        "share_limit": None if limit is None else limit / 100,
    }
