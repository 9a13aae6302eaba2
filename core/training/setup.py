"""Prepares a training before its first step: the device, the network, the photos."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import Accelerator

from core.data.dataset import Photos, photos_of
from core.data.pictures.resized_cache import ResizedCache
from core.data.pictures.transforms import Preprocessing
from core.data.snapshot import LOCALIZATION, Snapshot, check_trainable
from core.errors import RecipeError, RunError
from core.models.resnet import ResNet
from core.training import checkpoint
from core.training.advice import advice
from core.training.batch_loading import TrainingSplit
from core.training.checkpoint import CheckpointState
from core.training.device import accelerator_for, description
from core.training.events import Progress
from core.training.initial_model import InitialModel, build_initial_model
from core.training.network import share_batchnorm
from core.training.objectives import BoxObjective, ClassObjective, Objective, balanced_weights
from core.training.recipe import Recipe
from core.workspace import Workspace, workspace_folder

LogFunction = Callable[[str], None]


@dataclass(frozen=True)
class TrainingSetup:
    """A training that is ready for its first step."""

    recipe: Recipe
    snapshot: Snapshot
    accelerator: Accelerator
    log: LogFunction
    """Writes a line to the log, in the first process only."""
    model: ResNet
    """On the device, in channels_last."""
    arch: str
    preprocessing: Preprocessing
    origin: dict[str, str]
    photos: dict[TrainingSplit, Photos]
    objective: Objective
    state: CheckpointState | None
    """The state of an interrupted training."""
    workspace: Workspace
    """Where features are kept."""


def prepare_training(
    snapshot: Snapshot,
    recipe: Recipe,
    folder: Path | None,
    resume: bool,
    log: LogFunction | None,
    cache: Path | None,
    workspace: Workspace | None = None,
) -> Generator[Progress, None, TrainingSetup]:
    """Yield progress and return the training; raises the same errors as ``fit``."""
    check_trainable(snapshot)
    check_techniques(recipe, snapshot.task)
    accelerator = accelerator_for(recipe)
    check_processes(recipe, len(snapshot.part("train")), accelerator.num_processes)
    write_log = log if log is not None and accelerator.is_main_process else _no_log
    if recipe.deterministic:
        write_log("Repeatable computation: the same recipe on this machine gives the same model again.")
    for sentence in (description(accelerator), *advice(recipe, snapshot.counts(), snapshot.task)):
        write_log(sentence)
    state = None
    if folder is not None and checkpoint.has_last(folder):
        if not resume:
            raise RunError(f"{folder} already holds a training. Resume it, or choose another folder.")
        start, state = checkpoint.load_last(folder, snapshot.digest, recipe)
    else:
        with accelerator.main_process_first():
            start = yield from build_initial_model(recipe, snapshot.classes, snapshot.task)
        check_start(recipe, start)
    for sentence in start.sentences:
        write_log(sentence)
    photos = _photos(snapshot, recipe, start, ResizedCache(cache or _shared_cache(), start.preprocessing, write_log))
    train, val = len(photos["train"]), len(photos["val"])
    test = len(snapshot.part("test"))
    rate = recipe.resolved_learning_rate()
    write_log(f"Peak learning rate of the head: {rate:g} ({recipe.gradient_optimizer()}, {recipe.schedule}).")
    write_log(
        f"{train:,} training photos, {val:,} validation photos, {test:,} test photos (kept back for the final exam)."
    )
    if sentence := share_batchnorm(start.model, accelerator):
        write_log(sentence)
    return TrainingSetup(
        recipe=recipe,
        snapshot=snapshot,
        accelerator=accelerator,
        log=write_log,
        model=start.model.to(accelerator.device, memory_format=torch.channels_last),  # type: ignore[call-overload]
        arch=start.arch,
        preprocessing=start.preprocessing,
        origin=start.origin,
        photos=photos,
        objective=_objective(recipe, snapshot, photos["train"], accelerator.device),
        state=state,
        workspace=workspace or Workspace(cache.parent if cache else workspace_folder()),
    )


def _photos(
    snapshot: Snapshot, recipe: Recipe, start: InitialModel, cache: ResizedCache
) -> dict[TrainingSplit, Photos]:
    return {
        "train": photos_of(snapshot, "train", cache, recipe.augmentation, recipe.seed),
        "val": photos_of(snapshot, "val", cache),
    }


def read_photos(photos: dict[TrainingSplit, Photos], accelerator: Accelerator) -> Generator[Progress]:
    """Fill the cache of resized photos; several processes share the work."""
    wanted = [*photos["train"].wanted(training=True), *photos["val"].wanted(training=False)]
    share = wanted[accelerator.process_index :: accelerator.num_processes]
    for done, _ in photos["train"].cache.fill(share):
        yield Progress("reading the photos", min(len(wanted), done * accelerator.num_processes), len(wanted))
    accelerator.wait_for_everyone()


def _objective(recipe: Recipe, snapshot: Snapshot, photos: Photos, device: torch.device) -> Objective:
    gamma = recipe.focal_gamma if recipe.loss == "focal" else None
    classes = ClassObjective(recipe.label_smoothing, _class_weights(recipe, snapshot, photos, device), gamma)
    return BoxObjective(classes, recipe.box_loss) if snapshot.task == LOCALIZATION else classes


def _class_weights(recipe: Recipe, snapshot: Snapshot, photos: Photos, device: torch.device) -> torch.Tensor | None:
    if recipe.class_weighting == "none":
        return None
    return balanced_weights(photos.labels, len(snapshot.classes)).to(device)


def check_processes(recipe: Recipe, n: int, processes: int) -> None:
    """Raise RecipeError unless each process has two photos in each step: BatchNorm may not be shared."""
    if processes > 1 and min(recipe.batch_size, n) < 2 * processes:
        raise RecipeError(
            f"batch_size is {recipe.batch_size} with {n} training photos, shared by {processes} processes; "
            f"use at least {2 * processes} of both, or fewer processes."
        )


def check_techniques(recipe: Recipe, task: str) -> None:
    """Raise RecipeError for a setting that a training by gradient descent cannot follow for this task."""
    if recipe.optimizer == "logistic":
        raise RecipeError(
            "optimizer is logistic, which trains a head for classes on kept views, not boxes and not by steps; choose "
            "auto, adamw, adam or sgd."
        )
    if recipe.cutmix and task == LOCALIZATION:
        raise RecipeError("cutmix cuts objects apart, so it does not go together with boxes; set cutmix to 0.")
    if recipe.head_size is not None and task == LOCALIZATION:
        raise RecipeError(f"head_size is {recipe.head_size}, but a head for boxes is not refitted; leave it out.")


def check_start(recipe: Recipe, start: InitialModel) -> None:
    """Raise RecipeError if the start has no trained head to interpolate from. A staged training makes one itself."""
    if recipe.interpolate and recipe.train != "staged" and not start.knows_classes:
        if start.lacks_head:
            raise RecipeError(
                "interpolate is on, but the head of the starting model takes several stages, and its folder has no "
                "head on the last stage. Choose the run that made it or a new export of it, set train to staged, or "
                "leave interpolate out."
            )
        raise RecipeError(
            "interpolate is on, but the starting model was trained for other classes or another task, so there is "
            "nothing to mix the trained weights with; choose a model of these classes, set train to staged, or leave "
            "interpolate out."
        )


def _shared_cache() -> Path:
    return workspace_folder() / "cache" / "resized"


def _no_log(sentence: str) -> None:
    """Discard a log line."""
