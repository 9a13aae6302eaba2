"""Print a lesson's worksheet: a page for A4 paper, and the copy with answers for whoever teaches."""

import streamlit as st

from core.lessons.worksheets.all_sheets import WORKSHEETS
from core.lessons.worksheets.printed_page import file_name, worksheet_page
from core.lessons.worksheets.worksheet import Worksheet
from pages.components.shared import frame


def show(lesson: str) -> None:
    """Draw the buttons for a lesson; in a class, pupils do not get the answers."""
    here = frame.person()
    _download(WORKSHEETS[lesson], "Print a worksheet", ":material/print:", answers=False)
    if here is None or here.teaches:
        _download(WORKSHEETS[lesson], "Teacher\N{RIGHT SINGLE QUOTATION MARK}s copy", ":material/school:", answers=True)


def _download(sheet: Worksheet, label: str, icon: str, *, answers: bool) -> None:
    st.download_button(
        label,
        lambda: worksheet_page(sheet, answers=answers),
        file_name=file_name(sheet, answers=answers),
        mime="text/html",
        icon=icon,
        type="tertiary",
        on_click="ignore",
        key=f"worksheet-{sheet.lesson}-{'teacher' if answers else 'pupil'}",
        help="A web page for A4 paper. Open the file and print it." if not answers else "The same sheet with answers.",
    )
