"""One sweep: its progress, its recipes as a table and in parallel coordinates, the curves and runs of one recipe."""

from typing import Any

import pandas as pd
import streamlit as st

from core.runs.sweeps.results import CellResult, Mean, SweepResult, workspace_sweep
from core.runs.sweeps.sweep_jobs import delete_sweep, resume_sweep, stop_sweep
from pages.components.glossary.terms import explained
from pages.components.shared import charts, frame
from pages.components.shared.wording import counted, plain
from pages.components.train.automatic.phase_words import length_of
from pages.components.train.recipe_labels import FIELD_LABELS, SHORT_TRAIN_NAMES, value_text
from pages.components.train.run_list import open_run
from pages.components.train.status_text import STATE_BADGES
from pages.components.train.sweeps import sweep_charts
from pages.components.train.sweeps.sweep_rows import (
    FIGURE_NAMES,
    badge,
    draw_progress,
    figure_text,
    interval_text,
    open_sweep,
    sweep_line,
)

REFRESH_SECONDS = 3.0
STATIC = {"displayModeBar": False}
OVER_SEEDS = "The interval is over seeds, not over photos: it says how much chance in training changes the result."
NO_TEST = "The test photos were not used."
OPTIMISTIC = (
    "The best of several is chosen because it looks good on these validation photos, so expect a little less on new "
    "photos. Take the final exam with the one that you choose, once."
)


def show(found: SweepResult) -> None:
    """Draw the sweep: refreshed while it is live, static afterwards."""
    (_live if found.live else _draw)(found.id)


@frame.fragment(run_every=REFRESH_SECONDS)
def _live(sweep_id: str) -> None:
    if not _draw(sweep_id):
        st.rerun()


def _draw(sweep_id: str) -> bool:
    """Draw the sweep as it stands now; returns whether it is live."""
    found = workspace_sweep(sweep_id, frame.workspace())
    st.header(f"{plain(found.title)} {badge(found)}", anchor=False)
    st.caption(sweep_line(found))
    _actions(found)
    cell = found.best
    if found.best is None or found.best.mean is None:
        st.caption("Results appear when the first run has finished.")
    elif len(found.cells) > 1:
        _best(found, found.best, found.best.mean)
        cell = _recipes(found)
    else:
        _seeds(found, found.best.mean)
    _one_recipe(found, cell or found.cells[0])
    return found.live


def _actions(found: SweepResult) -> None:
    """Draw the progress of the run at work, and the buttons for the whole sweep."""
    runs = [run.folder for run in found.runs]
    statuses = [run.status() for run in runs]
    draw_progress(runs)
    with st.container(horizontal=True, vertical_alignment="center"):
        if found.live:
            stopping = all(status.stop_requested for status in statuses if status.live)
            st.button(
                "Stopping…" if stopping else "Stop all",
                icon=":material/stop:",
                disabled=stopping,
                on_click=_guarded,
                args=(stop_sweep, runs),
                key=f"sweep-stop-{found.id}",
                help="Stops the run that is training and those that wait. You can resume them later.",
            )
        if found.resumable:
            st.button(
                "Resume all",
                icon=":material/play_arrow:",
                on_click=_guarded,
                args=(resume_sweep, frame.workspace(), runs),
                key=f"sweep-resume-{found.id}",
                help="Queues the runs that were stopped, were interrupted or have failed.",
            )
        with st.popover("", icon=":material/more_vert:", key=f"sweep-more-{found.id}"):
            sure = st.checkbox(
                f"Permanently delete {counted(len(runs), 'run')} with models and reports", key=f"sweep-sure-{found.id}"
            )
            if st.button("Delete all", disabled=not sure, icon=":material/delete:", key=f"sweep-delete-{found.id}"):
                delete_sweep(frame.workspace(), found.id, runs)
                open_sweep(None)
                st.rerun()


def _guarded(action: Any, *arguments: Any) -> None:
    with frame.plain_errors():
        action(*arguments)


