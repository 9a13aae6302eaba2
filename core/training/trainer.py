"""The trainer: a generator that trains a network from a snapshot and a recipe.

    for event in fit(snapshot, recipe, folder):
        ...                             # Progress, Step or Epoch; leave the loop to stop and keep the best so far

Under ``accelerate launch`` or ``torchrun`` every process runs the same loop, and the first one writes files. The batch
size counts all processes together, and BatchNorm sees the photos of all of them where it is trained, so a recipe trains
the same on one device and on eight, except for rounding. (ResNet-50, all layers, 85 photos, fp32, two epochs: loss
0.3790 in one process, 0.3794 in two. TPUs do not share BatchNorm; the log says so there.)
"""

import math
import time
from collections.abc import Generator, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from torch import nn
from torch.optim import Optimizer

from core.data.snapshot import Snapshot
from core.errors import RunError
from core.training import checkpoint
from core.training.batch_loading import Batch, LoadedBatch, training_batches, validation_batches
from core.training.best_epoch import BestEpochTracker
from core.training.device import arithmetic, precision_name
from core.training.events import Epoch, Event, Progress, Step
from core.training.kept.batch_source import BatchSource
from core.training.loop import evaluate_step, sync_batchnorm_buffers, train_step
from core.training.metrics import Tally
from core.training.network import FineTuned, Phase, parameter_groups, phases, trainable_sentence
from core.training.recipe import Recipe
from core.training.saving.epoch_saver import EpochSaver
from core.training.schedule import factor
from core.training.setup import LogFunction, TrainingSetup, prepare_training
from core.training.techniques.batch_changes import BatchChanges
from core.training.techniques.optimizers import make_optimizer
from core.training.techniques.refinement import refine
from core.training.techniques.refinement_outcome import is_refined
from core.training.techniques.starting_weights import delete_start, save_start
from core.training.techniques.weight_average import WeightAverage
from core.workspace import Workspace

# Validation batches that are tried before training starts, so that a bad set-up fails in seconds, not after hours.
_SANITY_BATCHES = 2


def fit(
    snapshot: Snapshot,
    recipe: Recipe,
    folder: Path | None = None,
    resume: bool = False,
    log: LogFunction | None = None,
    cache: Path | None = None,
    workspace: Workspace | None = None,
) -> Iterator[Event]:
    """Train and yield events. With a folder, ``best/`` and ``last/`` are written after an epoch, before it is yielded.

    Of epochs that take less than a few seconds, not every one is written; what was not is when the iteration ends.
    After the last epoch, ``best/`` is refined as the recipe wants; that needs a folder.

    ``resume`` continues after the last complete epoch in the folder: bit for bit as if uninterrupted on a CPU in fp32,
    and on a GPU with a ``deterministic`` recipe; the machine, versions, threads and processes must be the same.
    ``cache`` is the folder for resized photos, by default in the workspace; ``workspace`` is where the features of
    frozen layers are kept, by default beside ``cache``. Raises TooLittleData, RecipeError, RunError, ImageRefused, and
    the errors of weights and bundles.
    """
    run = yield from prepare_training(snapshot, recipe, folder, resume, log, cache, workspace)
    state = run.state
    finished = state is not None and state.finished
    if finished and (folder is None or is_refined(folder, recipe)):
        run.log("This training has already finished.")
        if folder is not None:
            delete_start(folder)
        return
    first = state.epoch + 1 if state else 1
    try:
        with (
            arithmetic(precision_name(run.accelerator), recipe.deterministic),
            BatchSource(run, phases(recipe), lambda phase: _planned_batches(run, phase, first)) as source,
        ):
            if not finished:
                yield from _epochs(run, folder, source, first)
            if folder is not None:
                yield from refine(run, folder, source)
    finally:
        run.accelerator.free_memory()


