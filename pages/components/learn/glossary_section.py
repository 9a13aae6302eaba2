"""The glossary on the Learn page: all terms in alphabetical order, with a search and the lesson that shows each."""

from collections.abc import Callable, Iterable

import streamlit as st

from pages.components.glossary.terms import TERMS, Term, heading
from pages.components.learn.level_text import UNIVERSITY, chosen_level
from pages.components.shared.wording import counted


def show(lessons: dict[str, str], open_lesson: Callable[[str], None]) -> None:
    """Show the terms that match the search; ``open_lesson`` is called with the name of a lesson of ``lessons``."""
    st.markdown("The words of this app, each in one or two sentences. The buttons open the lesson that shows it.")
    words = st.text_input("Search the glossary", placeholder="overfitting, IoU, layer, …", key="glossary-search")
    found = matching(TERMS.values(), words)
    st.caption(f"{counted(len(found), 'term')}." if found else "No term matches. Try a shorter word.")
    for term in found:
        with st.container(key=f"glossary-{term.name.replace(' ', '-')}", gap=None):
            exact = f" {term.exact}" if term.exact and chosen_level() == UNIVERSITY else ""
            st.markdown(f"**{heading(term.name)}**: {term.text}{exact}")
            if term.lesson:
                st.button(
                    f"See it in “{lessons[term.lesson]}”",
                    key=f"glossary-open-{term.name}",
                    type="tertiary",
                    icon=":material/school:",
                    on_click=open_lesson,
                    args=(term.lesson,),
                )


def matching(terms: Iterable[Term], words: str) -> list[Term]:
    """Return the terms that contain every search word, ignoring case; those with the words in their name first."""
    wanted = words.lower().split()
    found = [term for term in terms if all(word in f"{term.name} {term.text}".lower() for word in wanted)]
    return sorted(found, key=lambda term: not all(word in term.name.lower() for word in wanted))
