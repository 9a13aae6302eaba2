"""What all lessons share: the photo to try them on, the experiment with its progress, the numbers, the question."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial

import pandas as pd
import streamlit as st
from PIL import Image

from core.data.images import IMAGE_SUFFIXES, decode
from core.lessons.kept import Arguments, Computing, kept, known
from core.lessons.watched import PATIENCE_SECONDS, watched
from core.training.events import Progress
from pages.components import frame
from pages.components.pickers import sample_photos

OWN = "A photo of your own"
SUFFIXES = sorted(suffix.removeprefix(".") for suffix in IMAGE_SUFFIXES)


@dataclass(frozen=True)
class Part:
    """One computation of an experiment: what it depends on, and how it is done."""

    arguments: Arguments
    compute: Callable[[], Computing]


def photo(key: str, label: str = "Photo") -> tuple[str, Image.Image] | None:
    """A sample photo or the visitor's own, upright RGB, with its name; None until an own one is chosen."""
    samples = {path.stem.replace("_", " "): path for path in sample_photos()}
    chosen = st.selectbox(label, [*samples, OWN], key=f"{key}-photo", width=260)
    if chosen != OWN:
        return chosen, _decoded(samples[chosen].read_bytes(), samples[chosen].name)
    file = st.file_uploader(OWN, type=SUFFIXES, key=f"{key}-upload", label_visibility="collapsed")
    if file is None:
        st.info("Choose a photo from this computer.", icon=":material/add_photo_alternate:")
        return None
    return file.name, _decoded(file.getvalue(), file.name)


def experiment(
    name: str,
    parts: Sequence[Part],
    *,
    button: Callable[[int], str],
    promise: str,
    draw: Callable[[pd.DataFrame], None],
) -> pd.DataFrame | None:
    """All numbers of the parts, one table below the other; None before they are there.

    Numbers that were computed before are drawn at once. The rest begins with the ``button``, which is called what it
    gives for the number of missing parts; ``promise`` says beside it what happens and how long it takes. ``draw`` shows
    the table, and is called again as each part comes in. A control that is moved meanwhile changes the picture and
    stops nothing. Who leaves in between loses only the part at work: pressing again goes on with the next one.
    """
    workspace = frame.workspace()
    found = {
        place: table
        for place, part in enumerate(parts)
        if (table := known(workspace, name, part.arguments)) is not None
    }
    missing = [place for place in range(len(parts)) if place not in found]
    keys = [f"{workspace.root} {name} {json.dumps(dict(part.arguments), sort_keys=True)}" for part in parts]
    begun = _Begun(f"{name}-begun", keys)
    if missing:
        with st.container(horizontal=True, vertical_alignment="center"):
            label = button(len(missing))
            icon = ":material/play_arrow:"
            going = begun.going
            st.button(label, type="primary", icon=icon, key=f"{name}-compute", on_click=begun.mark, disabled=going)
            said = f" {len(found)} of {len(parts)} parts are there already." if found and not going else ""
            said += " The controls can be moved meanwhile." if going else ""
            st.caption(promise + said, width="stretch")
    bar = st.empty()
    picture = st.empty()
    if found:
        with picture.container():
            draw(_together(found))
    if not missing or not begun.going:
        return _together(found) if not missing else None
    for number, place in enumerate(missing):
        part = parts[place]
        with (
            begun.work(),
            closing(watched(keys[place], partial(kept, workspace, name, part.arguments, part.compute))) as events,
        ):
            found[place] = _followed(events, begun, partial(_show, bar, number, len(missing)))
        with picture.container():
            draw(_together(found))
    begun.forget()
    bar.empty()
    # The button's place is drawn anew, without it.
    st.rerun()


@dataclass(frozen=True)
class _Begun:
    """Whether this tab has begun the experiment with just these parts, and was here a moment ago."""

    key: str
    parts: list[str]

    @property
    def going(self) -> bool:
        parts, seen = st.session_state.get(self.key, (None, 0.0))
        return parts == self.parts and time.monotonic() - seen < PATIENCE_SECONDS

    def mark(self) -> None:
        st.session_state[self.key] = (self.parts, time.monotonic())

    def forget(self) -> None:
        st.session_state.pop(self.key, None)

    @contextmanager
    def work(self) -> Iterator[None]:
        """What fails is not begun again by the next control that is moved."""
        try:
            yield
        except Exception:
            self.forget()
            raise


def download(table: pd.DataFrame, name: str) -> None:
    """The numbers behind a picture as CSV."""
    st.download_button(
        "Numbers as CSV",
        lambda: table.to_csv(index=False),
        file_name=f"{name}.csv",
        mime="text/csv",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
        key=f"{name}-csv",
    )


def question(key: str, ask: str, choices: Sequence[str], right: int, because: str) -> None:
    """One question that the picture answers, with what is right and why once a choice is made."""
    with st.container(border=True):
        chosen = st.radio(f"**Question.** {ask}", choices, index=None, key=f"{key}-question")
        if chosen is None:
            return
        if chosen == choices[right]:
            st.success(f"Yes. {because}", icon=":material/check_circle:")
        else:
            st.warning("Not quite. Look at the picture once more, and choose again.", icon=":material/visibility:")


def _followed(events: Computing, begun: _Begun, say: Callable[[Progress], None]) -> pd.DataFrame:
    while True:
        begun.mark()
        try:
            say(next(events))
        except StopIteration as end:
            return end.value


def _show(bar: "st.delta_generator.DeltaGenerator", number: int, count: int, event: Progress) -> None:
    share = min(1.0, event.done / event.total) if event.total else 0.0
    said = event.phase if count == 1 else f"{number + 1} of {count}: {event.phase}"
    bar.progress((number + share) / count, said)


def _together(found: dict[int, pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([found[place] for place in sorted(found)], ignore_index=True)


@st.cache_data(max_entries=16, show_spinner=False)
def _decoded(raw: bytes, name: str) -> Image.Image:
    return decode(raw, name).image