def _epochs(run: TrainingSetup, folder: Path | None, source: BatchSource, first: int) -> Generator[Event]:
    """Train from epoch ``first`` on, phase by phase, until the last one or an early end; yields events."""
    recipe, state = run.recipe, run.state
    best = BestEpochTracker.from_checkpoint(state.standing) if state else BestEpochTracker()
    average = weight_average(run)
    with EpochSaver(run, folder, average) if folder is not None else nullcontext() as saver:
        for number, phase in enumerate(phases(recipe)):
            if phase.end < first:
                continue
            network, optimizer = prepare_phase(run, phase, number)
            batches = yield from source.batches(number, max(first, phase.first))
            if phase.first >= first:
                best.start_phase()
                if recipe.interpolate and phase.end == recipe.epochs and folder is not None:
                    _save_start(run, folder, phase, average)
                if saver is not None:
                    saver.begin_phase(number)
            if phase.first <= first:
                sanity_check(run, network, batches)
            for epoch in range(max(first, phase.first), phase.end + 1):
                began = time.monotonic()
                figures = yield from _epoch(run, network, optimizer, phase, epoch, batches, average)
                figures = replace(figures, best=best.update(figures.score, figures.val_loss))
                stop = 0 < recipe.patience <= best.waited and phase.end == recipe.epochs > epoch
                if saver is not None:
                    finished = stop or epoch == recipe.epochs
                    saver.save(figures, optimizer, best, phase, number, finished)
                yield replace(figures, seconds=time.monotonic() - began)
                if stop:
                    run.log(f"Early stopping: no improvement for {recipe.patience} epochs.")
                    return


def _save_start(run: TrainingSetup, folder: Path, phase: Phase, average: WeightAverage | None) -> None:
    if run.accelerator.is_main_process:
        with average.applied() if average else nullcontext():
            save_start(folder, run.model, phase)
    run.accelerator.wait_for_everyone()


def _planned_batches(run: TrainingSetup, phase: Phase, first: int) -> Iterator[Batch]:
    """Yield every batch of a phase, in the order in which a ``fit`` that begins with epoch ``first`` uses them."""
    if phase.first <= first:
        yield from _validation_batches(run, 0)[:_SANITY_BATCHES]
    for epoch in range(max(first, phase.first), phase.end + 1):
        yield from _training_batches(run, epoch)
        yield from _validation_batches(run, epoch)


def _training_batches(run: TrainingSetup, epoch: int) -> list[Batch]:
    share = (run.accelerator.process_index, run.accelerator.num_processes)
    recipe, photos = run.recipe, run.photos["train"]
    balanced = photos.labels if recipe.balanced_sampling else None
    return training_batches(
        *(len(photos), recipe.batch_size, recipe.seed, epoch, *share),
        accumulation=recipe.accumulation,
        balanced=balanced,
    )


def _validation_batches(run: TrainingSetup, epoch: int) -> list[Batch]:
    share = (run.accelerator.process_index, run.accelerator.num_processes)
    return validation_batches(len(run.photos["val"]), run.recipe.batch_size, epoch, *share)


def prepare_phase(run: TrainingSetup, phase: Phase, number: int) -> tuple[nn.Module, Optimizer]:
    """Return the network and optimizer of a phase; the optimizer's state is restored if that phase was interrupted.

    Raises RunError if the saved state does not fit.
    """
    network = FineTuned(run.model, tuple(phase.rates), keeps_statistics=run.recipe.batch_norm == "keep")
    groups = parameter_groups(run.model, phase, run.recipe.weight_decay)
    optimizer = make_optimizer(run.recipe.gradient_optimizer(), groups, run.accelerator.device)
    # Their device is said, or Accelerate would load much of torch.distributed to look for sharded parameters.
    network, optimizer = run.accelerator.prepare(network, optimizer, device_placement=[True, True])
    if run.state is not None and run.state.phase == number:
        checkpoint.restore_optimizer(optimizer, run.state.optimizer)
    # The loss scale of fp16 belongs to the whole training: a new phase goes on with it, also after a resume.
    scaler = run.accelerator.scaler
    if scaler is not None and run.state is not None and run.state.scaler and phase.first <= run.state.epoch + 1:
        checkpoint.restore_scaler(scaler, run.state.scaler)
    run.log(trainable_sentence(run.model, phase))
    return network, optimizer


