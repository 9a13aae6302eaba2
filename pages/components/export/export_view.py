"""The export of a run: its bundle as a zip file, the program that loads it, a demo, the tables."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import streamlit as st

from core.data.tables.csv_cells import as_csv
from core.export.card.confusion_picture import FILE as PICTURE_FILE
from core.export.card.confusion_picture import pictured
from core.inspection.measuring.report import BoxReport
from core.models.bundle import WEIGHTS_FILE, complete_folder, read_info
from core.models.zoo import network_name
from core.runs.exams.looks import looks_at_test_photos
from core.runs.exams.records import TEST
from core.runs.folder import RunFolder
from pages.components.shared import frame
from pages.components.shared.pickers import SPLIT_NAMES, SPLITS
from pages.components.shared.wording import counted, format_size, plain

CSV: dict[str, Any] = {"mime": "text/csv", "icon": ":material/table:", "on_click": "ignore"}


def bundle(run: RunFolder) -> None:
    """Draw the contents of the bundle and its download button."""
    info = read_info(run.best)
    size = (complete_folder(run.best) / WEIGHTS_FILE).stat().st_size
    with st.container(border=True):
        classes = counted(len(info.classes), "class", "classes")
        names = plain(", ".join(info.classes[:8])) + (", …" if len(info.classes) > 8 else "")
        st.markdown(f"**{plain(run.status().title)}**: {network_name(info.arch)} for {classes} ({names}).")
        reports = {split: report for split in SPLITS if (report := run.report(split)) is not None}
        holds = contents(size, len(info.classes), pictured(reports) is not None)
        st.markdown("\n".join(f"- `{name}`: {what}" for name, what in holds.items()))
        st.download_button(
            f"Download the model ({format_size(size)})",
            lambda: zip_of(run),
            file_name=f"{run.id}.zip",
            mime="application/zip",
            type="primary",
            icon=":material/download:",
            on_click="ignore",
            key="download-zip",
            help="The zip file is created when you click. A large model takes a few seconds.",
        )


def contents(weights: int, classes: int, picture: bool = True) -> dict[str, str]:
    """Return the files in the zip and what each contains."""
    drawn = {PICTURE_FILE: "which classes are confused with each other, drawn for the README"}
    return {
        "model.safetensors": f"the weights ({format_size(weights)}), with no executable code",
        "bundle.json": "classes, preprocessing, recipe, metrics and the origin of the weights",
        "README.md": "a description of the model, its accuracy, and the code below",
        "classes.txt": f"the {counted(classes, 'class', 'classes')} in the order of the model's outputs",
        **(drawn if picture else {}),
    }


def zip_of(run: RunFolder) -> bytes:
    """Return the bundle as a zip; it is built in a temporary folder that is deleted afterwards."""
    from core.export.bundle_zip import zip_bundle

    place = Path(tempfile.mkdtemp(prefix="resnet-studio-"))
    try:
        return zip_bundle(run.path, place / f"{run.id}.zip", title=run.status().title).read_bytes()
    finally:
        shutil.rmtree(place, ignore_errors=True)


def program(run: RunFolder) -> None:
    """Draw the few lines of Python that load the bundle without ResNet Studio."""
    from core.export.model_card import snippet

    st.markdown(
        "Run these lines in the unpacked folder. They need only "
        "`pip install torch torchvision safetensors pillow` and give the same predictions as ResNet Studio."
    )
    st.code(snippet(read_info(run.best)), language="python")


def tables(run: RunFolder) -> None:
    """Draw the download buttons of the run's tables, and its accuracy per split."""
    st.markdown("Open these CSV files in a spreadsheet, or read them with pandas.")
    with st.container(horizontal=True):
        epochs = run.epochs()
        if len(epochs):
            st.download_button(
                "Download curves (one row per epoch)", as_csv(epochs), f"epochs-{run.id}.csv", key="csv-epochs", **CSV
            )
        for split in SPLITS:
            predictions = run.predictions(split)
            if predictions is not None:
                st.download_button(
                    f"Download {SPLIT_NAMES[split].lower()} predictions",
                    as_csv(predictions.drop(columns="path", errors="ignore")),
                    f"predictions-{split}-{run.id}.csv",
                    key=f"csv-{split}",
                    **CSV,
                )
    for split in SPLITS:
        report = run.report(split)
        if report is not None:
            figure = f"mean IoU: {report.mean_iou}" if isinstance(report, BoxReport) else f"accuracy: {report.accuracy}"
            look = f", {looks_at_test_photos(frame.workspace(), run).words}" if split == TEST else ""
            st.markdown(f"{SPLIT_NAMES[split]} {figure}{look}")
