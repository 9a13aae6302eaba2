"""Photos of an evaluation with what the network said, and the correction of a wrong label."""

from pathlib import Path

import pandas as pd
import streamlit as st

from core.data.store.store import ImageRow
from core.errors import DataError
from core.runs.folder import RunFolder
from pages.components.shared import charts, frame
from pages.components.shared.charts import percent
from pages.components.shared.photos import WallPhoto, wall
from pages.components.shared.wording import plain

A_PAGE = 16
"""Photos on a wall: two rows on a wide screen, so that the chosen photo's answers appear in sight below it."""


def photos(run: RunFolder, rows: pd.DataFrame, key: str, caption: str) -> None:
    """A wall of photos from a predictions table; the chosen one is shown with its answers and its label."""
    if rows.empty:
        st.caption("No photo is here.")
        return
    pages = -(-len(rows) // A_PAGE)
    page = st.pagination(pages, key=f"{key}-page") if pages > 1 else 1
    shown = rows.iloc[(page - 1) * A_PAGE : page * A_PAGE].reset_index(drop=True)
    cards = [
        WallPhoto(
            str(row["image"]),
            _thumbnail(row),
            f"{row['prediction']} {percent(row['probability'])}" if caption == "answer" else f"is {row['label']}",
            f"is {row['label']}" if caption == "answer" else f"{row['prediction']} {percent(row['probability'])}",
        )
        for _, row in shown.iterrows()
    ]
    chosen = wall(cards, key=f"{key}-wall-{page}", select="one", side=100).chosen
    st.caption("Choose a photo to see all answers, to correct its label, or to look where the network looked.")
    if chosen:
        _one_photo(run, shown[shown["image"].astype(str) == chosen[0]].iloc[0], key)


def search(predictions: pd.DataFrame, key: str) -> pd.DataFrame:
    """All photos, or those whose file name holds what somebody types; the answer that was least certain first."""
    text = st.text_input("Search", placeholder="part of a file name", key=f"{key}-search", width=260).strip()
    found = predictions
    if text:
        found = found[found["filename"].astype(str).str.contains(text, case=False, regex=False)]
    return found.sort_values("probability", kind="stable")


def mistakes(predictions: pd.DataFrame) -> pd.DataFrame:
    """The wrong answers, the most certain first."""
    wrong = predictions[predictions["prediction"] != predictions["label"]]
    return wrong.sort_values("probability", ascending=False, kind="stable")


def cell(predictions: pd.DataFrame, true: str, answer: str) -> pd.DataFrame:
    """The photos of one cell of the confusion matrix, the most certain first."""
    inside = (predictions["label"] == true) & (predictions["prediction"] == answer)
    return predictions[inside].sort_values("probability", ascending=False, kind="stable")


def answers_of(row: pd.Series) -> list[tuple[str, float]]:
    """The ranked answers of one row of a predictions table."""
    ranked = [(str(row["prediction"]), float(row["probability"]))]
    place = 2
    while f"prediction_{place}" in row and isinstance(row[f"prediction_{place}"], str) and row[f"prediction_{place}"]:
        ranked.append((row[f"prediction_{place}"], float(row[f"probability_{place}"])))
        place += 1
    return ranked


def _one_photo(run: RunFolder, row: pd.Series, key: str) -> None:
    with st.container(border=True):
        left, right = st.columns([1, 1])
        path = Path(row["path"])
        if path.is_file():
            left.image(str(path), width="stretch")
        else:
            left.caption("The picture's file is gone.")
        with right:
            st.markdown(f"**{plain(str(row['filename']))}**")
            figure = charts.probability_bars(answers_of(row), charts.ink(frame.is_dark()), chosen=str(row["label"]))
            st.plotly_chart(figure, key=f"{key}-bars", config={"displayModeBar": False}, alt="The likeliest classes")
            st.caption(f"In this run it is labelled {row['label']} (the colored bar).")
            _correct(run, str(row["image"]), key)


def _correct(run: RunFolder, image_hash: str, key: str) -> None:
    """Another label for the photo, where it still belongs to the run's project."""
    project_id = run.status().project_id
    found: ImageRow | None = None
    if project_id is not None and project_id in {project.id for project in frame.store().projects()}:
        found = frame.store().find_image(project_id, image_hash)
    if found is None or project_id is None:
        st.caption("This photo is in no project of this workspace, so its label cannot be corrected here.")
        return
    names = [one.name for one in frame.store().classes(project_id)]
    current = names.index(found.label) if found.label in names else None
    label = st.selectbox("Its label", names, index=current, placeholder="no label", key=f"{key}-label-{found.id}")
    changed = label is not None and label != found.label
    with st.container(horizontal=True):
        st.button(
            "Correct the label",
            type="primary" if changed else "secondary",
            disabled=not changed,
            key=f"{key}-correct",
            on_click=_annotate,
            args=(project_id, found.id, label),
        )
        if st.button("Where did it look?", icon=frame.PAGES["Explain"].icon, key=f"{key}-explain"):
            frame.go("Explain", model=run.id, image=str(found.id))
    st.caption("A correction does not change this run or its figures; the next training learns from it.")


def _annotate(project_id: int, image_id: int, label: str) -> None:
    with frame.plain_errors():
        frame.store().annotate(project_id, [image_id], label, frame.who())
        st.toast(f"The label is now {plain(label)}. Train again to learn from it.", icon=":material/check:")


def _thumbnail(row: pd.Series) -> Path | bytes:
    """The stored thumbnail; for a run on files outside the workspace, a small one made now."""
    try:
        return frame.store().thumbnail_path(str(row["image"]))
    except DataError:
        return _small(str(row["path"]), str(row["filename"]))


@st.cache_data(max_entries=512, show_spinner=False)
def _small(path: str, name: str) -> bytes:
    from core.data.pictures.decoding import decode, make_thumbnail
    from core.errors import ImageRefused

    try:
        return make_thumbnail(decode(Path(path), name).image)
    except ImageRefused:
        return b""
