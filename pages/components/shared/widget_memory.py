"""Remembers a widget's value for this tab while the widget is not drawn.

Streamlit forgets a value when its widget is not drawn, for example in another section. The value is restored as the
widget's default, which reaches the browser in every run. Written to ``st.session_state`` it would be sent only once: if
that run was cut short, a switch looked off in the browser while the server treated it as on.
"""

from collections.abc import Container
from typing import TypeVar

import streamlit as st

T = TypeVar("T")


def remembered_choice(key: str, first: T, options: Container[T]) -> T:
    """Return the default of the widget with this key: the remembered value if still an option, else ``first``."""
    kept: T = st.session_state.get(f"{key}-kept", first)
    return kept if kept in options else first


def remember_choice(key: str) -> None:
    """Remember the widget's value; use this as its ``on_change`` callback."""
    st.session_state[f"{key}-kept"] = st.session_state[key]


def set_initial_choice(key: str, choice: object) -> None:
    """Set the value with which the widget starts when drawn next; call this while it is not drawn."""
    st.session_state[f"{key}-kept"] = choice
    st.session_state.pop(key, None)
