"""The evaluation of predicted boxes: their figures, and the photos with both boxes, worst first."""

import io
from pathlib import Path

import pandas as pd
import streamlit as st

from core.data.pictures.box import Box
from core.data.pictures.crop_geometry import corners_of
from core.errors import DataError
from core.inspection.measuring.report import BoxReport, Mean
from core.inspection.predicting.draw_boxes import Corners
from core.runs.folder import RunFolder
from pages.components.evaluate import final_exam
from pages.components.evaluate.run_report import format_interval
from pages.components.glossary.terms import explained
from pages.components.shared import frame
from pages.components.shared.photo_wall import WallPhoto, wall
from pages.components.shared.wording import counted, plain
from pages.components.train import verdict_view

PHOTOS_PER_PAGE = 16
SIDES = ("x", "y", "width", "height")
_SMALL, _LARGE = 320, 900


def headline(run: RunFolder, report: BoxReport) -> None:
    """Draw the four figures of the boxes and the accuracy of the classes, each with its interval, and the verdict."""
    beside = final_exam.beside(run, report)
    with st.container(horizontal=True, gap="large"):
        st.metric(
            "Mean IoU",
            f"{report.mean_iou.value:.2f}",
            help=f"{explained('IoU')}\n\nOf the predicted and the labelled box, averaged over the photos.",
            **beside,
        )
        for name, rate in (("IoU at least 0.5", report.iou_50), ("IoU at least 0.75", report.iou_75)):
            st.metric(
                name,
                "–" if rate.value is None else f"{rate.value:.0%}",
                help="The share of photos whose box reaches this IoU. 0.5 is roughly right, 0.75 is good.",
                **beside,
            )
        st.metric(
            "Centre distance",
            f"{report.center_error.value:.0f} px",
            help="The mean distance between the box centres, predicted and labelled, in pixels of the photo.",
            **beside,
        )
        if len(report.classes) > 1:
            st.metric(
                "Accuracy",
                f"{report.accuracy.value:.0%}",
                help="The share of photos whose predicted class is correct.",
                **beside,
            )
    intervals = {
        "mean IoU": format_mean_interval(report.mean_iou, 2),
        "IoU at least 0.5": format_interval(report.iou_50),
        "IoU at least 0.75": format_interval(report.iou_75),
        "centre distance": f"{format_mean_interval(report.center_error, 0)} pixels",
    }
    if len(report.classes) > 1:
        intervals["accuracy"] = format_interval(report.accuracy)
    listed = "; ".join(f"{name}: {text}" for name, text in intervals.items())
    st.caption(
        f"{counted(report.n, 'photo')}. 95% confidence intervals: {listed}. "
        "With few photos they are wide, and small differences mean little.",
        help=explained("confidence interval"),
    )
    verdict_view.show(run, report, brief=True)


def format_mean_interval(mean: Mean, digits: int) -> str:
    """Return ``0.61 to 0.71``, or a dash where a single photo gives no interval."""
    return "–" if mean.low is None or mean.high is None else f"{mean.low:.{digits}f} to {mean.high:.{digits}f}"


