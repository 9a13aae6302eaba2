"""Photos of an evaluation with their predicted classes, and the correction of wrong labels."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import streamlit as st

from core.data.store.store import ImageRow, Project
from core.errors import DataError
from core.runs.folder import RunFolder
from pages.components.correcting import correct_labels
from pages.components.shared import charts, frame
from pages.components.shared.charts import percent
from pages.components.shared.photo_wall import WallPhoto, wall
from pages.components.shared.wording import plain

PHOTOS_PER_PAGE = 16
"""Two rows on a wide screen, so that the details of the selected photo stay in view below them."""

SELECTED_PER_PAGE = 48
"""Where several are selected, no details are drawn below them."""


def photos(
    run: RunFolder,
    rows: pd.DataFrame,
    key: str,
    by: str = "",
    note: Callable[[pd.Series], str] | None = None,
    side: int = 100,
) -> None:
    """Draw the photos of a predictions table, and the selected one with its probabilities and its label.

    Several can be selected to correct their labels together. ``by`` names the model that predicted, where several are
    compared; ``note`` returns the small print of a photo in place of its label. ``side`` is as in ``wall``.
    """
    if rows.empty:
        st.caption("No photos here.")
        return
    project = correct_labels.project_of(run)
    if project is not None and len(rows) > 1 and correct_labels.several_switch(key):
        _several(project, rows, key, by, note)
        return
    shown, page = _page_of(rows, PHOTOS_PER_PAGE, f"{key}-page")
    present = _present(project, shown)
    cards = [_card(row, by, note, present) for _, row in shown.iterrows()]
    chosen = wall(cards, key=f"{key}-wall-{page}", select="one", side=side).chosen
    st.caption("Choose a photo to see its class probabilities, correct its label or open its heatmap.")
    if chosen:
        row = shown[shown["image"].astype(str) == chosen[0]].iloc[0]
        _one_photo(run, row, key, project, present.get(chosen[0]))


def _several(project: Project, rows: pd.DataFrame, key: str, by: str, note: Callable[[pd.Series], str] | None) -> None:
    """Draw a wall on which several photos can be selected, and above it the correction of their labels."""
    actions = st.container()
    shown, page = _page_of(rows, SELECTED_PER_PAGE, f"{key}-many-page")
    present, wall_key = _present(project, shown), f"{key}-many-wall-{page}"
    cards = [_card(row, by, note, present) for _, row in shown.iterrows()]
    chosen = wall(cards, key=wall_key, select="many", side=100).chosen
    ids = {image: photo.id for image, photo in present.items()}
    with actions:
        correct_labels.selection_actions(project, ids, chosen, wall_key=wall_key, key=key)


def _page_of(rows: pd.DataFrame, per_page: int, key: str) -> tuple[pd.DataFrame, int]:
    """Draw page numbers if there are several pages; return the rows of the open one, and its number."""
    pages = -(-len(rows) // per_page)
    page = st.pagination(pages, key=key) if pages > 1 else 1
    return rows.iloc[(page - 1) * per_page : page * per_page].reset_index(drop=True), page


def _present(project: Project | None, shown: pd.DataFrame) -> dict[str, ImageRow]:
    return correct_labels.present_photos(project, [str(image) for image in shown["image"]])


def _card(
    row: pd.Series, by: str, note: Callable[[pd.Series], str] | None, present: Mapping[str, ImageRow]
) -> WallPhoto:
    """Return a photo's card; a label that was corrected since the run is named too."""
    text = note(row) if note is not None else f"label: {row['label']}"
    photo = present.get(str(row["image"]))
    corrected = photo is not None and photo.label not in (None, row["label"])
    return WallPhoto(
        str(row["image"]),
        thumbnail(row),
        f"{f'{by}: ' if by else ''}{row['prediction']} {percent(row['probability'])}",
        f"{text}, now {photo.label}" if photo is not None and corrected else text,
        muted=corrected,
        name=str(row["filename"]),
    )


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


def _one_photo(run: RunFolder, row: pd.Series, key: str, project: Project | None, photo: ImageRow | None) -> None:
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
            _correct(run, project, photo, key)


def _correct(run: RunFolder, project: Project | None, photo: ImageRow | None, key: str) -> None:
    """Draw the correction of the label, if the photo is still in the run's project."""
    if project is None or photo is None:
        st.caption("This photo is not in a project of this workspace, so its label cannot be corrected here.")
        return
    label = correct_labels.label_field(project, photo, key)
    with st.container(horizontal=True):
        correct_labels.correct_button(project, photo, label, key)
        if st.button("Explain this prediction", icon=frame.PAGES["Explain"].icon, key=f"{key}-explain"):
            frame.go("Explain", model=run.id, image=str(photo.id))
    st.caption("A correction does not change this run or its report. The next run uses it.")


def thumbnail(row: pd.Series) -> Path | bytes:
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
