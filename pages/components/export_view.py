"""A run to take along: what is in the bundle, the zip, the program that reads it, the tables."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core.models.bundle import BundleInfo, read_info
from core.runs.folder import RunFolder
from pages.components import frame
from pages.components.pickers import SPLIT_NAMES, SPLITS
from pages.components.train_words import network_name
from pages.components.wording import counted, plain, size_text

CSV: dict[str, Any] = {"mime": "text/csv", "icon": ":material/table:", "on_click": "ignore"}


def bundle(run: RunFolder) -> None:
    """What the bundle holds, and its zip."""
    info = read_info(run.best)
    size = (run.best / "model.safetensors").stat().st_size
    with st.container(border=True):
        classes = counted(len(info.classes), "class", "classes")
        names = plain(", ".join(info.classes[:8])) + (", …" if len(info.classes) > 8 else "")
        st.markdown(f"**{plain(run.status().title)}**: {network_name(info.arch)} for {classes} ({names}).")
        st.dataframe(contents(size, len(info.classes)), hide_index=True, height="content")
        st.download_button(
            f"Download the network ({size_text(size)})",
            lambda: zip_of(run),
            file_name=f"{run.id}.zip",
            mime="application/zip",
            type="primary",
            icon=":material/download:",
            on_click="ignore",
            key="download-zip",
            help="The zip is made when you press; a big network takes some seconds.",
        )


def contents(weights: int, classes: int) -> pd.DataFrame:
    """The files in the zip and what each is for."""
    return pd.DataFrame(
        [
            ("model.safetensors", f"The weights ({size_text(weights)}), without any code in them."),
            ("bundle.json", "Classes, preprocessing, recipe, figures and the origin of the weights."),
            ("README.md", "What it is, how good it is, and the program below."),
            ("classes.txt", f"The {counted(classes, 'class', 'classes')} in the order of the outputs."),
        ],
        columns=["file", "what it holds"],
    )


def zip_of(run: RunFolder) -> bytes:
    """The bundle as a zip; the file is made in a place of its own and gone after."""
    from core.export.bundle_zip import zip_bundle

    place = Path(tempfile.mkdtemp(prefix="resnet-studio-"))
    try:
        return zip_bundle(run.path, place / f"{run.id}.zip", title=run.status().title).read_bytes()
    finally:
        shutil.rmtree(place, ignore_errors=True)


def program(run: RunFolder) -> None:
    """The few lines that load the bundle without this studio."""
    from core.export.model_card import snippet

    st.markdown(
        "These lines, in the unpacked folder, load the network with torchvision and safetensors alone and give the "
        "same answer as this studio: `pip install torch torchvision safetensors pillow`."
    )
    st.code(snippet(read_info(run.best)), language="python")


def demo(run: RunFolder, info: BundleInfo) -> None:
    """How others can try the network in a browser."""
    st.markdown(
        "**On this computer.** The demo takes a photo by upload, clipboard or camera, and shows the classes and the "
        "heatmap. Start it in the studio's folder:"
    )
    st.code(f"python demo.py {run.best if frame.listens_on_localhost() else 'FOLDER_OF_THE_UNPACKED_ZIP'}", "bash")
    st.markdown(
        "**On the internet.** A [Hugging Face Space](https://huggingface.co/new-space?sdk=gradio) of the kind *Gradio* "
        "runs the same demo:\n"
        "1. Make a Space and clone its repository.\n"
        "2. Copy `demo.py`, `core/`, `assets/`, `sample_images/` and `requirements.txt` of this studio into it.\n"
        "3. Put the unpacked network beside them as the folder `bundle/`, "
        "and set the Space's variable `RESNET_STUDIO_BUNDLE` to `bundle`.\n"
        f"4. Push. The Space then tells {counted(len(info.classes), 'class', 'classes')} apart for anybody."
    )


def tables(run: RunFolder) -> None:
    """The figures and answers of the run as CSV files."""
    st.markdown("Open them in a spreadsheet, or read them with pandas.")
    with st.container(horizontal=True):
        epochs = run.epochs()
        if len(epochs):
            st.download_button(
                "Curves: one row an epoch", epochs.to_csv(index=False), f"epochs-{run.id}.csv", key="csv-epochs", **CSV
            )
        for split in SPLITS:
            predictions = run.predictions(split)
            if predictions is not None:
                st.download_button(
                    f"{SPLIT_NAMES[split]} photos: every answer",
                    predictions.drop(columns="path", errors="ignore").to_csv(index=False),
                    f"predictions-{split}-{run.id}.csv",
                    key=f"csv-{split}",
                    **CSV,
                )
    for split in SPLITS:
        report = run.report(split)
        if report is not None:
            st.markdown(f"{SPLIT_NAMES[split]}: {report.accuracy}")
