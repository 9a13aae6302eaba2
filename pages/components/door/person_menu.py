"""Who is here, in the sidebar: the name, the card, and the way out."""

import streamlit as st

from core.people.door import open_register
from core.people.joining import new_card_for
from core.people.mode import people_mode
from core.people.records import Person

_CARD = "new-card"


def show_person(person: Person, name: str) -> None:
    """Draw the name (escaped) of whoever has joined in this browser, with what they can do about it."""
    with st.popover(name, icon=":material/account_circle:", width="stretch", key="frame-person"):
        accounts = people_mode() == "accounts"
        if accounts and not person.teaches:
            st.markdown("Your account gets you back to your work on another computer.")
        elif not person.teaches:
            st.markdown("Your card gets you back to your work on another computer. Lost it? Make a new one.")
            if st.button("Make a new card", icon=":material/badge:", key="frame-card"):
                st.session_state[_CARD] = new_card_for(open_register(), person.id)
            if card := st.session_state.get(_CARD):
                st.code(card, language=None)
                st.caption("Copy it down. The old card no longer works.")
        # A form of its own page: only the server can remove the cookie.
        way_out("Sign out" if accounts else "Leave", "/leave")


def way_out(label: str, address: str) -> None:
    """Draw a link out of the app that looks like a button: Streamlit's own opens another tab."""
    st.html(f'<a class="way-out" href="{address}" target="_self">{label}</a>')
