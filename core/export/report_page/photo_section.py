"""The sections with photos: the mistakes, their heatmaps, the least certain answers, the worst boxes."""

import pandas as pd

from core.data.pictures.box import Box
from core.data.pictures.crop_geometry import corners_of
from core.data.snapshot import BOX_COLUMNS
from core.export.report_page.heatmaps import Draw, Heatmap
from core.export.report_page.html_parts import counted, esc, name, paragraph, picture, pictures, section
from core.export.report_page.run_record import RunRecord
from core.export.report_page.thumbnails import Thumbnails
from core.inspection.measuring.report import BoxReport
from core.inspection.predicting.draw_boxes import Corners

MISTAKES, DOUBTFUL, HEATMAPS = 30, 12, 6


def mistakes_section(record: RunRecord, thumbnails: Thumbnails, heat: Draw | None) -> str:
    """Return the section on the mistakes, the most confident first, with heatmaps of a few."""
    if isinstance(record.report, BoxReport):
        return _boxes_section(record, thumbnails, heat)
    table = record.predictions
    wrong = table[table["prediction"] != table["label"]]
    wrong = wrong.sort_values("probability", ascending=False, kind="stable")
    if wrong.empty:
        return section(
            "mistakes",
            "Mistakes",
            paragraph(f"There are no mistakes in {counted(len(table), 'validation photo')}."),
            _heat_part(table.sort_values("probability", kind="stable"), heat, "the least certain answers"),
        )
    shown = wrong.iloc[: thumbnails.take(min(MISTAKES, len(wrong)))]
    return section(
        "mistakes",
        "Mistakes",
        paragraph(
            f"{counted(len(wrong), 'mistake')} in {counted(len(table), 'validation photo')}, the most confident first"
            f"{'' if len(shown) == len(wrong) else f'; the first {len(shown)} are shown'}. Look at the photo before "
            "you blame the model: sometimes the label is wrong."
        ),
        pictures([_answer(row, thumbnails) for _, row in shown.iterrows()]),
        _heat_part(wrong, heat, "the most confident mistakes"),
    )


def doubtful_section(record: RunRecord, thumbnails: Thumbnails) -> str:
    """Return the section on the least certain answers that are right; nothing for boxes or where there are none."""
    table = record.predictions
    if isinstance(record.report, BoxReport) or len(record.report.classes) < 2:
        return ""
    right = table[table["prediction"] == table["label"]].sort_values("probability", kind="stable")
    shown = right.iloc[: thumbnails.take(min(DOUBTFUL, len(right)))]
    if shown.empty:
        return ""
    return section(
        "doubtful",
        "Least certain answers",
        paragraph("Right answers, the least confident first. More photos like these help the model most."),
        pictures([_answer(row, thumbnails) for _, row in shown.iterrows()]),
    )


def _boxes_section(record: RunRecord, thumbnails: Thumbnails, heat: Draw | None) -> str:
    """Return the photos with both boxes, the worst first."""
    numbers = {column: pd.to_numeric(record.predictions[column]) for column in ("iou", "image_width", "image_height")}
    worst = record.predictions.assign(**numbers).sort_values("iou", kind="stable")
    shown = worst.iloc[: thumbnails.take(min(MISTAKES, len(worst)))]
    return section(
        "mistakes",
        "The worst boxes",
        paragraph(
            "The lowest IoU first. <strong>Solid</strong>: predicted box. <strong>Dashed</strong>: labelled box."
        ),
        pictures([_box(row, thumbnails) for _, row in shown.iterrows()]),
        _heat_part(worst, heat, "the worst boxes"),
    )


def _heat_part(rows: pd.DataFrame, heat: Draw | None, which: str) -> str:
    """Return the heatmaps of the first rows; nothing without them."""
    found = [_heated(one) for one in heat(rows.iloc[:HEATMAPS])] if heat is not None else []
    if not found:
        return ""
    return (
        f"<h3>Heatmaps of {which}</h3>"
        + paragraph(
            "Grad-CAM at layer4: brighter areas are stronger evidence for the prediction. A heatmap says where the "
            "model looked, not why.",
            "small",
        )
        + pictures(found, in_pairs=True)
    )


def _heated(one: Heatmap) -> str:
    row = one.row
    seen = picture(one.seen, f"The photo {row['filename']} as the model sees it", [name(row["filename"])])
    lines = [f"predicted <strong>{name(row['prediction'])}</strong>, label {name(row['label'])}"]
    return seen + picture(one.heated, f"Heatmap of {row['filename']}: {one.sentence}", lines)


def _answer(row: pd.Series, thumbnails: Thumbnails) -> str:
    lines = [
        f"<strong>{name(row['prediction'])}</strong> {esc(percent(float(row['probability'])))}",
        f"label: {name(row['label'])}",
        name(str(row["filename"]).rsplit("/", 1)[-1]),
    ]
    alt = f"{row['filename']}: labelled {row['label']}, predicted {row['prediction']}"
    return picture(thumbnails.of(str(row["image"]), str(row["path"]), str(row["filename"])), alt, lines)


def _box(row: pd.Series, thumbnails: Thumbnails) -> str:
    predicted, true = (_corners(row, prefix) for prefix in ("", "true_"))
    lines = [f"<strong>IoU {row['iou']:.2f}</strong>", name(str(row["filename"]).rsplit("/", 1)[-1])]
    if row["prediction"] != row["label"]:
        lines.insert(1, f"{name(row['label'])}, predicted as {name(row['prediction'])}")
    jpeg = thumbnails.with_boxes(str(row["path"]), str(row["filename"]), predicted, true)
    return picture(jpeg, f"{row['filename']} with the predicted and the labelled box", lines)


def _corners(row: pd.Series, prefix: str) -> Corners:
    """Return a box as shares of the photo's sides."""
    left, top, right, bottom = corners_of(Box(*(float(row[f"{prefix}{side}"]) for side in BOX_COLUMNS)))
    width, height = float(row["image_width"]), float(row["image_height"])
    return left / width, top / height, right / width, bottom / height


def percent(share: float) -> str:
    """Return a probability with a useful precision: "97%", "99.8%", "under 0.1%"."""
    if share < 0.001:
        return "under 0.1%"
    return f"{share:.1%}" if share < 0.1 or share > 0.995 else f"{share:.0%}"
