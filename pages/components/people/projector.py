"""The projector view: how to join in large type, and how far the class is as a whole, live."""

from html import escape
from pathlib import Path
from urllib.parse import urlencode

import segno
import streamlit as st

from core.people.groups import groups
from core.people.overview import overview
from core.people.records import ClassRoom
from core.people.register import Register
from core.people.teaching.class_progress import ClassProgress, class_progress
from pages.components.camera.phones import own_address
from pages.components.people.way_in import join_address
from pages.components.shared import frame

PARAMETER = "projector"
REFRESH_SECONDS = 5.0
_STYLE = Path(__file__).with_name("projector.css")


def wanted() -> bool:
    """Return whether the address asks for this view."""
    return st.query_params.get(PARAMETER) == "1"


def button() -> None:
    """Draw the button that opens the view in this tab; its address can be bookmarked."""
    st.button("Projector view", icon=":material/present_to_all:", key="projector-open", on_click=_open)


def show(register: Register, classroom: ClassRoom) -> None:
    """Draw the view and the way back."""
    st.html(_STYLE)
    _board(register, classroom)
    st.button(
        "Back to the class", icon=":material/arrow_back:", type="tertiary", key="projector-close", on_click=_close
    )


@frame.fragment(run_every=REFRESH_SECONDS)
def _board(register: Register, classroom: ClassRoom) -> None:
    pupils, teams = register.people(classroom.id), groups(register, classroom.id)
    found = class_progress([overview(one) for one in pupils], [overview(one) for one in teams])
    st.html(board(classroom, join_address(st.context.url or "", own_address()), found))


def board(classroom: ClassRoom, address: str, found: ClassProgress) -> str:
    """Return the view as HTML; it names no pupil, and shows nobody's own figures."""
    code = segno.make(f"{address}?{urlencode({'code': classroom.code})}", error="m")
    picture = code.svg_data_uri(scale=6, border=4, dark="#000000", light="#ffffff")
    sums = (
        (found.photos, "photo"), (found.labelled, "label"), (found.runs, "training"),
        *(((found.training, "running now"),) if found.training else ()),
        *(((found.waiting, "waiting"),) if found.waiting else ()),
    )  # fmt: skip
    steps = (
        ("have joined", found.joined),
        ("have photos", found.with_photos),
        ("have labels", found.with_labels),
        ("have trained a model", found.with_models),
    )
    of_groups = _step("groups have trained a model", found.groups_with_models, found.groups) if found.groups else ""
    return (
        '<div class="projector"><div>'
        f"<h2>{escape(classroom.name)}</h2>"
        f'<div class="small">Open</div><div class="address">{escape(address)}</div>'
        f'<div class="small">and type the code</div><div class="class-code">{escape(classroom.code)}</div>'
        f'<img src="{picture}" alt="QR code of the address with the class code">'
        "</div><div>"
        f'<div class="here">{found.here} of {found.pupils} here</div>'
        f'<div class="sums">{"".join(_sum(count, noun) for count, noun in sums)}</div>'
        f"{''.join(_step(words, count, found.pupils) for words, count in steps)}{of_groups}"
        "</div></div>"
    )


def _sum(count: int, noun: str) -> str:
    words = noun if noun in ("running now", "waiting") or count == 1 else f"{noun}s"
    return f'<span class="small"><b>{count:,}</b>{words}</span>'


def _step(words: str, count: int, of: int) -> str:
    share = 100 * count / of if of else 0
    bar = f'<div class="bar"><i style="width: {share:.0f}%"></i></div>'
    return f'<div class="step"><span>{words}</span><span>{count} of {of}</span>{bar}</div>'


def _open() -> None:
    st.query_params[PARAMETER] = "1"


def _close() -> None:
    st.query_params.pop(PARAMETER, None)
