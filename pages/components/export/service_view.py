"""The model as a service for other programs, and predictions of very many photos."""

import shlex

import streamlit as st

from core.runs.folder import RunFolder
from pages.components.shared import frame


def service(run: RunFolder) -> None:
    """Draw how to start the service, and programs that ask it."""
    from core.export.onnx_file.choices import OnnxChoices, file_name
    from core.export.onnx_file.javascript_program import javascript_program
    from core.export.onnx_file.usage_program import usage_program
    from core.models.bundle import read_info
    from core.serving.snippets import curl_client, javascript_client, python_client

    model = shlex.quote(str(run.best)) if frame.offers_server_files() else "FOLDER_OF_THE_UNPACKED_ZIP"
    st.markdown(
        "**A service on your computer.** It keeps the model in memory and answers photos over HTTP, with the same "
        "predictions as ResNet Studio. Start it in the ResNet Studio folder, then open http://127.0.0.1:8000/docs."
    )
    st.code(f"python -m core serve {model}", "bash")
    st.markdown("Programs in any language can ask it:")
    clients = {
        "Python": (python_client(), "python"),
        "JavaScript": (javascript_client(), "javascript"),
        "curl": (curl_client(), "bash"),
    }
    choices = OnnxChoices.checked("fp32", "view", "inside")
    without_service = (
        f"# No service: python -m core export {model} --onnx --out ../onnx writes the file.\n"
        f"{usage_program(read_info(run.best), choices, '../onnx/' + file_name('fp32'))}"
    )
    clients["Python, onnxruntime"] = (without_service, "python")
    in_javascript = (
        f"// No service: python -m core export {model} --onnx --input photo --out ../onnx writes the file.\n"
        f"{javascript_program(read_info(run.best), '../onnx/' + file_name('fp32'))}"
    )
    clients["JavaScript, onnxruntime"] = (in_javascript, "javascript")
    language = st.segmented_control(
        "Language", list(clients), default="Python", required=True, label_visibility="collapsed", key="export-language"
    )
    st.code(*clients[language])
    st.markdown(
        "**Very many photos.** This writes a table (`.csv` or `.parquet`). If it is interrupted, run it again: it "
        "continues where it stopped. With `--shard 2/8`, eight computers share the work."
    )
    st.code(f"python -m core predict {model} FOLDER_OF_PHOTOS --out answers.parquet", "bash")
