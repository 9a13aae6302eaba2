"""The button that ends a dialog: it acts and closes it, or shows in it why that was not possible."""

from collections.abc import Callable

import streamlit as st

from core.errors import StudioError

ERROR = "dialog-error"


def closing_button(label: str, action: Callable[[], object], *, key: str | None = None) -> None:
    """Carry out ``action`` at a click, then close the dialog; a user error keeps it open and stands in it.

    The action reads the dialog's fields from ``st.session_state``, because it runs before the dialog is drawn again.
    """
    if st.button(label, type="primary", key=key, on_click=_act, args=(action,)):
        error = st.session_state.pop(ERROR, None)
        if error is None:
            st.rerun()
        st.error(error)


def _act(action: Callable[[], object]) -> None:
    st.session_state.pop(ERROR, None)
    try:
        action()
    except StudioError as error:
        st.session_state[ERROR] = str(error)
