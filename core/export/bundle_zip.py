"""Export a run's best model, or any bundle, as a self-describing folder or zip."""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from core.data.snapshot import Snapshot
from core.errors import BundleError, RunError
from core.export.card.confusion_picture import FILE as PICTURE_FILE
from core.export.card.confusion_picture import draw_confusion, pictured
from core.export.decision_card import doubt_figures, with_present_decision
from core.export.model_card import model_card
from core.inspection.deciding.foreign_score import score_in
from core.inspection.measuring.group_interval import with_groups
from core.inspection.measuring.report import Report
from core.inspection.predicting.loading import bundle_with_vectors
from core.inspection.predicting.predictor import IMAGENET, imagenet_network
from core.models.bundle import (
    INFO_FILE,
    WEIGHTS_FILE,
    BundleInfo,
    complete_folder,
    has_bundle,
    read_info,
    save_bundle,
)
from core.models.decision import FOREIGN_FILE
from core.models.resnet import ResNet
from core.runs.exams.locked import withheld
from core.runs.exams.looks import Looks, looks_at_test_photos
from core.runs.folder import RunFolder
from core.training.saving.last_stage_head import FILE as HEAD_FILE
from core.training.saving.last_stage_head import copy_last_stage_head
from core.workspace import workspace_of_run

SPLITS = ("test", "val", "train")
_FIGURES = {"n", "accuracy", "top5", "macro_f1", "loss", "precision", "digest", "created", "decision", "over_groups"}
_FIGURES |= {"mean_iou", "iou_50", "iou_75", "center_error"}  # of a localization
FILES = (WEIGHTS_FILE, INFO_FILE, "README.md", "classes.txt")
"""Of every export. One whose head takes several stages also has a head on the last one, for further training; one
with a score for "none of these", the vectors of training photos; that of an evaluated run, a picture."""


def export_bundle(source: Path | str, out: Path, title: str | None = None) -> Path:
    """Write the bundle of a run or bundle folder to ``out``, with README.md and classes.txt; return ``out``.

    ``"imagenet"`` is the pretrained network itself. A run's reports go into the README and into bundle.json's metrics.
    The bundle is loaded first, so a damaged one is not exported. An earlier export in ``out`` is replaced.
    Raises BundleError if ``out`` contains anything else, RunError if the run has no model yet, and WeightsUnavailable
    if the pretrained network is not available.
    """
    folder = None if str(source) == IMAGENET else bundle_of(Path(source))
    _check_target(folder, run_of(folder) if folder else None, out)
    described = described_model(folder, title)

    def beside(new: Path) -> None:
        (new / "README.md").write_text(described.card, encoding="utf-8")
        (new / "classes.txt").write_text(class_lines(described.info), encoding="utf-8")
        if folder is not None:
            copy_last_stage_head(complete_folder(folder), new)
        if described.pictured is not None:
            draw_confusion(described.pictured, new / PICTURE_FILE)
        if described.vectors is not None:
            (new / FOREIGN_FILE).write_bytes(described.vectors)

    save_bundle(out, described.network, described.info, also=beside)
    return out


@dataclass(frozen=True)
class DescribedModel:
    """A loaded model with the figures of its run, as every export describes it."""

    network: ResNet
    info: BundleInfo
    """With the figures of the reports in its metrics."""
    vectors: bytes | None
    """The content of foreign.safetensors, if it has one."""
    run: Path | None
    """The run folder that contains the bundle."""
    card: str
    """The model card of the bundle."""
    pictured: Report | None
    """The report whose confusion matrix is drawn, which the card names."""


