"""The question at the end of a lesson: a wrong answer gets the hint that helps with it."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from pages.components.learn.level_text import LevelText, at_level


@dataclass(frozen=True)
class Choice:
    """One answer to a question."""

    text: str
    feedback: LevelText | str
    """The explanation if it is correct; else a hint for whoever chose it, which does not give the answer away."""
    correct: bool = False


def question(key: str, text: LevelText | str, choices: Sequence[Choice]) -> None:
    """Ask a question that the figures answer, and respond to each choice with its feedback."""
    by_text = {choice.text: choice for choice in choices}
    with st.container(border=True):
        chosen = st.radio(f"**Question.** {at_level(text)}", list(by_text), index=None, key=f"{key}-question")
        if chosen is None:
            return
        feedback = at_level(by_text[chosen].feedback)
        if by_text[chosen].correct:
            st.success(f"Correct. {feedback}", icon=":material/check_circle:")
        else:
            st.warning(f"Not quite. {feedback}", icon=":material/lightbulb:")
