"""The section on what changed since the run that this one corrects: labels, answers, the paired test."""

from collections.abc import Callable

import pandas as pd

from core.export.report_page.html_parts import counted, esc, name, paragraph, picture, pictures, section
from core.export.report_page.photo_section import percent
from core.export.report_page.run_record import RunRecord
from core.export.report_page.thumbnails import Thumbnails
from core.inspection.measuring.changed_answers import ChangedAnswers

_EACH = 6


def change_section(record: RunRecord, thumbnails: Thumbnails) -> str:
    """Return the section; nothing for a run that corrects none."""
    found = record.changed
    if found is None:
        return ""
    earlier = found.earlier.status().title or found.earlier.id
    answers = _answers(found.answers, thumbnails) if found.answers is not None else ""
    return section(
        "changes",
        "What changed",
        paragraph(f"This run was trained again, with corrected labels, from {name(earlier)}."),
        paragraph(f"The data: {esc(found.data.sentence or 'nothing changed')}."),
        answers or paragraph("The earlier run has not been evaluated on its validation photos."),
        _group("Changed labels", found.labels, thumbnails, _relabelled),
    )


def _answers(found: ChangedAnswers, thumbnails: Thumbnails) -> str:
    interval = ""
    if found.comparison is not None:
        one = found.comparison
        interval = (
            f"New minus earlier run: {100 * one.difference:+.1f} percentage points, 95% confidence interval "
            f"{100 * one.low:+.1f} to {100 * one.high:+.1f}. Both are judged by the labels of the new run. "
            f"{found.caveat}"
        ).rstrip()
    return (
        paragraph(f"<strong>{esc(found.sentence)}</strong>")
        + paragraph(esc(interval), "small")
        + _group("Newly right", found.newly_right, thumbnails, _answer)
        + _group("Newly wrong", found.newly_wrong, thumbnails, _answer)
    )


def _group(title: str, rows: pd.DataFrame, thumbnails: Thumbnails, lines: Callable[[pd.Series], list[str]]) -> str:
    """Return the first photos of a group with their heading; nothing if it has none."""
    if rows.empty:
        return ""
    shown = rows.iloc[: thumbnails.take(min(_EACH, len(rows)))]
    more = "" if len(shown) == len(rows) else f"; the first {len(shown)} are shown"
    figures = [
        picture(
            thumbnails.of(str(row["image"]), str(row["path"]), str(row["filename"])),
            f"The photo {row['filename']}",
            lines(row),
        )
        for _, row in shown.iterrows()
    ]
    return f"<h3>{title}: {counted(len(rows), 'photo')}{more}</h3>" + pictures(figures)


def _answer(row: pd.Series) -> list[str]:
    return [
        f"<strong>{name(row['prediction'])}</strong> {esc(percent(float(row['probability'])))}",
        f"before: {name(row['earlier'])}",
        f"label: {name(row['label'])}",
    ]


def _relabelled(row: pd.Series) -> list[str]:
    return [f"{name(row['earlier_label'])} → <strong>{name(row['label'])}</strong>", name(row["filename"])]
