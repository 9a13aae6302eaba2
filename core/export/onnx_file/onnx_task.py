"""Write a run's model as ONNX files in a worker process, kept as one zip in the run's folder."""

import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from core.export.onnx_file.choices import OnnxChoices
from core.file_replacement import replace_patiently
from core.progress import Progress
from core.runs.folder import RunFolder

FILE = "onnx.zip"
"""In the run folder, so that it is deleted with the run."""
_FIGURES = "self-test.json"
_MOST_BYTES = 1_000_000


def task_arguments(run: RunFolder, cache: Path, choices: OnnxChoices) -> dict[str, Any]:
    """Return the arguments of the task ``onnx``; ``cache`` is the folder of resized photos."""
    return {
        "run": str(run.path),
        "cache": str(cache),
        "title": run.status().title,
        "precisions": list(choices.precisions),
        "input": choices.input,
        "softmax": choices.softmax,
        "write_anyway": choices.write_anyway,
    }


def write(arguments: Mapping[str, Any], report: Callable[[Progress], None]) -> None:
    """Write ``onnx.zip`` into the run for ``task_arguments``; it appears complete, or the old one stays."""
    report(Progress("loading the model", 0, None))
    from core.export.onnx_file.write_onnx import write_onnx  # imports torch

    run = Path(arguments["run"])
    choices = OnnxChoices(
        tuple(arguments["precisions"]), arguments["input"], arguments["softmax"], arguments["write_anyway"]
    )
    with TemporaryDirectory(dir=run, prefix=".onnx-") as temporary:
        made = write_onnx(
            run,
            Path(temporary) / f"{run.name}-onnx",
            choices,
            title=arguments["title"] or None,
            cache=Path(arguments["cache"]),
            progress=report,
        )
        report(Progress("packing the files", 0, None))
        part = Path(temporary) / FILE
        with zipfile.ZipFile(part, "w") as archive:
            for path in sorted(made.folder.iterdir()):
                # Weights hardly compress: it would take seconds to save a few per cent.
                kind = zipfile.ZIP_STORED if path.suffix == ".onnx" else zipfile.ZIP_DEFLATED
                archive.write(path, f"{made.folder.name}/{path.name}", compress_type=kind)
        replace_patiently(part, run / FILE)


def kept_figures(run: RunFolder) -> dict[str, Any] | None:
    """Return the figures in the run's zip, as ``self-test.json`` has them; None without one of its present model."""
    path = run.path / FILE
    try:
        # A model, or a decision, that was saved since makes it old.
        if path.stat().st_mtime < (run.best / "bundle.json").stat().st_mtime:
            return None
        with zipfile.ZipFile(path) as archive:
            name = next(name for name in archive.namelist() if name.endswith(f"/{_FIGURES}"))
            with archive.open(name) as file:
                found = json.loads(file.read(_MOST_BYTES))
    except (OSError, ValueError, StopIteration, zipfile.BadZipFile):
        return None
    return found if isinstance(found, dict) else None


def chosen(figures: Mapping[str, Any]) -> OnnxChoices:
    """Return the choices that kept figures are of."""
    return OnnxChoices(
        tuple(figures["precisions"]), figures["input"], bool(figures["softmax"]), bool(figures["write_anyway"])
    )
