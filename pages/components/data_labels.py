"""labels.csv out of the project: a preview, the file, and how to bring it back."""

import pandas as pd
import streamlit as st

from core.data.labels import write_labels
from core.data.store import Project
from pages.components import frame
from pages.components.wording import counted

ROWS_SHOWN = 9


def labels_csv(project: Project) -> None:
    """The whole section."""
    rows = frame.store().label_rows(project.id)
    if not rows:
        frame.empty("No photos yet", "Add photos first: then their labels can be taken out as a table.")
        return
    st.markdown(
        "All labels in one table that any spreadsheet opens: one line a photo, with its class and its split. "
        "Change it there, and bring it back under **Add photos** together with the photos: nothing is lost on the way."
    )
    st.download_button(
        f"Download labels.csv ({counted(len(rows), 'line')})",
        data=lambda: write_labels(frame.store().label_rows(project.id)).encode(),
        file_name="labels.csv",
        mime="text/csv",
        type="primary",
        icon=":material/download:",
        on_click="ignore",
    )
    preview = pd.DataFrame(
        [(row.filename, row.label or "", row.split or "") for row in rows[:ROWS_SHOWN]],
        columns=["filename", "label", "split"],
    )
    st.dataframe(preview, hide_index=True, height="content")
    if len(rows) > ROWS_SHOWN:
        st.caption(f"The first {ROWS_SHOWN} of {len(rows):,} lines.")
