"""What changed from a run to the one that was trained again on corrected labels: photos, the paired test, labels."""

import pandas as pd
import streamlit as st

from core.errors import RunError
from core.inspection.measuring.changed_answers import ChangedAnswers
from core.runs.correcting.what_changed import WhatChanged, what_changed
from core.runs.folder import RunFolder
from pages.components.evaluate import predicted_photos
from pages.components.glossary.terms import explained
from pages.components.shared import frame
from pages.components.shared.photo_wall import WallPhoto, wall
from pages.components.shared.pickers import SPLIT_NAMES, run_name
from pages.components.shared.wording import counted, plain

VIEW = "What changed"
LABELS_SHOWN = 48


def offered(run: RunFolder) -> tuple[str, ...]:
    """Return the view's name for a run that corrects another one; nothing for any other run."""
    return (VIEW,) if run.status().corrected_from else ()


def show(run: RunFolder) -> None:
    """Draw the comparison with the run that this one corrects."""
    try:
        found = what_changed(run)
    except RunError as error:
        st.info(plain(str(error)), icon=":material/info:")
        return
    if found is None:
        return
    st.markdown(f"This run was trained again, with corrected labels, from **{plain(run_name(found.earlier))}**.")
    if found.answers is None:
        st.info(
            "The earlier run has not been evaluated on its validation photos. Choose it above, evaluate it, "
            "then come back.",
            icon=":material/info:",
        )
    else:
        _answers(run, found, found.answers)
    _labels(found)


def _answers(run: RunFolder, found: WhatChanged, answers: ChangedAnswers) -> None:
    st.markdown(f"**{answers.sentence}**", help=explained("p-value", "confidence interval"))
    st.caption(_note(answers))
    later, earlier = plain(run.status().title or run.id), plain(found.earlier.status().title or found.earlier.id)
    for name, rows, what in (
        ("right", answers.newly_right, f"wrong in {earlier}, right in {later}"),
        ("wrong", answers.newly_wrong, f"right in {earlier}, wrong in {later}"),
    ):
        st.header(f"Newly {name}: {counted(len(rows), 'photo')}", anchor=False)
        if len(rows):
            st.caption(f"These were {what}, both judged by the label of the new run.")
            predicted_photos.photos(run, rows, key=f"newly-{name}-{run.id}", note=_before)


def _note(answers: ChangedAnswers) -> str:
    found = answers.comparison
    if found is None:
        return ""
    parts = [
        f"New minus earlier run: {100 * found.difference:+.1f} percentage points, 95% confidence interval "
        f"{100 * found.low:+.1f} to {100 * found.high:+.1f} (Bonett and Price).",
        "Both runs are judged by the labels of the new one; p is from McNemar's exact test.",
    ]
    if answers.caveat:
        parts.append(answers.caveat)
    if found.left_out:
        parts.append(f"Left out: {counted(found.left_out, 'photo')} that only one run has.")
    return " ".join(parts)


def _before(row: pd.Series) -> str:
    """Return the small print of a photo: either answer is its label."""
    return f"before: {row['earlier']}"


def _labels(found: WhatChanged) -> None:
    """Draw how the data differs, and the photos whose label was changed."""
    st.header(f"Labels changed: {counted(len(found.labels), 'photo')}", anchor=False)
    if not found.data.any:
        st.caption("Both runs were trained on the same data.")
        return
    st.caption(f"From the earlier run to this one: {plain(found.data.sentence)}.")
    if found.labels.empty:
        return
    shown = found.labels.iloc[:LABELS_SHOWN]
    cards = [
        WallPhoto(
            str(row["image"]),
            predicted_photos.thumbnail(row),
            f"{row['earlier_label']} → {row['label']}",
            SPLIT_NAMES[str(row["split"])],
            name=str(row["filename"]),
        )
        for _, row in shown.iterrows()
    ]
    wall(cards, key=f"changed-labels-{found.later.id}", label="Photos with a changed label", side=100)
    if len(found.labels) > len(shown):
        st.caption(f"The first {len(shown)} of {len(found.labels):,}.")
        frame.link("Annotate", "See all changes in the history")
