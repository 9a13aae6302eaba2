"""Write a model as a folder with ONNX files, their README and the figures of their self-test."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx

from core.data.pictures.resized_cache import ResizedCache
from core.errors import BundleError, ModelError
from core.export.bundle_zip import DescribedModel, bundle_of, class_lines, described_model
from core.export.card.confusion_picture import FILE as PICTURE_FILE
from core.export.card.confusion_picture import draw_confusion
from core.export.onnx_file.choices import OnnxChoices, Precision, file_name
from core.export.onnx_file.file_metadata import add_metadata
from core.export.onnx_file.onnx_card import loss_sentence, onnx_card
from core.export.onnx_file.photos_used import PhotoSet, photos_to_use
from core.export.onnx_file.self_test import (
    OnnxFile,
    SelfTest,
    bundle_answers,
    compare,
    file_answers,
    measured_speed,
)
from core.export.onnx_file.whole_graph import ModelParts, graphs
from core.inspection.deciding.foreign_score import score_in
from core.inspection.predicting.predictor import IMAGENET, Predictor
from core.progress import CountCallback, Progress
from core.storage_errors import storage_error
from core.workspace import workspace_folder

README, FIGURES, CLASSES = "README.md", "self-test.json", "classes.txt"
ReportProgress = Callable[[Progress], None]


@dataclass(frozen=True)
class OnnxExport:
    """What was written."""

    folder: Path
    files: tuple[str, ...]
    tests: tuple[SelfTest, ...]
    figures: dict[str, Any]
    """The content of self-test.json: the choices, and for each ONNX file what it takes and gives, and its test."""

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON can hold it."""
        return {"onnx": str(self.folder), "files": list(self.files), **self.figures}


def write_onnx(
    source: Path | str,
    out: Path,
    choices: OnnxChoices,
    *,
    title: str | None = None,
    cache: Path | None = None,
    progress: ReportProgress | None = None,
) -> OnnxExport:
    """Write the model of a run folder, a bundle folder or ``"imagenet"`` to the folder ``out``, which appears complete.

    ``cache`` is the folder of resized photos, by default the workspace's. Raises BundleError if ``out`` holds
    anything, ModelError if a file loses more than half a point against the bundle and may not be written anyway,
    ImageRefused for a photo that cannot be read, StorageError for a full disk, and the errors of ``described_model``.
    """
    report = progress or (lambda _: None)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BundleError(f"{out} is not empty. Choose a new folder for the ONNX files.")
    folder = None if str(source) == IMAGENET else bundle_of(Path(source))
    if folder is not None and (folder.resolve() in (out.resolve(), *out.resolve().parents)):
        raise BundleError(f"{out} belongs to the bundle that you export. Choose another folder.")
    report(Progress("loading the model", 0, None))
    model = described_model(folder, title)
    foreign = score_in(model.vectors, folder, model.info) if folder else None
    parts = ModelParts(model.network, model.info, foreign)
    try:
        out.resolve().parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=out.resolve().parent, prefix=".onnx-") as temporary:
            new = Path(temporary) / "onnx"
            new.mkdir()
            resized = ResizedCache(cache or workspace_folder() / "cache" / "resized", parts.seen)
            tests, figures = _written(new, model, parts, choices, resized, report)
            if out.is_dir():
                out.rmdir()
            new.rename(out)
    except OSError as error:
        if known := storage_error(error, "the ONNX files could not be written", "export again"):
            raise known from error
        raise
    return OnnxExport(out, tuple(sorted(path.name for path in out.iterdir())), tests, figures)


def _written(
    new: Path,
    model: DescribedModel,
    parts: ModelParts,
    choices: OnnxChoices,
    resized: ResizedCache,
    report: ReportProgress,
) -> tuple[tuple[SelfTest, ...], dict[str, Any]]:
    """Write all files into the folder ``new``; returns the tests and the content of self-test.json."""
    info = parts.info
    calibration, photos = photos_to_use(model.run, info)
    views = None
    if "int8" in choices.precisions:
        views = _views(calibration, resized, _counter(report, "reading the photos to calibrate on"))
    described = []
    report(Progress("building the graph", 0, None))
    calibrating = _counter(report, "calibrating 8 bits")
    for precision, graph in graphs(parts, choices.precisions, choices.input, choices.softmax, views, calibrating):
        add_metadata(graph, info, precision, choices.input, choices.softmax, calibration.words)
        onnx.save_model(graph, new / file_name(precision))
        described.append(_facts(graph, precision))
        report(Progress("building the graph", 0, None))
    tests = _tested(new, parts, choices, photos, resized, report)
    for test in tests:
        if test.loses_too_much and not choices.write_anyway:
            raise ModelError(
                f"{loss_sentence(test)} Nothing was written. Export fp32 instead, or choose to write it anyway "
                "(--write-anyway)."
            )
    calibrated = " ".join([calibration.words, *(f"({remark})" for remark in calibration.remarks)])
    (new / README).write_text(onnx_card(model.card, info, choices, tests, calibrated), encoding="utf-8")
    (new / CLASSES).write_text(class_lines(info), encoding="utf-8")
    if model.pictured is not None:
        draw_confusion(model.pictured, new / PICTURE_FILE)
    figures = {
        **asdict(choices),
        "calibrated_on": calibrated if views is not None else None,
        "models": [{**facts, "self_test": test.as_json()} for facts, test in zip(described, tests, strict=True)],
    }
    (new / FIGURES).write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return tuple(tests), figures


def _tested(
    new: Path, parts: ModelParts, choices: OnnxChoices, photos: PhotoSet, cache: ResizedCache, report: ReportProgress
) -> list[SelfTest]:
    info = parts.info
    # On the processor, because the files are computed there. One view, because a file computes one.
    predictor = Predictor(
        *(parts.network, parts.seen, info.classes),
        name="bundle",
        arch=info.arch,
        info=info,
        foreign_score=parts.foreign,
    )
    right = bundle_answers(predictor, photos, cache, _counter(report, "testing: the bundle"))
    scale = info.decision.scale if info.decision else 1.0
    tests = []
    for precision in choices.precisions:
        file = OnnxFile(new / file_name(precision), choices, scale, parts.seen)
        named = f"testing: {file_name(precision)}"
        found = file_answers(file, choices.input, photos, cache, _counter(report, named))
        report(Progress("measuring the speed", 0, None))
        speed = measured_speed(predictor, file, choices.input, photos, cache)
        tests.append(compare(precision, photos, parts.seen, right, found, file.size_bytes, speed))
        del file
    return tests


def _views(photos: PhotoSet, cache: ResizedCache, progress: CountCallback) -> np.ndarray:
    found = []
    for place in range(len(photos.sources)):
        found.append(photos.view(place, cache))
        progress(place + 1, len(photos.sources))
    return np.stack(found)


def _facts(graph: onnx.ModelProto, precision: Precision) -> dict[str, Any]:
    """Return what a program must know to use a file."""

    def told(value: onnx.ValueInfoProto) -> dict[str, Any]:
        kind = value.type.tensor_type
        return {
            "name": value.name,
            "type": onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type).name,
            "shape": [side.dim_param or side.dim_value for side in kind.shape.dim],
            "words": value.doc_string,
        }

    return {
        "file": file_name(precision),
        "precision": precision,
        "opset": next(one.version for one in graph.opset_import if not one.domain),
        "input": told(graph.graph.input[0]),
        "outputs": [told(output) for output in graph.graph.output],
    }


def _counter(report: ReportProgress, phase: str) -> CountCallback:
    return lambda done, total: report(Progress(phase, done, total))