def described_model(folder: Path | None, title: str | None = None) -> DescribedModel:
    """Load the model of a bundle folder, or the pretrained network for None, and describe it.

    Raises BundleError for a damaged bundle, and WeightsUnavailable.
    """
    run = run_of(folder) if folder else None
    # The file of this content may be replaced before the export is written.
    model, info, vectors = bundle_with_vectors(folder) if folder else (*imagenet_network(), None)
    if folder is not None:
        score_in(vectors, folder, info)  # raises BundleError if it is damaged
    reports, counts = _record(run) if run else ({}, None)
    looks = looks_at_test_photos(workspace_of_run(run), RunFolder(run)) if run else None
    original = run or folder
    doubt = doubt_figures(run, info) if run else None
    reports = with_present_decision(reports, info.decision, doubt)
    info = info.model_copy(update={"metrics": {**info.metrics, **_metrics(reports, looks)}}).public()
    name = title or (original.resolve().name if original else info.arch)
    card = model_card(info, name, reports, counts, looks, doubt)
    drawn = None if counts is None else pictured(reports)
    return DescribedModel(model, info, vectors, run, card, drawn)


def class_lines(info: BundleInfo) -> str:
    """Return the content of classes.txt."""
    return "".join(f"{name}\n" for name in info.classes)


def zip_bundle(source: Path | str, out: Path, title: str | None = None) -> Path:
    """Write the same export as one zip file, in a folder of the zip's name; return ``out``. It appears complete."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent, prefix=".export-") as temporary:
        folder = export_bundle(source, Path(temporary) / out.stem, title)
        part = Path(temporary) / "part.zip"
        with zipfile.ZipFile(part, "w") as archive:
            for path in sorted(folder.iterdir()):
                # Weights hardly compress: it would take seconds to save a few per cent.
                kind = zipfile.ZIP_STORED if path.suffix == ".safetensors" else zipfile.ZIP_DEFLATED
                archive.write(path, f"{out.stem}/{path.name}", compress_type=kind)
        part.replace(out)
    return out


def bundle_of(source: Path) -> Path:
    """Return the bundle folder of a run folder or bundle folder; raises RunError, or BundleError for neither."""
    if (source / INFO_FILE).is_file() or has_bundle(source):
        return source
    if has_bundle(source / "best"):
        return source / "best"
    if (source / "status.json").is_file():
        raise RunError(f"The run {source.name} has no model yet. Wait for its first epoch, or resume it.")
    read_info(source)  # raises BundleError, which says what a bundle needs
    return source


def run_of(bundle: Path) -> Path | None:
    """Return the run folder that contains a bundle, or None."""
    parent = bundle.resolve().parent
    return parent if bundle.resolve().name in ("best", "last") and (parent / "status.json").is_file() else None


def _check_target(bundle: Path | None, run: Path | None, out: Path) -> None:
    """Raise BundleError if writing to ``out`` would replace the original or delete other files."""
    target = out.resolve()
    if (bundle and target == bundle.resolve()) or (run and (target == run or run in target.parents)):
        raise BundleError(f"{out} belongs to the run or bundle that you export. Choose another folder.")
    found = {path.name for path in target.iterdir()} if target.is_dir() else set()
    others = sorted(found - {*FILES, HEAD_FILE, FOREIGN_FILE, PICTURE_FILE})
    if others:
        raise BundleError(f"{out} contains {others[0]}, which is not part of an export. Choose a new or empty folder.")


def _record(run: Path) -> tuple[dict[str, Report], pd.DataFrame | None]:
    paths = {split: run / f"report-{split}.json" for split in SPLITS if not withheld(run, split)}
    reports = {split: Report.read(path) for split, path in paths.items() if path.is_file()}
    if not (run / "snapshot.csv").is_file():
        return reports, None
    snapshot = Snapshot.read(run / "snapshot.csv")
    return {split: with_groups(report, snapshot) for split, report in reports.items()}, snapshot.counts()


def _metrics(reports: dict[str, Report], looks: Looks | None) -> dict[str, object]:
    """Return what bundle.json stores of each report: the counts and rates, without the tables; and of the exam."""
    found: dict[str, object] = {
        f"report_{split}": report.model_dump(mode="json", include=_FIGURES) for split, report in reports.items()
    }
    return found if looks is None or not looks.count else {**found, "exam": looks.as_json()}
