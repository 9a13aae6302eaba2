"""Sweeps in the lists of runs: one row for all runs of a sweep, and the sweep that the address names."""

from collections.abc import Sequence

import streamlit as st

from core.data.store.store import Project
from core.errors import RunError
from core.runs.folder import RunFolder
from core.runs.sweeps.results import Mean, SweepResult, sweep_of, workspace_sweep
from pages.components.shared import frame
from pages.components.shared.wording import counted, plain
from pages.components.train.automatic import phase_words
from pages.components.train.status_text import format_age

FIGURE_NAMES = {"accuracy": "accuracy", "mean_iou": "mean IoU"}


def open_sweep(sweep_id: str | None) -> None:
    """Select the sweep shown on the Train page; the page must rerun afterwards."""
    st.query_params.pop("run", None)
    if sweep_id is None:
        st.query_params.pop("sweep", None)
    else:
        st.query_params["sweep"] = sweep_id


def chosen_sweep(project: Project) -> SweepResult | None:
    """Return the sweep named in the address, or None; one of another project opens that project too."""
    name = st.query_params.get("sweep")
    if not name:
        return None
    try:
        found = workspace_sweep(name, frame.workspace())
    except RunError as error:
        st.query_params.pop("sweep", None)
        st.warning(plain(str(error)), icon=":material/info:")
        return None
    owner = found.runs[0].row.project_id
    if owner is None or owner == project.id or owner not in {one.id for one in frame.store().projects()}:
        st.session_state["sweep-seen"] = found.id
        return found
    if st.session_state.get("sweep-seen") == found.id:  # the user has left its project
        st.query_params.pop("sweep", None)
        return None
    st.session_state["sweep-seen"] = found.id
    frame.choose_project(owner)
    st.rerun()


def by_sweep(runs: Sequence[RunFolder]) -> list[RunFolder | list[RunFolder]]:
    """Return the runs in their order, those of a sweep as one list in the place of its first."""
    found: list[RunFolder | list[RunFolder]] = []
    sweeps: dict[str, list[RunFolder]] = {}
    for run in runs:
        sweep = run.status().sweep
        if sweep is None:
            found.append(run)
        elif sweep in sweeps:
            sweeps[sweep].append(run)
        else:
            sweeps[sweep] = [run]
            found.append(sweeps[sweep])
    return found


def draw_row(runs: Sequence[RunFolder]) -> None:
    """Draw one row for a sweep: its name, how far it is, its best figure, and the button that opens it."""
    sweep_id = str(runs[0].status().sweep)
    found = sweep_of(sweep_id, runs)
    with st.container(
        horizontal=True, vertical_alignment="center", border=True, gap="small", key=f"sweep-line-{sweep_id}"
    ):
        with st.container(gap=None, width="stretch"):
            st.markdown(f"**{plain(found.title)}** {badge(found)}")
            st.caption(sweep_line(found))
        st.button("Open", key=f"sweep-{sweep_id}", on_click=open_sweep, args=(sweep_id,))


def draw_live_row(runs: Sequence[RunFolder]) -> None:
    """Draw a sweep that is at work, with the progress of the run that trains."""
    statuses = [run.status() for run in runs]
    sweep_id = str(statuses[0].sweep)
    finished = sum(status.state == "finished" for status in statuses)
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container(gap=None, width="stretch"):
            title = plain(statuses[0].sweep_title or sweep_id)
            st.markdown(f"**{title}** :blue-badge[{finished} of {counted(len(runs), 'run')} finished]")
            draw_progress(runs)
        if st.button("Open", key=f"watch-sweep-{sweep_id}"):
            open_sweep(sweep_id)
            st.rerun()  # the whole page: a click in a fragment reruns only the fragment


def draw_progress(runs: Sequence[RunFolder]) -> None:
    """Draw the progress bar of the run of a sweep that trains, if one does."""
    for run in runs:
        status = run.status()
        if status.state in ("preparing", "running"):
            share, text = phase_words.progress(status, phase_words.phases_or_none(run))
            st.progress(share, text=f"{plain(status.title)}: {text}")
            return


def badge(found: SweepResult) -> str:
    """Return how many runs have finished, as a badge in the colour of the state."""
    total = len(found.runs)
    if found.live:
        return f":blue-badge[{found.finished} of {total} finished]"
    return (
        ":green-badge[finished]" if found.finished == total else f":orange-badge[{found.finished} of {total} finished]"
    )


def sweep_line(found: SweepResult) -> str:
    """Return a sweep's age, its size, and its mean or its best mean, in a few words."""
    recipes, seeds = len(found.cells), max((len(cell.runs) for cell in found.cells), default=0)
    size = f"{recipes} recipes" if recipes > 1 else counted(seeds, "seed")
    if recipes > 1 and seeds > 1:
        size += f", {seeds} seeds each"
    parts = [format_age(found.runs[0].row.created), size]
    if found.best and found.best.mean:
        name = FIGURE_NAMES[found.figure]
        parts.append(
            f"{'best ' if recipes > 1 else ''}mean validation {name} {figure_text(found, found.best.mean.value)}"
        )
    return " · ".join(parts)


def figure_text(found: SweepResult, value: float | None) -> str:
    """Return an accuracy as "93.2%", a mean IoU as "0.56"."""
    if value is None:
        return "–"
    return f"{value:.2f}" if found.figure == "mean_iou" else f"{value:.1%}"


def interval_text(found: SweepResult, mean: Mean | None) -> str:
    """Return "91.0% to 95.4%"; a dash if there is none."""
    if mean is None or mean.low is None or mean.high is None:
        return "–"
    return f"{figure_text(found, mean.low)} to {figure_text(found, mean.high)}"
