"""The questions about an import that only a person can answer: one at a time, a sample and a button for each choice."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from core.data.importing.import_plan import ImportPlan
from core.data.limited.photos import drawn_boxes
from core.data.tables.questions import Answered, Choice, Question
from core.errors import ImageRefused
from pages.components.shared import frame
from pages.components.shared.assets import asset
from pages.components.shared.wording import counted, plain, unique_options

HERE = Path(__file__).resolve().parent
ANSWERS = "add-answers"
"""The answers so far, by the questions' ids."""
FIRST = "add-first-question"
"""The id of the question that a person wants to answer before the others."""
TURN = "add-question-turn"
"""How often another question has come by a click."""
SAMPLE_PIXELS = 480
SAMPLE_WIDTH = 260
"""How wide a photo is shown, in pixels of the screen: three fit beside one another."""
BESIDE = 3
"""As many choices with rows stand side by side, on a wide screen; two where the rows have this many columns."""
LISTED = 10
"""How many of the questions that come later are listed."""


def answers() -> Mapping[str, str]:
    """Return the answers that were given to the questions of the files at hand."""
    return st.session_state.get(ANSWERS, {})


def ask(plan: ImportPlan, replan: Callable[[], None]) -> bool:
    """Draw the next open question, a list of the others, and the answers given; return whether a question is open.

    One at a time, because samples of photos take a while to draw. A click answers its question, and makes the plan
    again; that shows the next one. Answers can be taken back until the import.
    """
    if plan.questions:
        with st.container(key="add-questions"):
            _draw_next(plan.questions, replan)
            _follow()
    for answered in plan.answered:
        _answered(answered, replan)
    return bool(plan.questions)


def _draw_next(questions: Sequence[Question], replan: Callable[[], None]) -> None:
    now = next((one for one in questions if one.id == st.session_state.get(FIRST)), questions[0])
    left = "left " if answers() else ""
    st.header(f"{counted(len(questions), 'question')} {left}before the import", anchor=False)
    st.markdown(
        "These files can be read in more than one way. Compare the choices, and click the right one. "
        "Nothing is imported yet, and you can change your answers until you import."
    )
    with st.container(border=True):
        _draw(now, questions, replan)
    _later([one for one in questions if one is not now])


def _follow() -> None:
    """Bring the next question into view after a click."""
    follow = st.components.v2.component("resnet_studio.next_question", js=asset(HERE / "next_question.js"))
    follow(key="add-next-question", data={"turn": st.session_state.get(TURN, 0)}, height=0)


def _draw(question: Question, questions: Sequence[Question], replan: Callable[[], None]) -> None:
    st.markdown(f"**{plain(question.text)}**")
    photos = max(len(choice.photos) for choice in question.choices)
    columns = BESIDE if len(question.columns) < BESIDE else 2
    beside = min(max(1, BESIDE // photos) if photos else columns, len(question.choices))
    for start in range(0, len(question.choices), beside):
        for place, choice in zip(st.columns(beside), question.choices[start : start + beside], strict=False):
            with place:
                _buttons(question, choice, questions, replan)
                _sample(question, choice)


def _buttons(question: Question, choice: Choice, questions: Sequence[Question], replan: Callable[[], None]) -> None:
    """Draw the button of a choice, and one for all questions of this kind that offer the same."""
    alike = [one for one in questions if one.kind == question.kind and _offers(one, choice)]
    with st.container(horizontal=True):
        st.button(
            plain(choice.label),
            key=f"add-answer-{question.id}-{choice.key}",
            on_click=_answer,
            args=([question], choice, replan),
            wrap=True,
        )
        if len(alike) > 1:
            st.button(
                f"{plain(choice.label)}, in all {len(alike):,} such questions",
                key=f"add-answers-{question.id}-{choice.key}",
                icon=":material/done_all:",
                on_click=_answer,
                args=(alike, choice, replan),
                wrap=True,
            )


def _offers(question: Question, choice: Choice) -> bool:
    """Return whether a question has a choice that means the same."""
    return any((one.key, one.label) == (choice.key, choice.label) for one in question.choices)


def _sample(question: Question, choice: Choice) -> None:
    """Draw what a choice would make of a few rows or photos."""
    if choice.rows:
        names = question.columns or [f"Column {number}" for number in range(1, len(choice.rows[0]) + 1)]
        # A table may have two columns of one name, which Streamlit refuses to draw.
        columns = list(unique_options((plain(name), place) for place, name in enumerate(names)))
        st.table(pd.DataFrame(list(choice.rows), columns=columns).map(plain), hide_index=True)
    if question.shows_boxes and choice.photos and not any(photo.boxes for photo in choice.photos):
        st.caption("No box is imported for these photos.")
    elif choice.photos:
        with st.container(horizontal=True):
            for photo in choice.photos:
                try:
                    drawn = drawn_boxes(photo.read(), photo.name, photo.boxes, pixels=SAMPLE_PIXELS)
                except ImageRefused as refusal:
                    st.markdown(plain(str(refusal)))
                    continue
                caption = plain(photo.name)
                if drawn.cut_off:
                    lie = counted(drawn.cut_off, "box lies", "boxes lie")
                    caption += f": {lie} further outside the photo than this picture shows"
                st.image(drawn.jpeg, caption, width=SAMPLE_WIDTH, alt=f"{photo.name}, {choice.label}")


def _later(questions: Sequence[Question]) -> None:
    """List the questions that come after this one; each can be answered first."""
    if not questions:
        return
    st.markdown(f"**Then:** {counted(len(questions), 'more question')}")
    for one in questions[:LISTED]:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(plain(one.text))
            st.button(
                "Answer this first",
                icon=":material/arrow_upward:",
                key=f"add-first-{one.id}",
                type="tertiary",
                on_click=_put_first,
                args=(one,),
            )
    if len(questions) > LISTED:
        st.caption(f"and {len(questions) - LISTED:,} more")


def _answered(one: Answered, replan: Callable[[], None]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/check: **Your answer: {plain(one.choice.label)}.** {plain(one.question.text)}")
        st.button(
            "Change the answer",
            icon=":material/undo:",
            key=f"add-answer-again-{one.question.id}",
            type="tertiary",
            on_click=_take_back,
            args=(one.question, replan),
        )


@frame.action
def _answer(questions: Sequence[Question], choice: Choice, replan: Callable[[], None]) -> None:
    st.session_state[ANSWERS] = {**answers(), **{one.id: choice.key for one in questions}}
    st.session_state.pop(FIRST, None)
    st.session_state[TURN] = st.session_state.get(TURN, 0) + 1
    replan()


@frame.action
def _take_back(question: Question, replan: Callable[[], None]) -> None:
    st.session_state[ANSWERS] = {
        name: key for name, key in answers().items() if name not in (question.id, question.kind)
    }
    _put_first(question)
    replan()


def _put_first(question: Question) -> None:
    st.session_state[FIRST] = question.id
    st.session_state[TURN] = st.session_state.get(TURN, 0) + 1
