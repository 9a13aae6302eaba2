"""Photos on a page: a wall of thumbnails to look at or to choose from, drawn as one element."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import streamlit as st

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class WallPhoto:
    """One card of a wall: ``id`` comes back when it is chosen; ``caption`` stands out, ``note`` is small print."""

    id: str
    source: Path | bytes
    caption: str = ""
    note: str = ""
    faint: bool = False
    size: tuple[int, int] = (1, 1)
    """Width and height in the unit of the boxes."""
    boxes: tuple[tuple[float, float, float, float], ...] = ()
    """Left, top, width and height of what is to be outlined on it."""


@dataclass(frozen=True)
class WallAnswer:
    """What was done on a wall: the ids chosen, and the one whose details were asked for in this run."""

    chosen: tuple[str, ...]
    opened: str | None


def _mime(data: bytes) -> str:
    if data[:4] == b"RIFF":
        return "image/webp"
    return "image/png" if data[:4] == b"\x89PNG" else "image/jpeg"


def data_uri(source: Path | bytes) -> str:
    """The bytes of a small picture as an address that an ``<img>`` understands; a missing file is an empty picture."""
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
) -> WallAnswer:
    """Draw thumbnails of at least ``side`` pixels in as many columns as fit, and return what is chosen.

    ``one_row`` keeps them in a single row, which scrolls sideways where it is too long.

    One element for the whole wall: sixty ``st.image`` and ``st.checkbox`` pairs take the browser over a second.
    The choice lives in ``st.session_state[key]["chosen"]``; ``clear`` empties it.
    """
    shown = {photo.id for photo in photos}
    before = [one for one in (st.session_state.get(key) or {}).get("chosen") or () if one in shown]
    # Registered on each draw, because a second server in the same process (a test) starts with none.
    component = st.components.v2.component(
        "resnet_studio.photo_wall",
        html='<div class="wall"></div>',
        css=(HERE / "photo_wall.css").read_text(encoding="utf-8"),
        js=(HERE / "photo_wall.js").read_text(encoding="utf-8"),
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
            "chosen": before,
            "photos": [
                {
                    "id": photo.id,
                    "src": data_uri(photo.source),
                    "caption": photo.caption,
                    "note": photo.note,
                    "faint": photo.faint,
                    "size": photo.size,
                    "boxes": photo.boxes,
                    "alt": " ".join(part for part in (photo.caption, photo.note) if part),
                }
                for photo in photos
            ],
        },
        on_chosen_change=lambda: None,
        on_opened_change=lambda: None,
    )
    chosen = tuple(one for one in answer.get("chosen") or () if one in shown)
    return WallAnswer(chosen if select != "none" else (), answer.get("opened"))


def chosen_on(key: str, shown: Sequence[int]) -> list[int]:
    """Which of the ``shown`` photos are chosen on a wall at this moment; for callbacks.

    A button keeps the arguments of its last drawing. Where somebody clicks a photo and then the button before the page
    has drawn itself again, only this knows of the click.
    """
    chosen = set((st.session_state.get(key) or {}).get("chosen") or ())
    return [number for number in shown if str(number) in chosen]


def choose(key: str, ids: Sequence[str]) -> None:
    """Set what is chosen on a wall; to be called before the wall is drawn (in a callback)."""
    st.session_state[key] = {"chosen": list(ids)}
    st.session_state[f"{key}-version"] = st.session_state.get(f"{key}-version", 0) + 1


def clear(key: str) -> None:
    """Choose nothing on a wall; to be called before the wall is drawn (in a callback)."""
    choose(key, ())