def _seeds(found: SweepResult, mean: Mean) -> None:
    """Draw the mean over the seeds with its interval."""
    name = FIGURE_NAMES[found.figure]
    left, right = st.columns([1, 2], vertical_alignment="center")
    label = f"{'Mean validation' if mean.n > 1 else 'Validation'} {name}"
    left.metric(label, figure_text(found, mean.value), help=explained("confidence interval"))
    if mean.over_photos:
        right.markdown(f"One seed has finished. A mean and its interval need at least two. {NO_TEST}")
        return
    if mean.lowest == mean.highest:
        right.markdown(
            f"All {mean.n} seeds have the same {name} on {counted(found.photos, 'validation photo')}: chance in "
            f"training changes nothing here. {NO_TEST}"
        )
        return
    right.markdown(
        f"{counted(mean.n, 'seed')}, 95% confidence interval {interval_text(found, mean)}; lowest "
        f"{figure_text(found, mean.lowest)}, highest {figure_text(found, mean.highest)}, each on "
        f"{counted(found.photos, 'validation photo')}. {OVER_SEEDS} {NO_TEST}"
    )


def _best(found: SweepResult, best: CellResult, mean: Mean) -> None:
    equal = sum(cell.mean is not None and cell.mean.rank == mean.rank for cell in found.cells) - 1
    tied = f"{counted(equal, 'other recipe')} {'has' if equal == 1 else 'have'} the same mean. " if equal else ""
    over = f"{counted(found.photos, 'validation photo')}" if mean.over_photos else counted(mean.n, "seed")
    st.success(
        f"Best on the validation photos: **{plain(cell_words(best))}**, {'' if mean.over_photos else 'mean '}"
        f"{FIGURE_NAMES[found.figure]} {figure_text(found, mean.value)} (95% confidence interval "
        f"{interval_text(found, mean)}, over {over}). {tied}{NO_TEST} {OPTIMISTIC}",
        icon=":material/trophy:",
    )


def cell_words(cell: CellResult) -> str:
    """Return what tells a recipe from the others of its sweep: "Epochs: 8, Optimizer: SGD"."""
    return ", ".join(
        f"{FIELD_LABELS.get(name, name)}: {value_text(name, value)}" for name, value in cell.settings.items()
    )


def recipes_table(found: SweepResult) -> pd.DataFrame:
    """Return one row for each recipe, the best first. The first columns fit on a small screen."""
    percent = 100 if found.figure == "accuracy" else 1
    rows = []
    for rank, cell in enumerate(found.ranked, 1):
        mean = cell.mean
        rows.append(
            {
                "Rank": rank if mean else None,
                "Mean": None if mean is None else percent * mean.value,
                "95% interval": interval_text(found, mean),
                **{FIELD_LABELS.get(name, name): value_text(name, value) for name, value in cell.settings.items()},
                "Finished": f"{mean.n if mean else 0} of {len(cell.runs)}",
            }
        )
    return pd.DataFrame(rows)


def _recipes(found: SweepResult) -> CellResult:
    """Draw the table and the plot of the recipes; returns the one selected in the table, at first the best."""
    place = st.container()
    st.caption("Select a row to see its curves and runs; its line in the plot is then dashed.")
    name = FIGURE_NAMES[found.figure]
    chosen = st.dataframe(
        recipes_table(found),
        hide_index=True,
        height=min(420, 40 + 35 * len(found.cells)),
        on_select="rerun",
        selection_mode="single-row",
        placeholder="–",
        key=f"sweep-table-{found.id}-{found.finished}",  # with each result, rows may change their place
        column_config={
            "Rank": st.column_config.NumberColumn("Rank", width="small"),
            "Mean": st.column_config.NumberColumn(
                f"Mean validation {name}",
                format="%.2f" if found.figure == "mean_iou" else "%.1f%%",
                help=explained("IoU") if found.figure == "mean_iou" else None,
            ),
            "95% interval": st.column_config.TextColumn(
                "95% interval",
                help="Over seeds, or over photos where only one seed has finished.\n\n"
                + explained("confidence interval"),
            ),
        },
    )
    rows = [row for row in chosen["selection"]["rows"] if row < len(found.ranked)]
    selected = rows[0] if rows else 0
    with place:
        _plot(found, selected)
    return found.ranked[selected]