def photos(run: RunFolder, predictions: pd.DataFrame, split: str) -> None:
    """Draw the photos with both boxes, worst first, and the selected one large."""
    st.markdown("Worst boxes first. **Solid**: predicted box. **Dashed**: labelled box.")
    rows = worst_first(predictions)
    pages = -(-len(rows) // PHOTOS_PER_PAGE)
    page = st.pagination(pages, key=f"boxes-{run.id}-{split}-page") if pages > 1 else 1
    shown = rows.iloc[(page - 1) * PHOTOS_PER_PAGE : page * PHOTOS_PER_PAGE]
    cards = [
        WallPhoto(
            str(row["image"]),
            drawn(_path(row), row, _SMALL),
            f"IoU {row['iou']:.2f}",
            _class_text(row),
            name=str(row["filename"]),
        )
        for _, row in shown.iterrows()
    ]
    chosen = wall(cards, key=f"boxes-{run.id}-{split}-wall-{page}", select="one", side=130).chosen
    st.caption("Choose a photo to enlarge it or to see its heatmap.")
    if chosen:
        _one_photo(run, shown[shown["image"].astype(str) == chosen[0]].iloc[0])


def worst_first(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return the predictions with numeric columns, sorted by IoU, lowest first."""
    names = [*SIDES, *(f"true_{side}" for side in SIDES), "iou", "center_error", "image_width", "image_height"]
    numbers = {name: pd.to_numeric(predictions[name]) for name in names}
    return predictions.assign(**numbers).sort_values("iou", kind="stable").reset_index(drop=True)


def drawn(path: str, row: pd.Series, longest: int) -> bytes:
    """Return a row's photo with both boxes drawn on it, as a JPEG; its longer side is at most ``longest`` pixels."""
    predicted, true = (_relative_corners(row, name) for name in ("", "true_"))
    return _drawn(path, str(row["filename"]), predicted, true, longest)


def _path(row: pd.Series) -> str:
    """Return the photo's file in the workspace, or else the path that the run recorded."""
    try:
        return str(frame.store().image_path(str(row["image"])))
    except DataError:
        return str(row["path"])


@st.cache_data(max_entries=256, show_spinner=False)
def _drawn(path: str, name: str, predicted: Corners, true: Corners, longest: int) -> bytes:
    from core.data.pictures.decoding import decode
    from core.errors import ImageRefused
    from core.inspection.predicting.draw_boxes import draw_boxes

    try:
        picture = decode(Path(path), name).image
    except ImageRefused:
        return b""
    picture.thumbnail((longest, longest))
    stream = io.BytesIO()
    draw_boxes(picture, predicted, true).convert("RGB").save(stream, "JPEG", quality=88)
    return stream.getvalue()


def _relative_corners(row: pd.Series, prefix: str) -> Corners:
    left, top, right, bottom = corners_of(Box(*(float(row[f"{prefix}{side}"]) for side in SIDES)))
    width, height = float(row["image_width"]), float(row["image_height"])
    return left / width, top / height, right / width, bottom / height


def _class_text(row: pd.Series) -> str:
    correct = row["prediction"] == row["label"]
    return str(row["label"]) if correct else f"{row['label']}, predicted as {row['prediction']}"


def _one_photo(run: RunFolder, row: pd.Series) -> None:
    with st.container(border=True):
        left, right = st.columns([1.4, 1])
        large = drawn(_path(row), row, _LARGE)
        if large:
            left.image(large, width="stretch", alt=f"{row['filename']} with the true and the predicted box")
        else:
            left.caption("The image file is missing.")
        with right:
            st.markdown(f"**{plain(str(row['filename']))}**: {plain(_class_text(row))}")
            st.markdown(f"IoU **{row['iou']:.2f}**, box centres {row['center_error']:.0f} pixels apart.")
            table = {
                "": ["x", "y", "width", "height"],
                "predicted": [round(float(row[side])) for side in SIDES],
                "label": [round(float(row[f"true_{side}"])) for side in SIDES],
            }
            st.dataframe(pd.DataFrame(table), hide_index=True, width="stretch")
            _explain_link(run, str(row["image"]))


def _explain_link(run: RunFolder, image_hash: str) -> None:
    """Draw a link to the photo's heatmap, if the photo is still in the run's project."""
    project_id = run.status().project_id
    if project_id is None or project_id not in {project.id for project in frame.store().projects()}:
        return
    found = frame.store().find_image(project_id, image_hash)
    if found is not None and st.button(
        "Explain this prediction", icon=frame.PAGES["Explain"].icon, key=f"boxes-explain-{found.id}"
    ):
        frame.go("Explain", model=run.id, image=str(found.id))
