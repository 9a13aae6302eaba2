"""Photo wall: a grid of thumbnails to view or select, drawn as one element."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import streamlit as st

from pages.components.shared.assets import asset

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class WallPhoto:
    """One card of a wall: ``id`` is returned on selection; ``caption`` is bold, ``note`` is small print."""

    id: str
    source: Path | bytes
    caption: str = ""
    note: str = ""
    muted: bool = False
    size: tuple[int, int] = (1, 1)
    """Width and height in the unit of the boxes."""
    boxes: tuple[tuple[float, float, float, float], ...] = ()
    """Left, top, width and height of each box to outline."""
    box_colors: tuple[str, ...] = ()
    """A CSS colour for each box; without, the theme's."""
    name: str = ""
    """The file name, where the card does not show it: screen readers read it, or every card would be "owl"."""

    @property
    def spoken(self) -> str:
        """What a screen reader says of the card."""
        return ", ".join(part for part in (self.caption, self.note, self.name) if part)


@dataclass(frozen=True)
class WallResult:
    """The result of a wall: the selected ids, and the id whose details were opened in this run."""

    chosen: tuple[str, ...]
    opened: str | None


def _mime(data: bytes) -> str:
    if data[:4] == b"RIFF":
        return "image/webp"
    return "image/png" if data[:4] == b"\x89PNG" else "image/jpeg"


def data_uri(source: Path | bytes) -> str:
    """Return a small picture as a data URI for ``<img>``; an empty string if the file is missing."""
    try:
        data = source if isinstance(source, bytes) else source.read_bytes()
    except FileNotFoundError:
        return ""
    return f"data:{_mime(data)};base64,{base64.b64encode(data).decode()}"


def wall(
    photos: Sequence[WallPhoto],
    *,
    key: str,
    label: str = "Photos",
    select: Literal["none", "one", "many"] = "none",
    side: int = 140,
    details: bool = False,
    one_row: bool = False,
) -> WallResult:
    """Draw thumbnails of at least ``side`` pixels in as many columns as fit, and return the selection.

    ``one_row`` keeps them in a single row, which scrolls sideways if it is too long.

    The whole wall is one element: sixty ``st.image`` and ``st.checkbox`` pairs take the browser over a second.
    The selection is stored in ``st.session_state[key]["chosen"]``; ``clear`` empties it.
    """
    shown = {photo.id for photo in photos}
    selected = [one for one in (st.session_state.get(key) or {}).get("chosen") or () if one in shown]
    # Registered on every run, because a second server in the same process (in tests) starts without components.
    component = st.components.v2.component(
        "resnet_studio.photo_wall",
        html='<div class="wall"></div>',
        css=asset(HERE / "photo_wall.css"),
        js=asset(HERE / "photo_wall.js"),
    )
    answer = component(
        key=key,
        data={
            "select": select,
            "side": side,
            "details": details,
            "row": one_row,
            "label": label,
            "version": st.session_state.get(f"{key}-version", 0),
            "chosen": selected,
            "photos": [
                {
                    "id": photo.id,
                    "src": data_uri(photo.source),
                    "caption": photo.caption,
                    "note": photo.note,
                    "muted": photo.muted,
                    "size": photo.size,
                    "boxes": photo.boxes,
                    "box_colors": photo.box_colors,
                    "name": photo.name or photo.note,
                    "alt": photo.spoken,
                }
                for photo in photos
            ],
        },
        on_chosen_change=lambda: None,
        on_opened_change=lambda: None,
    )
    chosen = tuple(one for one in answer.get("chosen") or () if one in shown)
    return WallResult(chosen if select != "none" else (), answer.get("opened"))


def current_selection(key: str, shown: Sequence[int]) -> list[int]:
    """Return which of the ``shown`` photos are selected on a wall right now; for callbacks.

    A button keeps the arguments of its last run. If the user clicks a photo and then the button before the page is
    redrawn, only the session state has the click.
    """
    chosen = set((st.session_state.get(key) or {}).get("chosen") or ())
    return [number for number in shown if str(number) in chosen]


def choose(key: str, ids: Sequence[str]) -> None:
    """Set the selection of a wall; call this before the wall is drawn (in a callback)."""
    st.session_state[key] = {"chosen": list(ids)}
    st.session_state[f"{key}-version"] = st.session_state.get(f"{key}-version", 0) + 1


def clear(key: str) -> None:
    """Clear the selection of a wall; call this before the wall is drawn (in a callback)."""
    choose(key, ())