def _plot(found: SweepResult, selected: int) -> None:
    cells = [cell for cell in found.ranked if cell.mean is not None]
    values = {name: _ordered([cell.settings[name] for cell in found.cells]) for name in found.varied}
    axes = [
        sweep_charts.Axis(FIELD_LABELS.get(name, name), tuple(_short(name, value) for value in values[name]))
        for name in found.varied
    ]
    lines = []
    for cell in cells:
        assert cell.mean is not None
        text = f"{figure_text(found, cell.mean.value)} ({interval_text(found, cell.mean)})"
        at = tuple(values[name].index(cell.settings[name]) for name in found.varied)
        lines.append(sweep_charts.Line(cell_words(cell), at, cell.mean.value, cell.mean.low, cell.mean.high, text))
    figure = sweep_charts.parallel_coordinates(
        axes,
        lines,
        FIGURE_NAMES[found.figure],
        lambda value: figure_text(found, value),
        charts.palette(frame.is_dark()),
        chosen=selected if 0 < selected < len(lines) else None,
    )
    best = f"The best is {lines[0].name}, {lines[0].text}."
    alt = f"Each recipe as a line across its settings to its mean. {best} The table below has all figures."
    st.plotly_chart(figure, key=f"parallel-{found.id}", config=STATIC, alt=alt)


def _short(name: str, value: Any) -> str:
    return SHORT_TRAIN_NAMES.get(value, str(value)) if name == "train" else value_text(name, value)


def _ordered(values: list[Any]) -> list[Any]:
    """Return the values once each: numbers by size, others in the order of the plan."""
    once = list(dict.fromkeys(values))
    numbers = [value for value in once if isinstance(value, (int, float)) and not isinstance(value, bool)]
    return [value for value in once if value not in numbers] + sorted(numbers)


def _one_recipe(found: SweepResult, cell: CellResult) -> None:
    """Draw the curves of a recipe's seeds and the table of its runs."""
    if len(found.cells) > 1:
        st.markdown(f"## {plain(cell_words(cell))}")
    epochs = {f"seed {run.seed}": table for run in cell.runs if len(table := run.folder.epochs())}
    if epochs:
        colors = charts.palette(frame.is_dark())
        boxed = all("val_iou" in table for table in epochs.values())
        unit = "iteration" if all(run.row.solved for run in cell.runs) else "epoch"
        figure = ("val_iou", "Validation mean IoU") if boxed else ("val_accuracy", "Validation accuracy")
        for place, (column, title) in zip(st.columns(2), (figure, ("val_loss", "Validation loss")), strict=True):
            drawn = sweep_charts.seed_curves(epochs, column, title, colors, percent=column == "val_accuracy", unit=unit)
            alt = f"{title} per {unit}, a line for each seed and their mean"
            place.plotly_chart(drawn, key=f"seeds-{found.id}-{column}", config=STATIC, alt=alt)
    _runs(found, cell)


def runs_table(found: SweepResult, cell: CellResult) -> pd.DataFrame:
    """Return one row for each run of a recipe."""
    percent = 100 if found.figure == "accuracy" else 1
    return pd.DataFrame(
        [
            {
                "Seed": run.seed,
                "Validation": None if run.row.value is None else percent * run.row.value,
                "State": STATE_BADGES[run.row.state][0],
                "Length": length_of(run.row),
            }
            for run in cell.runs
        ]
    )


def _runs(found: SweepResult, cell: CellResult) -> None:
    name = FIGURE_NAMES[found.figure]
    chosen = st.dataframe(
        runs_table(found, cell),
        hide_index=True,
        height=min(420, 40 + 35 * len(cell.runs)),
        on_select="rerun",
        selection_mode="single-row",
        placeholder="–",
        key=f"sweep-runs-{found.id}-{cell.runs[0].folder.id}",
        column_config={
            "Validation": st.column_config.NumberColumn(
                f"Validation {name}", format="%.2f" if found.figure == "mean_iou" else "%.1f%%"
            )
        },
    )
    rows = [row for row in chosen["selection"]["rows"] if row < len(cell.runs)]
    if not rows:
        st.caption("Select a row to open its run or to evaluate it.")
        return
    run = cell.runs[rows[0]]
    with st.container(horizontal=True, vertical_alignment="center", key="sweep-chosen"):
        st.markdown(f"**{plain(run.row.title)}**", width="content")
        if st.button("Open the run", key=f"sweep-open-{run.folder.id}"):
            open_run(run.folder.id)
            st.rerun()
        if run.folder.finished and st.button(
            "Evaluate the run", icon=frame.PAGES["Evaluate"].icon, key=f"sweep-evaluate-{run.folder.id}"
        ):
            frame.go("Evaluate", run=run.folder.id)