def weight_average(run: TrainingSetup) -> WeightAverage | None:
    """Return the average of the weights that the recipe asks for, as far as an interrupted training had come.

    Raises RunError if the saved state does not fit.
    """
    if not run.recipe.ema:
        return None
    parts = {part for phase in phases(run.recipe) for part in phase.rates}
    average = WeightAverage(run.model, tuple(parts), run.recipe.ema)
    if run.state is not None and run.state.average is not None:
        average.restore(run.state.average)
    return average


def sanity_check(run: TrainingSetup, network: nn.Module, loaded: Iterator[LoadedBatch]) -> None:
    """Evaluate the first validation batches before training; raises RunError if their loss is not finite."""
    tally = Tally()
    for _ in _validation_batches(run, 0)[:_SANITY_BATCHES]:
        tally.add(evaluate_step(run.accelerator, network, run.objective, run.preprocessing, next(loaded)))
    if tally.n and not math.isfinite(tally.loss):
        raise RunError(
            "Before training, the network's loss on the validation photos is not a finite number: its weights are "
            "damaged. Choose other weights."
        )


def _epoch(
    run: TrainingSetup,
    network: nn.Module,
    optimizer: Optimizer,
    phase: Phase,
    epoch: int,
    loaded: Iterator[LoadedBatch],
    average: WeightAverage | None,
) -> Generator[Step | Progress, None, Epoch]:
    """Train on all training photos, then evaluate on all validation photos."""
    batches, changes = _training_batches(run, epoch), BatchChanges.of(run.recipe)
    updates, updated = sum(batch.ends_update for batch in batches), 0
    train, began, seen = Tally(), time.monotonic(), 0
    top = run.recipe.resolved_learning_rate()
    for number, batch in enumerate(batches, 1):
        step = (epoch - phase.first) * updates + updated
        rate = top * factor(run.recipe.schedule, step, phase.epochs * updates)
        for group in optimizer.param_groups:
            group["lr"] = rate * group["rate"]
        tally = train_step(run.accelerator, network, optimizer, run.objective, run.preprocessing, next(loaded), changes)
        updated += batch.ends_update
        if average is not None and batch.ends_update:
            average.update()
        train.add(tally)
        seen += batch.everyone
        seconds = time.monotonic() - began
        rate *= phase.rates["head"]
        yield Step(epoch, number, len(batches), tally.loss, tally.accuracy, rate, seen / seconds, seconds)
    train_seconds = time.monotonic() - began
    sync_batchnorm_buffers(run.accelerator, network)
    val, checked = Tally(), 0
    with average.applied() if average else nullcontext():
        if average is not None:
            sync_batchnorm_buffers(run.accelerator, network)  # those of the average
        for batch in _validation_batches(run, epoch):
            val.add(evaluate_step(run.accelerator, network, run.objective, run.preprocessing, next(loaded)))
            checked += batch.everyone
            yield Progress("evaluating on the validation photos", checked, len(run.photos["val"]))
    train, val = train.over_processes(run.accelerator), val.over_processes(run.accelerator)
    if not math.isfinite(val.loss):
        raise RunError(
            f"The validation loss became {val.loss} in epoch {epoch}: the learning rate was too high. "
            "The best earlier epoch, if there is one, is kept. Start again with a tenth of the learning rate."
        )
    return run.objective.epoch(
        train,
        val,
        epoch=epoch,
        epochs=run.recipe.epochs,
        learning_rate=rate,
        seconds=time.monotonic() - began,
        images_per_second=seen / train_seconds,
        best=False,
    )
