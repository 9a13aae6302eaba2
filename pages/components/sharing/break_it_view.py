"""The break-it game: choose a model, find a photo that fools it, and see the leaderboard."""

import streamlit as st

from core.people.groups import groups_of
from core.people.records import Person
from core.people.register import Register
from core.people.sharing.attempts import Attempt, attempts_of_class
from core.people.sharing.break_it import NONE_OF_THEM, try_to_fool
from core.people.sharing.gallery import gallery, is_own
from core.people.sharing.records import Shared
from pages.components.explain import photo_source
from pages.components.explain.photo_source import ChosenPhoto
from pages.components.shared import frame
from pages.components.shared.wording import plain, unique_options
from pages.components.sharing import fooled_photos, shared_model, standings_view

LAST = "break-it-last"
_NONE = "None of these classes"


def show(register: Register, viewer: Person, class_id: int) -> None:
    """Draw the game of a class."""
    st.markdown(
        "Find photos that fool a model: it names the wrong class and is at least 50% certain, or it is 80% certain of "
        "a photo that shows none of its classes. A model that answers *not sure* was not fooled. "
        "At most ten photos of a team count against one model."
    )
    tries = attempts_of_class(register, viewer, class_id)
    models = [
        one for one in gallery(register, viewer, class_id)
        if one.kind == "model" and one.about.task == "classification"
    ]  # fmt: skip
    others = [one for one in models if viewer.teaches or not is_own(register, viewer, one)]
    if not others:
        frame.empty_state("No model to fool yet", "Others have to share a model in the gallery first.")
    elif not viewer.teaches:
        _play(register, viewer, others)
    standings_view.show(tries, models)
    fooled_photos.show(register, viewer, class_id, tries)


def _play(register: Register, viewer: Person, models: list[Shared]) -> None:
    named = unique_options((f"{one.name} by {one.owner}", one) for one in models)
    item = named[st.selectbox("Model to fool", list(named), key="break-it-model")]
    photo = photo_source.choose_photo(frame.project(), None)
    if photo is None:
        return
    truths = {name: name for name in item.about.classes} | {NONE_OF_THEM: _NONE}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        truth = st.selectbox(
            "What does the photo show?",
            list(truths),
            format_func=lambda one: truths.get(one, one),
            index=None,
            placeholder="Choose before you try",
            key=f"break-it-truth-{item.id}",
            width=280,
        )
        pressed = st.button(
            "Try to fool it", type="primary", icon=":material/bolt:", key="break-it-try", disabled=truth is None
        )
    if pressed and truth is not None:
        _try(register, viewer, item, photo, truth)
    kept = st.session_state.get(LAST)
    if kept is not None and kept[0] == (item.id, photo.name):
        _, attempt, shown = kept
        _say(attempt)
        shared_model.show(shown, photo, "break-it")


def _try(register: Register, viewer: Person, item: Shared, photo: ChosenPhoto, truth: str) -> None:
    with st.spinner("Predicting…"):
        explanation = shared_model.explained(register, item, photo)
        team = frame.group() or next(iter(groups_of(register, viewer.id)), None)
        attempt = try_to_fool(register, viewer, item, photo.image, truth, explanation.prediction, team)
    st.session_state[LAST] = ((item.id, photo.name), attempt, explanation)
    st.rerun()


def _say(attempt: Attempt) -> None:
    answer = f"**{plain(attempt.answer)}** with {attempt.probability:.0%}"
    truth = plain(attempt.truth or "none of its classes")
    if attempt.outcome == "fooled":
        st.success(f"Fooled! It says {answer}, and the photo shows {truth}. One point for {plain(attempt.team)}.",
                   icon=":material/bolt:")  # fmt: skip
    elif attempt.outcome == "right":
        st.info(f"It held: it says {answer}, and that is right.", icon=":material/shield:")
    elif attempt.outcome == "unsure":
        st.info("It held: it answers *not sure*, and leaves this photo to a person.", icon=":material/shield:")
    elif attempt.outcome == "again":
        st.info("Fooled, but this photo, or one almost like it, has counted before.", icon=":material/content_copy:")
    else:
        st.info(f"Almost: it says {answer}, which is wrong, but it is not certain enough.", icon=":material/shield:")
