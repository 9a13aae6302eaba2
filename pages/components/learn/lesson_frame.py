"""What all lessons share: the photo to try them on, the experiment with its progress, the numbers, the question."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd
import streamlit as st
from PIL import Image

from core.data.pictures.decoding import IMAGE_SUFFIXES, decode
from core.lessons.background_computation import PATIENCE_SECONDS, result_or_progress
from core.lessons.result_cache import Computing, ExperimentArguments, cached, cached_or_computed
from core.training.events import Progress
from pages.components.shared import frame
from pages.components.shared.pickers import sample_photos

OWN = "A photo of your own"
SUFFIXES = sorted(suffix.removeprefix(".") for suffix in IMAGE_SUFFIXES)


@dataclass(frozen=True)
class Part:
    """One computation of an experiment: what it depends on, and how it is done."""

    arguments: ExperimentArguments
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
        if (table := cached(workspace, name, part.arguments)) is not None
    }
    missing = [place for place in range(len(parts)) if place not in found]
    going = False
    begun = _Begun(name, [json.dumps(dict(part.arguments), sort_keys=True) for part in parts])
    if missing:
        going = begun.going
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                button(len(missing)),
                # The words of a primary button cannot be read while it is disabled.
                type="secondary" if going else "primary",
                icon=":material/play_arrow:",
                key=f"{name}-compute",
                on_click=begun.mark,
                disabled=going,
            )
            said = f" {len(found)} of {len(parts)} parts are there already." if found and not going else ""
            st.caption(promise + said + (" The controls work meanwhile." if going else ""), width="stretch")
        begun.fail()
    bar = st.container()
    together = pd.concat([found[place] for place in sorted(found)], ignore_index=True) if found else None
    if together is not None:
        draw(together)
    if going:
        # After the picture: the work would take the time that drawing it needs.
        begun.mark()
        with bar:
            _at_work(begun, parts[missing[0]], len(found), len(parts))
    return None if missing else together


@dataclass(frozen=True)
class _Begun:
    """Whether this tab has begun the experiment with just these parts, and was here a moment ago."""

    name: str
    parts: list[str]

    @property
    def going(self) -> bool:
        parts, seen = st.session_state.get(f"{self.name}-begun", (None, 0.0))
        return parts == self.parts and time.monotonic() - seen < PATIENCE_SECONDS

    def mark(self) -> None:
        st.session_state[f"{self.name}-begun"] = (self.parts, time.monotonic())

    def end(self, error: Exception) -> None:
        """What failed is told once, and not begun again by itself."""
        st.session_state.pop(f"{self.name}-begun", None)
        st.session_state[f"{self.name}-failed"] = error

    def fail(self) -> None:
        """Raises what the work raised since the page was drawn last."""
        if (error := st.session_state.pop(f"{self.name}-failed", None)) is not None:
            raise error


@frame.fragment(run_every=0.5)
def _at_work(begun: _Begun, part: Part, number: int, count: int) -> None:
    """The part at work with its progress; once it is there, the page is drawn anew with it, and the next one begins."""
    if not begun.going:
        return
    begun.mark()
    workspace = frame.workspace()
    key = f"{workspace.root} {begun.name} {json.dumps(dict(part.arguments), sort_keys=True)}"
    try:
        event = result_or_progress(
            key, partial(cached_or_computed, workspace, begun.name, part.arguments, part.compute)
        )
    except Exception as error:  # noqa: BLE001 - raised again by the page that is drawn anew, without a bar
        begun.end(error)
        st.rerun()
    if not isinstance(event, Progress):
        st.rerun()
    share = min(1.0, event.done / event.total) if event.total else 0.0
    said = event.phase if count == 1 else f"{number + 1} of {count}: {event.phase}"
    st.progress((number + share) / count, said)


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


@st.cache_data(max_entries=16, show_spinner=False)
def _decoded(raw: bytes, name: str) -> Image.Image:
    return decode(raw, name).image
