"""The desk in the browser: our own component, which asks the desk's address at each key press."""

from pathlib import Path

import streamlit as st

from pages.components.annotate.desk.desk_view import View
from pages.components.annotate.desk.labelling_desk import Desk
from pages.components.shared.assets import asset
from pages.components.shared.errors import pace

HERE = Path(__file__).resolve().parent
LOOK_SECONDS = 1.0
"""Between two questions whether somebody else has changed something."""
KEY = "annotate-desk"


def draw_desk(desk: Desk, view: View) -> None:
    """Draw the view; afterwards the browser gets newer ones by itself."""
    component = st.components.v2.component(
        "resnet_studio.desk",
        html='<div class="desk"></div>',
        css=asset(HERE / "desk.css"),
        js=asset(HERE / "desk.js"),
        isolate_styles=False,
    )
    component(
        key=KEY,
        data={"token": desk.token, "seconds": pace(LOOK_SECONDS), "view": view},
        on_redraw_change=lambda: None,
    )
