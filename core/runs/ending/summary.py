"""The sentence about the model of a run that has ended."""

from typing import TYPE_CHECKING

from core.models.bundle import read_info
from core.runs.folder import RunFolder
from core.training.techniques.refinement_outcome import outcome_of

if TYPE_CHECKING:
    from core.training.early.seen_photos import SeenPhotos


def summary_of(run: RunFolder, is_solved: bool = False) -> str:
    """Return a sentence about the best epoch, with the figure of its report in fp32, as the app predicts in fp32.

    An epoch may have been evaluated in bf16, which can change the class of a borderline photo.
    """
    if (early := early_model(run)) is not None:
        from core.runs.solving.early_model import early_summary

        return early_summary(run, early)
    if run.recipe().train == "automatic":
        from core.runs.automatic.automatic_run import summary

        return summary(run)
    epochs = run.epochs()
    bests = epochs[epochs["best"].astype(bool)]
    if bests.empty:
        return ""
    best, report = bests.iloc[-1], run.report("val")
    if "val_iou" in best:
        iou = getattr(report, "mean_iou", None)
        in_training = f"{best['val_iou']:.2f}"
        figure = in_training if iou is None else f"{iou.value:.2f}"
        text = f"mean IoU {figure} on {best['val_n']:.0f} validation photos"
    else:
        in_training = f"{round(best['val_accuracy'] * best['val_n'])}"
        figure = in_training if report is None else f"{report.accuracy.correct}"
        text = f"{figure} of {best['val_n']:.0f} validation photos correct"
    also = f" ({in_training} during training, in {run.status().precision})" if in_training != figure else ""
    if run.finished and (changes := outcome_of(read_info(run.best).metrics, run.recipe())):
        also = f" ({in_training} before {changes})"
    if is_solved:
        return f"The head was solved exactly: {text}."
    return f"The best epoch was {best['epoch']:.0f}: {text}{also}."


def early_model(run: RunFolder) -> "SeenPhotos | None":
    """Return what the run's model has seen, if it is an early one."""
    from core.training.early.seen_photos import seen_photos  # a waiting process stays small

    return seen_photos(run.best)
