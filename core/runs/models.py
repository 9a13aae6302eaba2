"""The models of runs: find one by its reference, load it, evaluate it."""

from collections.abc import Callable
from pathlib import Path

from core.data.snapshot import Snapshot
from core.data.store.records import NAMELESS
from core.errors import RunError
from core.inspection.measuring.evaluation import evaluate
from core.inspection.measuring.report import Report
from core.inspection.predicting.predictor import IMAGENET, Predictor
from core.models.bundle import INFO_FILE, has_bundle, read_info
from core.progress import CountCallback, PhaseCallback
from core.runs.exams.locked import refuse_if_locked
from core.runs.exams.records import TEST, record_exam
from core.runs.folder import RunFolder, open_run
from core.runs.status import read_status
from core.workspace import Workspace


def evaluate_run(
    run: RunFolder,
    split: str = "val",
    progress: CountCallback | None = None,
    *,
    device: str = "auto",
    cache: Path | None = None,
    who: str = NAMELESS,
) -> Report:
    """Evaluate a run's best model on a split of its snapshot and write the report into the run; see ``evaluate``.

    On the test photos this is an exam: the look is recorded for ``who`` before the report is written.
    The whole network is computed, also where the run has kept maps of these photos: those are rounded to half
    precision, and the report must be of exactly the probabilities that the app computes with this model. Its main
    figures are of the likeliest classes; its ``decision`` says what the decision saved with the model did.
    Raises RunError if the run has no model yet, is still training and should take an exam, or the split is empty;
    ExamLocked on test photos that the teacher has closed; ImageRefused if a photo is missing.
    """
    if split == TEST:
        refuse_if_locked(run.path)
    if not run.finished:
        raise RunError(f"The run {run.id} has no model yet. Wait for its first epoch, or resume it.")
    if split == TEST and run.status().live:
        raise RunError(f"The run {run.id} is still training. Wait until it ends: the exam is for its final model.")
    model = read_info(run.best).model_sha256 if split == TEST else None

    def record(report: Report) -> None:
        refuse_if_locked(run.path)  # it may have been locked while the photos were computed
        record_exam(run, who=who, n=report.n, model=model)

    return evaluate(
        *(run.best, run.snapshot(), run.path, split, progress),
        name=run.id,
        device=device,
        cache=cache,
        before_saving=record if split == TEST else None,
    )


def load_predictor(
    reference: str | Path,
    workspace: Workspace,
    device: str = "auto",
    progress: PhaseCallback | None = None,
    test_time_views: int | None = None,
) -> Predictor:
    """Load the model of ``imagenet``, a bundle folder, a run folder or a run's id in the workspace.

    For a run this is its best model. ``test_time_views`` is as in `Predictor.load`. Raises RunError for a run without
    a model, and the errors of `Predictor.load`.
    """
    folder = bundle_folder(reference, workspace)
    if folder is None:
        return Predictor.load(IMAGENET, device, progress, test_time_views=test_time_views)
    predictor = Predictor.load(folder, device, progress, test_time_views=test_time_views)
    if folder.name == "best":
        predictor.name = folder.parent.name
    return predictor


def bundle_folder(reference: str | Path, workspace: Workspace) -> Path | None:
    """Return the bundle folder that a reference names; None for the pretrained network."""
    if str(reference) == IMAGENET:
        return None
    if (Path(reference) / INFO_FILE).is_file() or has_bundle(Path(reference)):
        return Path(reference)
    run = open_run(reference, workspace)
    if not run.finished:
        raise RunError(f"The run {run.id} has no model yet. Wait for its first epoch, or resume it.")
    return run.best


def photos_of_bundle(folder: Path | None) -> Callable[[], list[str]]:
    """Return what gives the hashes of the photos that a model was trained on; none where its folder is not a run's."""
    path = None if folder is None else folder.resolve().parent / "snapshot.csv"
    if path is None or not path.is_file():
        return list
    return lambda: [*Snapshot.read(path).frame["image"]]


def titled_bundle(folder: Path) -> tuple[Path, str]:
    """Return the best bundle of a run folder, or a bundle inside one, with the run's title; otherwise the folder.

    Raises RunError for a run without a model.
    """
    folder = folder.resolve()
    path = folder.parent if folder.name in ("best", "last") else folder
    if not (path / "status.json").is_file() or (path == folder and has_bundle(folder)):
        return folder, folder.name
    run = RunFolder(path)
    if path == folder and not run.finished:
        raise RunError(f"The run {run.id} has no model yet. Wait for its first epoch, or resume it.")
    try:
        title = read_status(run.status_path).title
    except RunError:  # the model of a run with a damaged status can still be good
        title = ""
    return run.best if path == folder else folder, title or run.id
