"""Two runs side by side on the same split: figures, curves, and whether the difference is significant."""

import pandas as pd
import streamlit as st

from core.data.snapshot_changes import SnapshotChanges, snapshot_changes
from core.inspection.measuring.comparison import Comparison, compare, compare_boxes
from core.inspection.measuring.report import BoxReport, Mean, Report
from core.models.zoo import network_name
from core.runs.folder import RunFolder, list_runs
from core.runs.table import row_of
from pages.components.evaluate import predicted_photos
from pages.components.evaluate.run_report import STATIC, format_rate
from pages.components.glossary.terms import explained
from pages.components.shared import charts, frame
from pages.components.shared.pickers import SPLIT_NAMES, run_name
from pages.components.shared.wording import counted, plain
from pages.components.train.automatic import phase_words
from pages.components.train.recipe_labels import TRAIN_NAMES


def show(run: RunFolder, report: Report) -> None:
    """Draw the choice of the other run and the comparison."""
    split = report.split
    others = {other.id: other for other in list_runs(frame.workspace()) if other != run and _comparable(other, split)}
    own = run.status().project_id
    order = sorted(others, key=lambda name: others[name].status().project_id != own)
    if not order:
        st.markdown(
            f"No other run has been evaluated on its {SPLIT_NAMES[split].lower()} photos yet. "
            "Train a second run with one setting changed, then compare."
        )
        frame.link("Train", "Train a second run")
        return
    chosen = st.selectbox(
        "Compare with",
        order,
        format_func=lambda name: run_name(others[name]),
    )
    other = others[chosen]
    other_report = other.report(split)
    if other_report is None:
        return
    st.dataframe(table({"A": (run, report), "B": (other, other_report)}), hide_index=True, height="content")
    _data_changes(run, other)
    mine, theirs = run.predictions(split), other.predictions(split)
    if mine is not None and theirs is not None:
        boxes = compare_boxes(mine, theirs) if isinstance(report, BoxReport) else None
        if boxes is not None:
            st.markdown(boxes.sentence)
        if len(report.classes) > 1:  # with a single class, every predicted class is correct
            _difference(compare(report, other_report, mine, theirs))
    _curves({"A": run.epochs(), "B": other.epochs()})
    if mine is not None and theirs is not None:
        for name, better, worse, loser, its_run in (("A", mine, theirs, "B", other), ("B", theirs, mine, "A", run)):
            rows = only_right(better, worse)
            if len(rows):
                st.markdown(
                    f"**Only {name} is correct: {counted(len(rows), 'photo')}.** "
                    f"Each card shows what {loser} predicted instead."
                )
                predicted_photos.photos(its_run, rows, key=f"only-{name}-{run.id}-{other.id}", by=loser)


@st.cache_data(max_entries=32, show_spinner=False)
def _changes(_run: RunFolder, _other: RunFolder, paths: str) -> SnapshotChanges:
    """Compare the snapshots of two runs; a run's snapshot never changes."""
    return snapshot_changes(_run.snapshot(), _other.snapshot())


def _data_changes(run: RunFolder, other: RunFolder) -> None:
    """Say how the photos and labels differ between the two runs, because then not only the settings do."""
    changes = _changes(run, other, f"{run.path} {other.path}")
    if changes.any:
        st.warning(
            f"The two runs were trained on different data. From A to B: {plain(changes.sentence)}. "
            "The comparison below counts only photos that have the same label in both.",
            icon=":material/info:",
        )


def _curves(epochs: dict[str, pd.DataFrame]) -> None:
    colors = charts.palette(frame.is_dark())
    left, right = st.columns(2)
    boxed = all("val_iou" in table for table in epochs.values())
    second = ("val_iou", "Validation mean IoU") if boxed else ("val_accuracy", "Validation accuracy")
    for place, column, title in ((left, "val_loss", "Validation loss"), (right, *second)):
        figure = charts.comparison_curves(epochs, column, title, colors)
        place.plotly_chart(figure, key=f"compare-{column}", config=STATIC, alt=f"{title} of both runs per epoch")


def table(runs: dict[str, tuple[RunFolder, Report]]) -> pd.DataFrame:
    """Return one row per figure, one column per run."""
    columns: dict[str, list[str]] = {
        "": ["Name", "Network", "Trained layers", "Length", "Accuracy", "Macro F1", "Loss"]
    }
    for name, (run, report) in runs.items():
        recipe, row = run.recipe(), row_of(run)
        columns[name] = [
            run.status().title,
            network_name(recipe.arch),
            TRAIN_NAMES[recipe.train] + phase_words.kept_layers(row),
            phase_words.length_of(row) or "–",
            format_rate(report.accuracy),
            "–" if report.macro_f1 is None else f"{report.macro_f1:.1%}",
            "–" if report.loss is None else f"{report.loss:.3f}",
        ]
    if all(isinstance(report, BoxReport) for _, report in runs.values()):
        columns[""].insert(4, "Mean IoU")
        for name, (_, report) in runs.items():
            columns[name].insert(4, format_mean(report.mean_iou) if isinstance(report, BoxReport) else "–")
    table = pd.DataFrame(columns)
    if all(len(report.classes) == 1 for _, report in runs.values()):
        table = table[~table[""].isin(("Accuracy", "Macro F1", "Loss"))]  # of the class, which is always correct
    return table


def format_mean(mean: Mean) -> str:
    """Return ``0.56 (0.46 to 0.63)``; a dash without photos."""
    if mean.value is None:
        return "–"
    interval = "" if mean.low is None or mean.high is None else f" ({mean.low:.2f} to {mean.high:.2f})"
    return f"{mean.value:.2f}{interval}"


def _difference(comparison: Comparison) -> None:
    st.markdown(comparison.sentence)
    note = (
        f"B minus A: {100 * comparison.difference:+.1f} percentage points, 95% confidence interval "
        f"{100 * comparison.low:+.1f} to {100 * comparison.high:+.1f} (Bonett and Price)."
    )
    if comparison.only_a_right != comparison.only_b_right:
        note += " p is from McNemar's exact test."
    if comparison.left_out:
        alone = comparison.left_out - comparison.relabelled
        reasons = [
            *([f"{counted(alone, 'photo')} that only one run has"] if alone else []),
            *([f"{counted(comparison.relabelled, 'photo')} with a changed label"] if comparison.relabelled else []),
        ]
        note += f" Left out: {' and '.join(reasons)}."
    st.caption(note, help=explained("confidence interval", "p-value", "F1"))


def only_right(better: pd.DataFrame, worse: pd.DataFrame) -> pd.DataFrame:
    """Return the wrong predictions of ``worse`` on photos that ``better`` predicts correctly.

    Photos whose label differs between the two tables are left out.
    """
    correct = better[better["prediction"] == better["label"]]
    known = set(zip(correct["image"], correct["label"], strict=True))
    same = [pair in known for pair in zip(worse["image"], worse["label"], strict=True)]
    return worse[pd.Series(same, index=worse.index, dtype=bool) & (worse["prediction"] != worse["label"])]


def _comparable(run: RunFolder, split: str) -> bool:
    return run.finished and (run.path / f"report-{split}.json").is_file()
