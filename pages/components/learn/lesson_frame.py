"""What all lessons share: the photo picker, experiments with progress, downloads, the question."""

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
from core.lessons.result_cache import ExperimentArguments, ExperimentSteps, cached, cached_or_computed
from core.training.events import Progress
from pages.components.shared import frame
from pages.components.shared.pickers import sample_photos

OWN = "Your own photo"
SUFFIXES = sorted(suffix.removeprefix(".") for suffix in IMAGE_SUFFIXES)


@dataclass(frozen=True)
class ExperimentPart:
    """One computation of an experiment: the arguments it depends on, and the function that runs it."""

    arguments: ExperimentArguments
    compute: Callable[[], ExperimentSteps]


def photo(key: str, label: str = "Photo") -> tuple[str, Image.Image] | None:
    """Let the visitor choose a sample photo or upload one: name and upright RGB image; None before an upload."""
    samples = {path.stem.replace("_", " "): path for path in sample_photos()}
    chosen = st.selectbox(label, [*samples, OWN], key=f"{key}-photo", width=260)
    if chosen != OWN:
        return chosen, _decoded(samples[chosen].read_bytes(), samples[chosen].name)
    file = st.file_uploader(OWN, type=SUFFIXES, key=f"{key}-upload", label_visibility="collapsed")
    if file is None:
        st.info("Upload a photo from your computer.", icon=":material/add_photo_alternate:")
        return None
    return file.name, _decoded(file.getvalue(), file.name)


def experiment(
    name: str,
    parts: Sequence[ExperimentPart],
    *,
    button: Callable[[int], str],
    caption: str,
    draw: Callable[[pd.DataFrame], None],
) -> pd.DataFrame | None:
    """Return the tables of all parts, concatenated; None until they are complete.

    Cached parts are drawn immediately. A button starts the missing ones: ``button`` returns its label for their number,
    ``caption`` is shown beside it: what happens and how long it takes. ``draw`` shows the table and runs again
    after each part. Moving a control meanwhile redraws the figures and stops nothing. Leaving the page loses only the
    running part; pressing the button again continues with it.
    """
    workspace = frame.workspace()
    found = {
        place: table
        for place, part in enumerate(parts)
        if (table := cached(workspace, name, part.arguments)) is not None
    }
    missing = [place for place in range(len(parts)) if place not in found]
    running = False
    state = _ExperimentState(name, [json.dumps(dict(part.arguments), sort_keys=True) for part in parts])
    if missing:
        running = state.running
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                button(len(missing)),
                # The label of a disabled primary button is unreadable.
                type="secondary" if running else "primary",
                icon=":material/play_arrow:",
                key=f"{name}-compute",
                on_click=state.mark,
                disabled=running,
            )
            done = f" {len(found)} of {len(parts)} parts are already computed." if found and not running else ""
            st.caption(caption + done + (" You can use the controls meanwhile." if running else ""), width="stretch")
        state.raise_error()
    bar = st.container()
    together = pd.concat([found[place] for place in sorted(found)], ignore_index=True) if found else None
    if together is not None:
        draw(together)
    if running:
        # After the figures: the computation would slow down drawing them.
        state.mark()
        with bar:
            _progress_bar(state, parts[missing[0]], len(found), len(parts))
    return None if missing else together


@dataclass(frozen=True)
class _ExperimentState:
    """Whether this browser tab has started the experiment with exactly these parts and is still showing it."""

    name: str
    parts: list[str]

    @property
    def running(self) -> bool:
        parts, seen = st.session_state.get(f"{self.name}-begun", (None, 0.0))
        return parts == self.parts and time.monotonic() - seen < PATIENCE_SECONDS

    def mark(self) -> None:
        st.session_state[f"{self.name}-begun"] = (self.parts, time.monotonic())

    def fail(self, error: Exception) -> None:
        """Store the error, to be shown once, and do not restart the experiment."""
        st.session_state.pop(f"{self.name}-begun", None)
        st.session_state[f"{self.name}-failed"] = error

    def raise_error(self) -> None:
        """Raise the error that the computation raised since the last rerun."""
        if (error := st.session_state.pop(f"{self.name}-failed", None)) is not None:
            raise error


@frame.fragment(run_every=0.5)
def _progress_bar(state: _ExperimentState, part: ExperimentPart, number: int, count: int) -> None:
    """Show the progress of the running part; when it is done, rerun the page, which starts the next part."""
    if not state.running:
        return
    state.mark()
    workspace = frame.workspace()
    key = f"{workspace.root} {state.name} {json.dumps(dict(part.arguments), sort_keys=True)}"
    try:
        event = result_or_progress(
            key, partial(cached_or_computed, workspace, state.name, part.arguments, part.compute)
        )
    except Exception as error:  # noqa: BLE001 - raised again by the rerun of the page
        state.fail(error)
        st.rerun()
    if not isinstance(event, Progress):
        st.rerun()
    share = min(1.0, event.done / event.total) if event.total else 0.0
    text = event.phase if count == 1 else f"{number + 1} of {count}: {event.phase}"
    st.progress((number + share) / count, text)


def download(table: pd.DataFrame, name: str) -> None:
    """Offer the numbers behind a figure as a CSV file."""
    st.download_button(
        "Download numbers (CSV)",
        lambda: table.to_csv(index=False),
        file_name=f"{name}.csv",
        mime="text/csv",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
        key=f"{name}-csv",
    )


def question(key: str, text: str, choices: Sequence[str], correct: int, explanation: str) -> None:
    """Ask a question that the figures answer, and say after each choice whether it is correct and why."""
    with st.container(border=True):
        chosen = st.radio(f"**Question.** {text}", choices, index=None, key=f"{key}-question")
        if chosen is None:
            return
        if chosen == choices[correct]:
            st.success(f"Correct. {explanation}", icon=":material/check_circle:")
        else:
            st.warning("Not quite. Look at the figure again and try another answer.", icon=":material/visibility:")


@st.cache_data(max_entries=16, show_spinner=False)
def _decoded(raw: bytes, name: str) -> Image.Image:
    return decode(raw, name).image
