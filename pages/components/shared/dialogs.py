"""The confirm button of a dialog: it runs an action and closes the dialog, or shows the error in it."""

from collections.abc import Callable

import streamlit as st

from core.errors import StudioError
from pages.components.shared.wording import plain

ERROR = "dialog-error"


def closing_button(label: str, action: Callable[[], object], *, key: str | None = None) -> None:
    """Run ``action`` on a click, then close the dialog; on a user error, keep it open and show the error.

    The action reads the dialog's fields from ``st.session_state``, because it runs before the dialog is redrawn.
    """
    if st.button(label, type="primary", key=key, on_click=_act, args=(action,)):
        error = st.session_state.pop(ERROR, None)
        if error is None:
            st.rerun()
        st.error(plain(error))


def _act(action: Callable[[], object]) -> None:
    st.session_state.pop(ERROR, None)
    try:
        action()
    except StudioError as error:
        st.session_state[ERROR] = str(error)
