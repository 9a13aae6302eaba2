"""Photos of an evaluation with their predicted classes, and the correction of a wrong label."""

from pathlib import Path

import pandas as pd
import streamlit as st

from core.data.store.store import ImageRow
from core.errors import DataError
from core.runs.folder import RunFolder
from pages.components.shared import charts, frame
from pages.components.shared.charts import percent
from pages.components.shared.photo_wall import WallPhoto, wall
from pages.components.shared.wording import plain

PHOTOS_PER_PAGE = 16
"""Two rows on a wide screen, so that the details of the selected photo stay in view below them."""


def photos(run: RunFolder, rows: pd.DataFrame, key: str, by: str = "") -> None:
    """Draw the photos of a predictions table, and the selected one with its probabilities and its label.

    ``by`` names the model that predicted, where several are compared.
    """
    if rows.empty:
        st.caption("No photos here.")
        return
    pages = -(-len(rows) // PHOTOS_PER_PAGE)
    page = st.pagination(pages, key=f"{key}-page") if pages > 1 else 1
    shown = rows.iloc[(page - 1) * PHOTOS_PER_PAGE : page * PHOTOS_PER_PAGE].reset_index(drop=True)
    cards = [
        WallPhoto(
            str(row["image"]),
            _thumbnail(row),
            f"{f'{by}: ' if by else ''}{row['prediction']} {percent(row['probability'])}",
            f"label: {row['label']}",
            name=str(row["filename"]),
        )
        for _, row in shown.iterrows()
    ]
    chosen = wall(cards, key=f"{key}-wall-{page}", select="one", side=100).chosen
    st.caption("Choose a photo to see its class probabilities, correct its label or open its heatmap.")
    if chosen:
        _one_photo(run, shown[shown["image"].astype(str) == chosen[0]].iloc[0], key)


def search(predictions: pd.DataFrame, key: str) -> pd.DataFrame:
    """Return all photos, or those whose file name contains the search text; least confident first."""
    text = st.text_input("Search", placeholder="part of a file name", key=f"{key}-search", width=260).strip()
    st.caption("The least confident predictions come first.")
    found = predictions
    if text:
        found = found[found["filename"].astype(str).str.contains(text, case=False, regex=False)]
    return found.sort_values("probability", kind="stable")


def mistakes(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return the wrong predictions, most confident first."""
    wrong = predictions[predictions["prediction"] != predictions["label"]]
    return wrong.sort_values("probability", ascending=False, kind="stable")


def cell(predictions: pd.DataFrame, label: str, predicted: str) -> pd.DataFrame:
    """Return the photos of one cell of the confusion matrix, most confident first."""
    inside = (predictions["label"] == label) & (predictions["prediction"] == predicted)
    return predictions[inside].sort_values("probability", ascending=False, kind="stable")


def ranked_classes(row: pd.Series) -> list[tuple[str, float]]:
    """Return the most likely classes of one row of a predictions table, with their probabilities."""
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
            left.image(str(path), width="stretch", alt=f"The photo {row['filename']}")
        else:
            left.caption("The image file is missing.")
        with right:
            st.markdown(f"**{plain(str(row['filename']))}**")
            figure = charts.probability_bars(
                ranked_classes(row), charts.palette(frame.is_dark()), chosen=str(row["label"])
            )
            st.plotly_chart(figure, key=f"{key}-bars", config={"displayModeBar": False}, alt="Most likely classes")
            st.caption(f"Label in this run: {plain(str(row['label']))} (coloured bar).")
            _correct(run, str(row["image"]), key)


def _correct(run: RunFolder, image_hash: str, key: str) -> None:
    """Draw the correction of the label, if the photo is still in the run's project."""
    project_id = run.status().project_id
    found: ImageRow | None = None
    if project_id is not None and project_id in {project.id for project in frame.store().projects()}:
        found = frame.store().find_image(project_id, image_hash)
    if found is None or project_id is None:
        st.caption("This photo is not in a project of this workspace, so its label cannot be corrected here.")
        return
    names = [one.name for one in frame.store().classes(project_id)]
    current = names.index(found.label) if found.label in names else None
    label = st.selectbox("Label", names, index=current, placeholder="no label", key=f"{key}-label-{found.id}")
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
        if st.button("Explain this prediction", icon=frame.PAGES["Explain"].icon, key=f"{key}-explain"):
            frame.go("Explain", model=run.id, image=str(found.id))
    st.caption("A correction does not change this run or its report. The next run uses it.")


def _annotate(project_id: int, image_id: int, label: str) -> None:
    with frame.plain_errors():
        frame.store().annotate(project_id, [image_id], label, frame.who())
        st.toast(f"Label changed to {plain(label)}. Train again to use it.", icon=":material/check:")


def _thumbnail(row: pd.Series) -> Path | bytes:
    """Return the stored thumbnail, or a new one for a file outside the workspace."""
    try:
        return frame.store().thumbnail_path(str(row["image"]))
    except DataError:
        return _make_thumbnail(str(row["path"]), str(row["filename"]))


@st.cache_data(max_entries=512, show_spinner=False)
def _make_thumbnail(path: str, name: str) -> bytes:
    from core.data.pictures.decoding import decode, make_thumbnail
    from core.errors import ImageRefused

    try:
        return make_thumbnail(decode(Path(path), name).image)
    except ImageRefused:
        return b""
