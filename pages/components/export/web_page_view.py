"""The web page of a run: created in a worker process, then downloaded; and what a page learned, brought back."""

import json
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import streamlit as st

from core.runs.exams.locked import FILE as LOCK
from core.runs.folder import RunFolder
from core.workers.pool import Request
from pages.components.computing.computation import Computation
from pages.components.shared import frame
from pages.components.shared.wording import format_size

FOLDER = "web-page"
"""In the run folder, so that it is deleted with the run."""
_MOST_SAMPLES = 6
_RESULT = "made.json"


def show(run: RunFolder) -> None:
    """Draw how to create the page, its downloads, and the way back for what it learned."""
    st.markdown(
        "One folder with the model inside: open it in any browser, on a phone or from a USB stick, without internet. "
        "It answers photos and the camera, shows where the network looks, and learns new classes. Photos never leave "
        "the device."
    )
    _create(run)
    st.markdown("**Bring back what a page learned.** On the page, press *Save what it learned*, then upload the file.")
    _bring_back(run)


def _create(run: RunFolder) -> None:
    samples = st.checkbox(
        f"Show {_MOST_SAMPLES} validation photos as samples",
        key="page-samples",
        help="Everyone who opens the page can see these photos. Without, the page holds no photo.",
    )
    features = st.checkbox(
        "Let it learn new classes beside these",
        value=True,
        key="page-features",
        help="Adds the features of up to 400 training photos to the page: numbers, not the photos. Without, it can "
        "only learn classes that are all new.",
    )
    choices = {"samples": _MOST_SAMPLES if samples else 0, "features": features}
    made = _made(run, choices)
    if made is not None:
        _downloads(run, made)
        return
    computation = Computation("web-page", f"web page {run.path} {json.dumps(choices)}")
    if not computation.started:
        st.button(
            "Create the page",
            icon=":material/web:",
            type="primary",
            key="page-create",
            help="Takes a minute or two: the network is converted to 8 bits and compared with this one.",
            on_click=computation.start,
        )
        return
    place = run.path / FOLDER
    arguments = {"run": str(run.path), "workspace": str(frame.workspace().root), "out": str(place), **choices}
    with frame.plain_errors():
        found = computation.result(lambda: Request("web-page", arguments), unit="photo")
        (place / _RESULT).write_text(json.dumps({**found, "choices": choices}), encoding="utf-8")
        st.rerun()


def _made(run: RunFolder, choices: dict[str, Any]) -> dict[str, Any] | None:
    """Return what is known of the finished page; None if there is none with these choices and of this model."""
    place = run.path / FOLDER
    try:
        found: dict[str, Any] = json.loads((place / _RESULT).read_text(encoding="utf-8"))
        made = (place / "page.zip").stat().st_mtime
        sources = ("best/bundle.json", "report-val.json", "report-test.json", f"../../{LOCK}")
        changed = [path.stat().st_mtime for name in sources if (path := run.path / name).is_file()]
    except (OSError, ValueError):
        return None
    return found if found.get("choices") == choices and made >= max(changed, default=0.0) else None


def _downloads(run: RunFolder, made: dict[str, Any]) -> None:
    place = run.path / FOLDER
    with st.container(horizontal=True):
        if made["single"] is not None:
            st.download_button(
                f"Download one file ({format_size(made['single'])})",
                (place / "page.html").read_bytes,
                file_name=f"page-{run.id}.html",
                mime="text/html",
                type="primary",
                icon=":material/html:",
                on_click="ignore",
                key="page-single",
                help="The whole page in one HTML file: open it by a double click.",
            )
        st.download_button(
            f"Download the folder ({format_size(made['zip'])})",
            (place / "page.zip").read_bytes,
            file_name=f"page-{run.id}.zip",
            mime="application/zip",
            icon=":material/folder_zip:",
            on_click="ignore",
            key="page-zip",
            help="For a web server or a static Space: unpack it there. Browsers allow the camera on https:// pages.",
        )
    st.caption(" ".join(made["remarks"]))


def _bring_back(run: RunFolder) -> None:
    upload = st.file_uploader("Learned head (JSON)", type="json", key="page-head", max_upload_size=64)
    if upload is None:
        return
    from core.export.web_page.head_file import check_network, head_of

    with frame.plain_errors():
        learned = head_of(upload.getvalue(), upload.name)
        check_network(run.best, learned)
        rows = [one.model_dump() for one in learned.learned_from]
        names = {"name": "class", "frames": "frames", "bursts": "bursts", "known": "known training photos"}
        st.dataframe([{names[key]: value for key, value in row.items()} for row in rows], hide_index=True)
        test = learned.held_out
        if test is not None and test.n:
            st.markdown(f"On bursts that were left out, the page counted {test.correct} of {test.n} frames correct.")
        st.download_button(
            "Download the new model",
            lambda: new_model(run, upload.getvalue(), upload.name),
            file_name=f"learned-{run.id}.zip",
            mime="application/zip",
            icon=":material/download:",
            on_click="ignore",
            key="page-head-zip",
            help="The network of this run with the learned head: a model folder for predict, explain and export.",
        )


def new_model(run: RunFolder, data: bytes, name: str) -> bytes:
    """Return the bundle of the run's network and the learned head as a zip file."""
    from core.export.web_page.head_file import head_of
    from core.export.web_page.new_bundle import bundle_with_head

    place = Path(tempfile.mkdtemp(prefix="resnet-studio-"))
    try:
        bundle_with_head(run.path, head_of(data, name), place / "model")
        path = place / "model.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted((place / "model").iterdir()):
                archive.write(file, f"learned-{run.id}/{file.name}")
        return path.read_bytes()
    finally:
        shutil.rmtree(place, ignore_errors=True)
