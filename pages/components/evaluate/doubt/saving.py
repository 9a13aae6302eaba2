"""Save a part of the decision with a run's model, from buttons and switches."""

from typing import Any

import streamlit as st

from core.inspection.doubt.fit import fit_decision
from core.models.decision import Decision
from core.runs.deciding.saved_decision import change_decision
from core.runs.folder import RunFolder
from pages.components.evaluate.doubt.validation_answers import ValidationAnswers
from pages.components.shared import frame

LOCKED = "This run is still training, so nothing can be saved with its model yet. Come back when it has ended."


def locked(run: RunFolder) -> bool:
    """Return whether the run still replaces its model, so that nothing can be saved with it."""
    return run.status().live


def locked_note(run: RunFolder) -> None:
    """Say why the buttons are disabled, if they are."""
    if locked(run):
        st.info(LOCKED, icon=":material/info:")


@frame.action
def change(run: RunFolder, said: str, **changes: Any) -> None:
    """Change these fields of the saved decision, and say so in a toast; a callback."""
    change_decision(run, lambda before: Decision.model_validate({**before.model_dump(), **changes}))
    frame.notify(said)


@frame.action
def switch_temperature(run: RunFolder, key: str) -> None:
    """Save whether probabilities are calibrated, from the switch with this key; a callback."""
    on = bool(st.session_state[key])
    change_decision(run, lambda before: before.model_copy(update={"use_temperature": on}))
    frame.notify(f"Saved: predictions {'now use' if on else 'no longer use'} calibrated probabilities.")


def fit_button(found: ValidationAnswers, label: str) -> None:
    """Draw the button that fits temperature and sets on the validation photos, for models that have none yet."""
    st.button(
        label,
        type="primary",
        disabled=locked(found.run),
        key="doubt-fit",
        icon=":material/tune:",
        on_click=_fit,
        args=(found.run,),
    )
    locked_note(found.run)


@frame.action
def _fit(run: RunFolder) -> None:
    change_decision(run, lambda before: fit_decision(run.path))
    frame.notify("Fitted on the validation photos and saved with the model.")
