"""What all lessons share: the photo picker, experiments with progress, downloads."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd
import streamlit as st
from PIL import Image

from core.data.limited.photos import decoded_photo
from core.data.pictures.decoding import IMAGE_SUFFIXES, decode
from core.data.tables.csv_cells import as_csv
from core.lessons.experiments import Inputs
from core.lessons.result_cache import ExperimentArguments, cached_or_shipped
from core.lessons.shipped_results import computed_alike, origin
from core.workers.pool import Finished, Request, patience, shared_pool
from pages.components.computing.computation import look, progress_text, share_done, shared_key, stop_button
from pages.components.shared import frame
from pages.components.shared.pickers import sample_photos
from pages.components.shared.wording import plain

OWN = "Your own photo"
SUFFIXES = sorted(suffix.removeprefix(".") for suffix in IMAGE_SUFFIXES)


@dataclass(frozen=True)
class ExperimentPart:
    """One computation of an experiment: the arguments it depends on, and what else it needs to be computed."""

    arguments: ExperimentArguments
    inputs: Callable[[], Inputs] = dict
    """Called when the computation starts: photos, for example, whose digest is among the arguments."""
    weight: float = 1.0
    """How long it takes compared with the other parts."""


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
    return file.name, _uploaded(file.getvalue(), file.name)


def experiment(
    name: str,
    parts: Sequence[ExperimentPart],
    *,
    button: Callable[[int], str],
    caption: str,
    draw: Callable[[pd.DataFrame], None],
    unavailable: str = "",
) -> pd.DataFrame | None:
    """Return the tables of all parts, concatenated; None until they are complete.

    Parts that were computed here, or that come with the program, are drawn immediately. A button computes the others:
    ``button`` returns its label for their number, ``caption`` is shown beside it: what happens and how long it takes.
    ``draw`` shows the table and runs again after each part, whose own result replaces the shipped one. Moving a control
    meanwhile redraws the figures and stops nothing. Leaving the page or pressing Stop loses only the running part;
    pressing the button again continues with it. ``unavailable`` says why this computer cannot compute it; there is
    then no button.
    """
    workspace = frame.workspace()
    found = [cached_or_shipped(workspace, name, part.arguments) for part in parts]
    if any(one is not None and not one[1] for one in found):
        # Own results are not compared with shipped ones of another network or computer.
        found = [
            one if one is None or not one[1] or computed_alike(name, part.arguments) else None
            for part, one in zip(parts, found, strict=True)
        ]
    missing = [place for place, one in enumerate(found) if one is None or one[1]]
    shown = [one[0] for one in found if one is not None]
    running = False
    state = _ExperimentState(name, [json.dumps(dict(part.arguments), sort_keys=True) for part in parts])
    if missing and unavailable:
        st.caption(" ".join(filter(None, [plain(origin(name, [part.arguments for part in parts])), unavailable])))
    elif missing:
        running = state.running
        complete = len(shown) == len(parts)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Compute it yourself" if complete else button(len(missing)),
                # The label of a disabled primary button is unreadable.
                type="secondary" if running or complete else "primary",
                icon=":material/play_arrow:",
                key=f"{name}-compute",
                on_click=state.mark,
                disabled=running,
            )
            sentences = [caption]
            if complete and not running:
                sentences.insert(0, plain(origin(name, [parts[place].arguments for place in missing])))
            if len(missing) < len(parts) and not running:
                sentences.append(f"{len(parts) - len(missing)} of {len(parts)} parts are already computed here.")
            if running:
                sentences.append("You can use the controls meanwhile.")
            st.caption(" ".join(sentences), width="stretch")
        state.raise_error()
    bar = st.container()
    together = pd.concat(shown, ignore_index=True) if shown else None
    if together is not None:
        draw(together)
    if running:
        state.mark()
        with bar:
            _progress(state, [parts[place] for place in missing], len(parts))
    return together if len(shown) == len(parts) else None


@dataclass(frozen=True)
class _ExperimentState:
    """Whether this browser tab has started the experiment with exactly these parts and is still showing it."""

    name: str
    parts: list[str]

    @property
    def running(self) -> bool:
        parts, seen = st.session_state.get(f"{self.name}-begun", (None, 0.0))
        return parts == self.parts and time.monotonic() - seen < patience()

    def mark(self) -> None:
        st.session_state[f"{self.name}-begun"] = (self.parts, time.monotonic())

    def stop(self, part: ExperimentPart) -> None:
        """Stop the running part, unless other tabs are waiting for it too, and start no other."""
        st.session_state.pop(f"{self.name}-begun", None)
        shared_pool().stop(shared_key(self.key_of(part)), frame.tab())

    def key_of(self, part: ExperimentPart) -> str:
        """Return the key that all tabs share which compute this part."""
        return f"{self.name} {json.dumps(dict(part.arguments), sort_keys=True)}"

    def fail(self, error: Exception) -> None:
        """Store the error, to be shown once, and do not restart the experiment."""
        st.session_state.pop(f"{self.name}-begun", None)
        st.session_state[f"{self.name}-failed"] = error

    def raise_error(self) -> None:
        """Raise the error that the computation raised since the last rerun."""
        if (error := st.session_state.pop(f"{self.name}-failed", None)) is not None:
            raise error


@frame.fragment(run_every=0.5)
def _progress(state: _ExperimentState, missing: Sequence[ExperimentPart], count: int) -> None:
    """Show the progress of the running part, the first one; when it is done, rerun the page, which starts the next."""
    if not state.running:
        st.rerun()
    state.mark()
    part, *later = missing

    def begin() -> Request:
        task = {"experiment": state.name, "arguments": dict(part.arguments), "inputs": part.inputs()}
        return Request("lesson", {**task, "workspace": str(frame.workspace().root)})

    try:
        found = look(state.key_of(part), begin)
    except Exception as error:  # noqa: BLE001 - raised again by the rerun of the page
        state.fail(error)
        st.rerun()
    if isinstance(found, Finished):
        st.rerun()
    number = count - len(missing)
    seconds = found.seconds_left
    if seconds is not None and found.whole_seconds is not None:
        seconds += found.whole_seconds * sum(one.weight for one in later) / part.weight
    text = progress_text(found, seconds_left=seconds)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress((number + share_done(found)) / count, text if count == 1 else f"{number + 1} of {count}: {text}")
        stop_button(state.name, partial(state.stop, part))


def download(table: pd.DataFrame, name: str) -> None:
    """Offer the numbers behind a figure as a CSV file."""
    st.download_button(
        "Download numbers (CSV)",
        lambda: as_csv(table),
        file_name=f"{name}.csv",
        mime="text/csv",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
        key=f"{name}-csv",
    )


@st.cache_data(max_entries=16, show_spinner=False)
def _decoded(raw: bytes, name: str) -> Image.Image:
    return decode(raw, name).image


@st.cache_data(max_entries=16, show_spinner=False)
def _uploaded(raw: bytes, name: str) -> Image.Image:
    """Return a stranger's photo, decoded apart."""
    return decoded_photo(raw, name).image
