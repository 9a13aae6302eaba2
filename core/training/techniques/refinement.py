"""What follows the last epoch: the best model's weights mixed with those of the start, its head refitted for a size.

Each is kept only where it is better on the validation photos. Either way, ``best/`` names the outcome in its metrics,
so a training that was killed in between repeats this part alone.
"""

from collections.abc import Generator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from accelerate.utils import broadcast_object_list

from core.data.pictures.network_input.preprocessing import Preprocessing
from core.models.bundle import load_bundle, read_info
from core.training import checkpoint
from core.training.batch_loading import validation_batches
from core.training.events import BoxEpoch, Epoch, Progress
from core.training.kept.batch_source import BatchSource
from core.training.loop import evaluate_step
from core.training.metrics import Tally
from core.training.network import FineTuned, phases
from core.training.setup import TrainingSetup
from core.training.techniques.head_refit import refit_head
from core.training.techniques.refinement_outcome import HEAD_SIZE, SHARE, is_refined, wanted_outcomes
from core.training.techniques.starting_weights import delete_start, load_start, share_state
from core.training.techniques.weight_interpolation import SHARES, choose_interpolation


def refine(run: TrainingSetup, folder: Path, source: BatchSource) -> Generator[Progress]:
    """Mix weights and refit the head as the recipe wants, and save what is better as ``best/``; yields progress.

    Raises RunError if the starting weights are missing or damaged, StorageError if the disk does not allow saving.
    """
    if not wanted_outcomes(run.recipe):
        return
    # The first process decides: the others may not see its disk.
    known: list[Any] = [None]
    if run.accelerator.is_main_process and not is_refined(folder, run.recipe):
        known = [read_info(folder / "best").metrics]
    if run.accelerator.num_processes > 1:
        broadcast_object_list(known)
    if known[0] is None:
        delete_start(folder)
        return
    metrics, preprocessing = dict(known[0]), run.preprocessing
    if run.accelerator.is_main_process:
        run.model.load_state_dict(load_bundle(folder / "best")[0].state_dict())
    share_state(run.model.state_dict(), run.accelerator)
    if run.recipe.interpolate:
        metrics |= yield from _mixed(run, folder, source, int(metrics.get("epoch", 1)))
    if run.recipe.head_size is not None:
        found, preprocessing = yield from _refitted(run, run.recipe.head_size)
        metrics |= found
    if metrics.get(SHARE, 1.0) < 1 or preprocessing != run.preprocessing:
        # Those of the training photos were the tuned network's.
        metrics = {name: value for name, value in metrics.items() if not name.startswith("train_")}
    if run.accelerator.is_main_process:
        # A decision made before the run was resumed is not for these weights.
        changes = {"metrics": metrics, "preprocessing": preprocessing.as_dict(), "decision": None}
        info = read_info(folder / "best").model_copy(update=changes)
        checkpoint.save_best(folder, run.model, info)
        delete_start(folder)
    run.accelerator.wait_for_everyone()


def _mixed(
    run: TrainingSetup, folder: Path, source: BatchSource, best_epoch: int
) -> Generator[Progress, None, dict[str, Any]]:
    """Give the network the best weights between the start and its own; returns the metrics that this changes."""
    phase = phases(run.recipe)[-1]
    start = "head-only model" if run.recipe.train == "staged" else "starting model"
    if best_epoch < phase.first:
        run.log("The best epoch trained only the head, so there are no tuned weights to mix with it.")
        return {SHARE: 1.0}
    before = run.model.state_dict() | load_start(folder, run.model, phase, run.accelerator)
    # Only the forward pass is needed: no gradients to share between processes.
    network = run.accelerator.prepare_model(
        FineTuned(run.model, tuple(phase.rates)), device_placement=True, evaluation_mode=True
    )
    photos, accelerator = len(run.photos["val"]), run.accelerator
    process = (accelerator.process_index, accelerator.num_processes)
    once = validation_batches(photos, run.recipe.batch_size, run.recipe.epochs, *process)
    loaded = yield from source.validation(len(phases(run.recipe)) - 1, once * len(SHARES))
    done = 0

    def evaluate() -> Generator[Progress, None, Tally]:
        nonlocal done
        tally = Tally()
        for batch in once:
            tally.add(evaluate_step(accelerator, network, run.objective, run.preprocessing, next(loaded)))
            done += batch.everyone
            yield Progress("comparing interpolated weights", done, photos * len(SHARES))
        return tally.over_processes(accelerator)

    figures = partial(_figures, run)
    found = yield from choose_interpolation(run.model, before, evaluate, score=lambda tally: figures(tally).score)
    tried = {share: figures(tally) for share, tally in found.tallies.items()}
    scores = ", ".join(_score(one) for one in tried.values())
    run.log(f"From the {start} to the tuned one in steps of 10%, on the validation photos: {scores}.")
    chosen, tuned = tried[found.share], tried[1.0]
    if found.share == 1:
        run.log(f"The tuned model stays as it is: no mix with the {start} was better.")
        return {SHARE: 1.0}
    change = f"{_score(chosen)} instead of {_score(tuned)}"
    if chosen.score == tuned.score:
        losses = f"{chosen.val_loss:.4f} instead of {tuned.val_loss:.4f}"
        change = f"{_score(chosen)} as before, with a validation loss of {losses}"
    run.log(f"{found.share:.0%} of the way from the {start} to the tuned one: {change}.")
    return {name: value for name, value in asdict(chosen).items() if name.startswith("val_")} | {SHARE: found.share}


def _refitted(run: TrainingSetup, size: int) -> Generator[Progress, None, tuple[dict[str, Any], Preprocessing]]:
    """Give the network a head for larger photos if that is better; returns the metrics that changed, the preprocessing.

    Every process computes all of it: they have the same network, and the first one's is saved.
    """
    recipe = run.recipe
    found = yield from refit_head(
        run.model,
        run.preprocessing,
        run.snapshot,
        size,
        run.photos["val"].cache.folder,
        recipe.seed,
        class_weighting=recipe.class_weighting,
        label_smoothing=recipe.label_smoothing,
        log=run.log,
    )
    before, after = found.before, found.after
    if not found.gains:
        run.log(
            f"A head refitted for photos of {size} pixels was not better on the validation photos "
            f"({after.accuracy:.1%}) than the model at {run.preprocessing.size} pixels ({before.accuracy:.1%}), so the "
            "model stays as it is."
        )
        return {HEAD_SIZE: run.preprocessing.size}, run.preprocessing
    found.apply(run.model)
    run.log(f"Head refitted for photos of {size} pixels: {after.accuracy:.1%} instead of {before.accuracy:.1%}.")
    return {"val_loss": after.loss, "val_accuracy": after.accuracy, HEAD_SIZE: size}, found.preprocessing


def _figures(run: TrainingSetup, tally: Tally) -> Epoch:
    """Return a tally's figures under the names that an epoch has for them."""
    none = {"learning_rate": 0.0, "seconds": 0.0, "images_per_second": 0.0}
    epochs = run.recipe.epochs
    return run.objective.epoch(tally, tally, epoch=epochs, epochs=epochs, best=True, **none)


def _score(figures: Epoch) -> str:
    return f"{figures.score:.3f}" if isinstance(figures, BoxEpoch) else f"{figures.score:.1%}"
