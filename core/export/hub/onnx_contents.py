"""What a person should know of an ONNX file before it is published."""

from pathlib import Path

from core.export.onnx_file.file_metadata import PRODUCER
from core.export.onnx_file.head_nodes import FOREIGN


def onnx_remark(path: Path) -> str:
    """Return a sentence on an ONNX file that holds more than a network or that this program has not written, or "".

    A file that answers "none of these" holds vectors of training photos.
    """
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        model = onnx.load(str(path), load_external_data=False)
    except (DecodeError, OSError, ValueError) as error:
        return f"cannot be read as ONNX ({type(error).__name__}), so what it holds is not known."
    if any(output.name == FOREIGN for output in model.graph.output):
        return "holds vectors of training photos, not the photos."
    if model.producer_name == PRODUCER:
        return ""
    return "was not written by ResNet Studio, so what it holds is not known."
