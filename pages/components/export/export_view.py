"""A run to take along: what is in the bundle, the zip, the program that reads it, the tables."""

import re
import shlex
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core.data.tables.csv_cells import as_row
from core.models.bundle import read_info
from core.runs.folder import RunFolder
from pages.components.shared import frame
from pages.components.shared.pickers import SPLIT_NAMES, SPLITS
from pages.components.shared.wording import counted, plain, size_text
from pages.components.train.run_sentences import network_name

CSV: dict[str, Any] = {"mime": "text/csv", "icon": ":material/table:", "on_click": "ignore"}


def bundle(run: RunFolder) -> None:
    """What the bundle holds, and its zip."""
    info = read_info(run.best)
    size = (run.best / "model.safetensors").stat().st_size
    with st.container(border=True):
        classes = counted(len(info.classes), "class", "classes")
        names = plain(", ".join(info.classes[:8])) + (", …" if len(info.classes) > 8 else "")
        st.markdown(f"**{plain(run.status().title)}**: {network_name(info.arch)} for {classes} ({names}).")
        st.markdown("\n".join(f"- `{name}`: {holds}" for name, holds in contents(size, len(info.classes)).items()))
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


def contents(weights: int, classes: int) -> dict[str, str]:
    """The files in the zip and what each is for."""
    return {
        "model.safetensors": f"the weights ({size_text(weights)}), without any code in them",
        "bundle.json": "classes, preprocessing, recipe, figures and the origin of the weights",
        "README.md": "what it is, how good it is, and the program below",
        "classes.txt": f"the {counted(classes, 'class', 'classes')} in the order of the outputs",
    }


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


def demo(run: RunFolder) -> None:
    """How others can try the network in a browser."""
    folder = shlex.quote(str(run.best)) if frame.listens_on_localhost() else "FOLDER_OF_THE_UNPACKED_ZIP"
    st.markdown(
        "**On this computer.** The demo takes a photo by upload, clipboard or camera, and shows the classes and the "
        "heatmap. Start it in the studio's folder:"
    )
    st.code(f"python demo.py {folder}", "bash")
    st.markdown(
        "**On the internet.** A [Hugging Face Space](https://huggingface.co/spaces) runs the same demo for anybody. "
        "After `hf auth login`, with your name there in place of USER:"
    )
    st.code(
        f"python demo.py {folder} --write-space ../demo-space\n"
        "hf repos create USER/resnet-demo --type space --space-sdk gradio\n"
        "hf upload USER/resnet-demo ../demo-space . --type space",
        "bash",
    )


def tables(run: RunFolder) -> None:
    """The figures and answers of the run as CSV files."""
    st.markdown("Open them in a spreadsheet, or read them with pandas.")
    with st.container(horizontal=True):
        epochs = run.epochs()
        if len(epochs):
            st.download_button(
                "Curves: one row an epoch", csv_of(epochs), f"epochs-{run.id}.csv", key="csv-epochs", **CSV
            )
        for split in SPLITS:
            predictions = run.predictions(split)
            if predictions is not None:
                st.download_button(
                    f"{SPLIT_NAMES[split]} photos: every answer",
                    csv_of(predictions.drop(columns="path", errors="ignore")),
                    f"predictions-{split}-{run.id}.csv",
                    key=f"csv-{split}",
                    **CSV,
                )
    for split in SPLITS:
        report = run.report(split)
        if report is not None:
            st.markdown(f"{SPLIT_NAMES[split]}: {report.accuracy}")


def csv_of(table: pd.DataFrame) -> str:
    """A table as CSV; cells that a spreadsheet would run begin with an apostrophe, and numbers stay numbers."""
    lines = [list(table.columns), *(list(map(str, row)) for row in table.itertuples(index=False))]
    return "".join(",".join(map(_cell, line)) + "\n" for line in lines)


def _cell(text: str) -> str:
    # A box may begin left of its picture: with an apostrophe before the minus other programs would not read it.
    return text if re.fullmatch(r"-?\d+(\.\d+)?(e[+-]?\d+)?", text) else as_row([text]).removesuffix("\n")
