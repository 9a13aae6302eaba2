"""Classes whose names are probably the same word: which ones nobody has decided on yet, and the question to ask."""

import streamlit as st

from core.data.store.store import ClassInfo, Project
from core.inspection.suggesting.similar_classes import REVIEW_KIND, LikelyTypo, likely_typos
from pages.components.shared import frame
from pages.components.shared.wording import counted, plain

SECTION = "Classes"


def open_typos(project: Project, classes: list[ClassInfo] | None = None) -> list[LikelyTypo]:
    """Return the likely typos that nobody has decided to keep."""
    found = likely_typos(frame.store().classes(project.id) if classes is None else classes)
    known = frame.store().reviews(project.id, REVIEW_KIND) if found else {}
    return [pair for pair in found if pair.subject not in known]


def question(pair: LikelyTypo) -> str:
    """Return the question whether two classes are one, in Markdown."""
    rare, common = pair.rare, pair.common
    return (
        f"Is **{plain(rare.name)}** ({counted(rare.count, 'photo')}) the same class as "
        f"**{plain(common.name)}** ({counted(common.count, 'photo')})?"
    )


def open_classes() -> None:
    """Go to the classes on the Annotate page, where they are merged and removed."""
    st.session_state["annotate-section"] = SECTION
    frame.go("Annotate")
