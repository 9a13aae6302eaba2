"""Choose a class, or create one."""

import streamlit as st

from core.people.records import ClassRoom
from core.people.register import Register
from pages.components.shared import frame
from pages.components.shared.dialogs import closing_button

CHOSEN = "class-chosen"


def choose(register: Register, *, hidden: bool = False) -> ClassRoom | None:
    """Draw the choice of a class, unless it is hidden, and return the chosen one; None if there is none yet."""
    rooms = {one.id: one for one in register.classes()}
    if not rooms:
        return None
    if st.session_state.get(CHOSEN) not in rooms:
        st.session_state[CHOSEN] = max(rooms)
    if hidden:
        st.session_state[CHOSEN] = st.session_state[CHOSEN]  # kept, although its widget is not drawn
        return rooms[st.session_state[CHOSEN]]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox("Class", list(rooms), format_func=lambda one: rooms[one].name, key=CHOSEN, width=280)
        if st.button("New class", icon=":material/add:", key="class-new"):
            _dialog(register)
    return rooms[chosen]


def first(register: Register) -> None:
    """Draw the empty state: the form for the first class."""
    with st.container(border=True):
        st.header("Create your first class", anchor=False)
        st.markdown("Pupils join with a code that you write on the board. Each gets a workspace of their own.")
        _fields()
        st.button("Create class", type="primary", key="class-create", on_click=frame.action(_create), args=(register,))


@st.dialog("New class")
def _dialog(register: Register) -> None:
    _fields()
    closing_button("Create class", lambda: _create(register), key="class-create")


def _fields() -> None:
    st.text_input("Name", placeholder="7b", max_chars=40, key="class-name")
    st.text_area(
        "Names of the pupils (one in each line; you can leave it empty)",
        key="class-names",
        height=120,
        help="Pupils then choose their name from a list. First names are enough.",
    )


def _create(register: Register) -> None:
    made = register.create_class(st.session_state["class-name"])
    register.add_people(made.id, st.session_state["class-names"].splitlines())
    st.session_state[CHOSEN] = made.id
