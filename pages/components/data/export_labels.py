"""Export labels: labels.csv with a preview, or photos and labels in a format that other tools read."""

import shlex
import tempfile
from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from core.data.store.store import Project, Store
from core.data.tables.label_rows import LabelRow
from core.data.tables.labels_csv import marked_in_words, marked_texts, write_labels
from pages.components.shared import frame
from pages.components.shared.wording import counted, format_size, plain

ROWS_SHOWN = 9
RENAMED = "labels-renamed"
MAX_BYTES = 400 * 2**20
"""The largest zip offered in the browser; the server holds it in memory until the download is complete."""

FORMAT_NAMES = {
    "coco": "COCO JSON",
    "voc": "Pascal VOC XML",
    "yolo": "YOLO text",
    "hugging-face": "Hugging Face image folder",
    "label-studio": "Label Studio JSON",
    "cvat": "CVAT for images XML",
    "folders": "One folder per class",
    "csv": "labels.csv and the photos",
}


def labels_csv(project: Project) -> None:
    """Draw the section."""
    from core.data.importing.formats.write_zip import not_carried

    rows = frame.store().label_rows(project.id)
    if not rows:
        frame.empty_state("No photos yet", "Add photos first. Then you can download their labels as a table.")
        return
    boxed = project.task == "localization"
    line = "one row per box, with its class and position in pixels" if boxed else "one row per photo, with its class"
    st.markdown(
        f"All labels in one table for any spreadsheet: {line} and split. "
        "Edit it there, then upload it under **Add photos**: the table alone is enough. You see there what would "
        "change before anything does. "
        f"{not_carried('labels.csv')} The column label_source says where each label came from: a person, an accepted "
        "suggestion or an import. The columns group and tags are there if any photo has one; tags are separated by "
        "semicolons."
    )
    st.download_button(
        f"Download labels.csv ({counted(len(rows), 'row')})",
        data=partial(_table_of, frame.store(), project),
        file_name="labels.csv",
        mime="text/csv",
        type="primary",
        icon=":material/download:",
        on_click="ignore",
    )
    if marked := marked_in_words(marked_texts(rows)):
        st.caption(plain(marked))
    st.dataframe(_preview(rows[:ROWS_SHOWN]), hide_index=True, height="content")
    if len(rows) > ROWS_SHOWN:
        st.caption(f"The first {ROWS_SHOWN} of {len(rows):,} rows.")
    _for_other_tools(project)


def _preview(rows: list[LabelRow]) -> pd.DataFrame:
    table = pd.DataFrame(
        [(row.filename, row.label or "", row.split or "") for row in rows], columns=["filename", "label", "split"]
    )
    if any(row.box for row in rows):
        for side in ("x", "y", "width", "height"):
            table[side] = [getattr(row.box, side, None) for row in rows]
    if any(row.group for row in rows):
        table["group"] = [row.group or "" for row in rows]
    if any(row.tags for row in rows):
        table["tags"] = ["; ".join(row.tags) for row in rows]
    return table


def _for_other_tools(project: Project) -> None:
    """Draw the download of photos and labels in one zip."""
    from core.data.importing.formats.write_zip import formats_of, missing_in_words, missing_photos, not_carried

    st.header("Photos and labels together", anchor=False)
    st.markdown(
        "A zip that other tools can read. You can also import it again under **Add photos**: names, labels, boxes, "
        "splits, groups, tags and the order of the classes are kept."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.selectbox(
            "Format", formats_of(project.task), format_func=FORMAT_NAMES.__getitem__, key="labels-format", width=280
        )
        size = frame.store().stored_bytes(project.id)
        if size <= MAX_BYTES:
            st.download_button(
                "Download zip",
                data=partial(_zip_of, frame.store(), project, kind),
                file_name=f"{kind}.zip",
                mime="application/zip",
                icon=":material/folder_zip:",
                on_click="ignore",
            )
        else:
            st.markdown(
                f"The photos are {format_size(size)}, too large for a browser download. "
                "Create the zip on the computer that runs ResNet Studio:"
            )
            words = ["python", "-m", "core", "labels", "--project", project.name]
            st.code(shlex.join([*words, "--format", kind, "--out", f"{kind}.zip"]), language="bash")
    st.caption(not_carried(kind))
    if renamed := _renamed(project, kind):
        st.caption(plain(renamed))
    if lost := missing_photos(frame.store(), project.id):
        st.warning(plain(missing_in_words(lost)), icon=":material/broken_image:")


def _renamed(project: Project, kind: str) -> str:
    """Say which names differ in the zip; found anew only after a change of the project."""
    from core.data.importing.formats.write_zip import renamed_in_words, renamed_in_zip

    state = (project.id, kind, frame.store().revision(project.id))
    if st.session_state.get(RENAMED, (None,))[0] != state:
        st.session_state[RENAMED] = (state, renamed_in_words(renamed_in_zip(frame.store(), project.id, kind)))
    return str(st.session_state[RENAMED][1])


# Both run when somebody clicks, outside the page's script: there nobody knows whose tab it is.
def _table_of(store: Store, project: Project) -> bytes:
    return write_labels(store.label_rows(project.id, sources=True)).encode()


def _zip_of(store: Store, project: Project, kind: str) -> bytes:
    from core.data.importing.formats.write_zip import write_zip

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "labels.zip"
        for _ in write_zip(store, project.id, kind, path):
            pass
        return path.read_bytes()
