"""What was chosen in a widget, kept for this tab while the widget is not drawn.

Streamlit forgets a choice once its widget is not drawn, on another section for example. The choice is given back as the
widget's own first value, which reaches the browser in every drawing. Written to ``st.session_state`` it would be sent
once: where that one drawing was cut short, a switch stood off while the server took it for on.
"""

from collections.abc import Container
from typing import TypeVar

import streamlit as st

T = TypeVar("T")


def kept_choice(key: str, first: T, options: Container[T]) -> T:
    """What the widget of that key begins with; ``first`` where nothing was chosen that is still an option."""
    kept: T = st.session_state.get(f"{key}-kept", first)
    return kept if kept in options else first


def keep_choice(key: str) -> None:
    """The widget's callback: notes what was chosen."""
    st.session_state[f"{key}-kept"] = st.session_state[key]


def begin_with(key: str, choice: object) -> None:
    """Have the widget begin with this, the next time that it is drawn; to be called while it is not."""
    st.session_state[f"{key}-kept"] = choice
    st.session_state.pop(key, None)
