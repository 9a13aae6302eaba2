"""The questions about an import that only a person can answer: a sample of each choice, and its button."""

from collections.abc import Callable, Mapping

import pandas as pd
import streamlit as st

from core.data.importing.import_plan import ImportPlan
from core.data.pictures.box_drawing import jpeg_with_boxes
from core.data.tables.questions import Choice, Question
from core.errors import ImageRefused
from pages.components.shared import frame
from pages.components.shared.wording import counted, plain

ANSWERS = "add-answers"
"""The answers so far, by the questions' ids."""
SAMPLE_PIXELS = 300
BESIDE = 3
"""As many choices stand side by side, on a wide screen."""


def answers() -> Mapping[str, str]:
    """Return the answers that were given to the questions of the files at hand."""
    return st.session_state.get(ANSWERS, {})


def ask(plan: ImportPlan, replan: Callable[[], None]) -> bool:
    """Draw the open questions and the answers given; return whether a question is open.

    A click answers its question and makes the plan again; answers can be taken back.
    """
    if plan.questions:
        st.header(f"{counted(len(plan.questions), 'question')} before the import", anchor=False)
        st.markdown("These files can be read in more than one way. Look at what each choice would give.")
    for question in plan.questions:
        with st.container(border=True):
            _draw(question, replan)
    for one in plan.answered:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":material/check: {plain(str(one))}")
            st.button(
                "Change the answer",
                key=f"add-answer-again-{one.question.id}",
                type="tertiary",
                on_click=_take_back,
                args=(one.question, replan),
            )
    return bool(plan.questions)


def _draw(question: Question, replan: Callable[[], None]) -> None:
    st.markdown(f"**{plain(question.text)}**")
    side_by_side = len(question.choices) <= BESIDE
    places = st.columns(len(question.choices)) if side_by_side else [st.container() for _ in question.choices]
    for place, choice in zip(places, question.choices, strict=True):
        with place:
            st.button(
                plain(choice.label),
                key=f"add-answer-{question.id}-{choice.key}",
                on_click=_answer,
                args=(question, choice, replan),
            )
            _sample(question, choice)


def _sample(question: Question, choice: Choice) -> None:
    """Draw what a choice would make of a few rows or photos."""
    if choice.rows:
        columns = list(question.columns) or [f"Column {number}" for number in range(1, len(choice.rows[0]) + 1)]
        st.table(pd.DataFrame(list(choice.rows), columns=columns).map(plain), hide_index=True)
    if question.shows_boxes and choice.photos and not any(photo.boxes for photo in choice.photos):
        st.caption("No box is imported.")
    elif choice.photos:
        with st.container(horizontal=True):
            for photo in choice.photos:
                try:
                    picture = jpeg_with_boxes(photo.read(), photo.name, photo.boxes, pixels=SAMPLE_PIXELS)
                except ImageRefused as refusal:
                    st.markdown(plain(str(refusal)))
                    continue
                st.image(picture, caption=plain(photo.name), width="stretch", alt=f"{photo.name}, {choice.label}")


@frame.action
def _answer(question: Question, choice: Choice, replan: Callable[[], None]) -> None:
    st.session_state[ANSWERS] = {**answers(), question.id: choice.key}
    replan()


@frame.action
def _take_back(question: Question, replan: Callable[[], None]) -> None:
    st.session_state[ANSWERS] = {
        name: key for name, key in answers().items() if name not in (question.id, question.kind)
    }
    replan()
