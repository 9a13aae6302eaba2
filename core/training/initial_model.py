"""The model that a run starts from: pretrained or random, with a head for the run's classes."""

import queue
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import torch

from core.data.pictures.transforms import IMAGENET_MEAN, IMAGENET_STD, Preprocessing
from core.models.heads import BoxHead, Localizer, build_for
from core.models.resnet import ResNet
from core.models.weights import Pretrained, fetch
from core.models.zoo import config_of, with_plain_head
from core.training.choices import NAMED_WEIGHTS
from core.training.events import Progress
from core.training.linear.frozen_start import start_sentences
from core.training.recipe import Recipe
from core.training.saving.last_stage_head import read_last_stage_head

_WAIT_SECONDS = 0.2

T = TypeVar("T")


@dataclass(frozen=True)
class InitialModel:
    """A network on the CPU, with its architecture, preprocessing and origin."""

    model: ResNet
    arch: str
    """The actual architecture; it may differ from the recipe's, as some weights need resnet50-v1."""
    preprocessing: Preprocessing
    origin: dict[str, str]
    sentences: tuple[str, ...]
    """Lines for the log."""
    knows_classes: bool = True
    """Whether its head was trained for the run's classes and task."""
    lacks_head: bool = False
    """Whether its weights know the classes with a head on several stages, and have none on the last stage."""


def build_initial_model(
    recipe: Recipe, classes: Sequence[str], task: str = "classification"
) -> Generator[Progress, None, InitialModel]:
    """Yield download progress and return the initial model; random weights depend only on the seed.

    Raises WeightsUnavailable, BundleError and UnknownArchitecture.
    """
    generator = torch.Generator().manual_seed(recipe.seed)
    if recipe.weights == "none":
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.seed)
            model = build_for(task, recipe.arch, len(classes))
        preprocessing = Preprocessing(**recipe.preprocessing(IMAGENET_MEAN, IMAGENET_STD))
        sentence = f"Network: {recipe.arch} with random weights."
        return InitialModel(
            model, recipe.arch, preprocessing, {"source": "random", "seed": str(recipe.seed)}, (sentence,), False
        )

    pretrained = yield from with_progress(lambda report: fetch_pretrained(recipe, report))
    pretrained, about_head = _on_last_stage(recipe, pretrained)
    pretrained, about_order = _in_order_of(classes, pretrained)
    # Created without memory: no time is spent on random weights that are about to be replaced.
    with torch.device("meta"):
        model = build_for(task, pretrained.arch, len(pretrained.classes))
    load_pretrained(model, pretrained, recipe.seed)
    sentences = [*start_sentences(recipe, pretrained.arch, pretrained.origin), *about_head]
    knows_classes = _same_classes(pretrained, classes)
    if knows_classes:
        sentences.append(about_order or _kept_head(pretrained))
    else:
        model.reset_classifier(len(classes), generator)
    values = pretrained.preprocessing
    preprocessing = Preprocessing(**recipe.preprocessing(values["mean"], values["std"]))
    knows_task = task == "classification" or _has_box_head(pretrained)
    known = knows_classes and knows_task
    lacks_head = "fc.weight" not in pretrained.state and pretrained.classes == tuple(classes)
    return InitialModel(model, pretrained.arch, preprocessing, pretrained.origin, tuple(sentences), known, lacks_head)


def _on_last_stage(recipe: Recipe, pretrained: Pretrained) -> tuple[Pretrained, list[str]]:
    """Return the weights for a head on the last stage, and lines for the log if their own head takes several stages."""
    arch = with_plain_head(pretrained.arch)
    if arch == pretrained.arch:
        return pretrained, []
    head = read_last_stage_head(Path(recipe.weights), len(pretrained.classes), config_of(arch).feature_width)
    state = {name: tensor for name, tensor in pretrained.state.items() if not name.startswith("fc.")}
    which = "one on the last stage, which was solved with it" if head else "a new one on the last stage"
    sentence = f"The head of these weights takes several stages, so training goes on with {which}."
    return replace(pretrained, arch=arch, state=state | (head or {})), [sentence]


def load_pretrained(model: ResNet, pretrained: Pretrained, seed: int) -> None:
    """Load pretrained weights; a missing box head is initialised from the seed, an unneeded one is ignored."""
    known = model.state_dict()
    wanted = {name: tensor for name, tensor in pretrained.state.items() if name in known}
    model.load_state_dict(wanted, assign=True, strict=False)
    if isinstance(model, Localizer) and not _has_box_head(pretrained):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model.box = BoxHead(model.feature_width)


def _has_box_head(pretrained: Pretrained) -> bool:
    return any(name.startswith("box.") for name in pretrained.state)


def fetch_pretrained(recipe: Recipe, report: Callable[[str, int, int | None], None]) -> Pretrained:
    """Return a recipe's pretrained weights, downloaded if necessary. Not for ``weights = none``."""
    if recipe.weights in NAMED_WEIGHTS:
        return fetch(recipe.arch, recipe.weights, recipe.source, report)
    return fetch(recipe.arch, source=recipe.weights, progress=report)


def _in_order_of(classes: Sequence[str], pretrained: Pretrained) -> tuple[Pretrained, str | None]:
    """Return the weights with the rows of their head in the order of a run's classes, if they have the same ones."""
    known = pretrained.named and "fc.weight" in pretrained.state and pretrained.classes != tuple(classes)
    if not known or len(pretrained.classes) != len(classes) or set(pretrained.classes) != set(classes):
        return pretrained, None
    place = {name: row for row, name in enumerate(pretrained.classes)}
    rows = [place[name] for name in classes]
    head = {name: pretrained.state[name][rows] for name in ("fc.weight", "fc.bias")}
    said = "It already has the classes of these photos in another order, so its head is kept in the order of these."
    return replace(pretrained, classes=tuple(classes), state=pretrained.state | head), said


def _same_classes(pretrained: Pretrained, classes: Sequence[str]) -> bool:
    """Return whether the head can be kept. If a file does not name its classes, their number decides."""
    if "fc.weight" not in pretrained.state:
        return False
    if pretrained.classes == tuple(classes):
        return True
    return not pretrained.named and len(pretrained.classes) == len(classes)


def _kept_head(pretrained: Pretrained) -> str:
    if pretrained.named:
        return "It already has the classes of these photos, so its head is kept."
    return "Its head has as many outputs as these photos have classes, so it is kept; the file does not name them."


def with_progress(work: Callable[[Callable[[str, int, int | None], None]], T]) -> Generator[Progress, None, T]:
    """Run ``work``, which reports progress by a callback, and yield that progress."""
    reports: queue.Queue[Progress | None] = queue.Queue()
    outcome: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(work(lambda phase, done, total: reports.put(Progress(phase, done, total))))
        except BaseException as error:  # noqa: BLE001 - raised again below, in the waiting thread
            failure.append(error)
        reports.put(None)

    threading.Thread(target=run, name="weights", daemon=True).start()
    while (report := reports.get()) is not None:
        yield report
    if failure:
        raise failure[0]
    return outcome[0]
