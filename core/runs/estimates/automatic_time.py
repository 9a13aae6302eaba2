"""The expected seconds of an automatic training: until its first model, and at most until its end."""

from dataclasses import dataclass

from core.data.snapshot import LOCALIZATION, Snapshot
from core.runs.automatic.next_phase import USUAL_SECONDS, Ended, Situation, expected_seconds, next_phase
from core.runs.automatic.phase_recipe import phase_recipe
from core.runs.automatic.phases import Phase
from core.runs.estimates.early_time import early_seconds
from core.runs.estimates.expected_time import REPORT_SECONDS, evaluation_seconds
from core.runs.estimates.expected_time import expected_seconds as expected_parts
from core.runs.estimates.speed import Speed
from core.runs.estimates.work import billions
from core.training.recipe import TASK_DEFAULTS, Recipe

_UNSURE = 0.5
"""A validation accuracy with which no phase ends the training: how good a model will be is not known before."""


@dataclass(frozen=True)
class AutomaticTime:
    """How long an automatic training takes from its start."""

    first_model: float
    """Until its first model is there: an early one, from a part of the photos, where the run makes one."""
    first_phase: float
    """Until the model of its first phase is there."""
    longest: float
    """Until its end if every phase is trained that the photos and the time allow. It may end much sooner."""


def automatic_time(
    recipe: Recipe, snapshot: Snapshot, head: Speed, deeper: Speed, *, ready: float = 0.0, busy: float = 1.0
) -> AutomaticTime:
    """Return the expected times of a run. ``head`` is the speed of its first phase, ``deeper`` that of later ones.

    ``ready`` is the share of the head's features that are there already, and ``busy`` as in `expected_seconds`.
    """
    boxes = snapshot.task == LOCALIZATION
    parts = snapshot.frame["split"].value_counts()
    train, val = (int(parts.get(split, 0)) for split in ("train", "val"))
    first = first_recipe(recipe, snapshot.task)
    seconds = expected_parts(first, snapshot, head, ready=ready, busy=busy)
    first_phase = sum(seconds.values())
    early = early_seconds(first, snapshot, head, seconds, ready=ready, busy=busy)
    solved = first.solves_head(snapshot.task)
    limit = USUAL_SECONDS if recipe.time_limit is None else 60 * recipe.time_limit
    done = [_phase("head", first.epochs, first_phase)]
    while True:
        spent = done[-1].ended or 0.0
        now = Situation(
            done=done,
            photos=train,
            val_photos=val,
            classes=len(snapshot.classes),
            seconds_left=limit - spent,
            seconds_per_photo=billions(recipe) / deeper.training,
            box_epochs=first.epochs if boxes else 0,
            views=recipe.views,
            full_step=deeper.full_step,
            maps=1 - ready if solved else 0.0,  # those of photos that the head's pass computes
            mixes=recipe.interpolate,
        )
        planned = next_phase(now)
        if isinstance(planned, Ended):
            break
        report = REPORT_SECONDS * busy + evaluation_seconds(recipe, deeper, val)
        took = expected_seconds(now, planned.train, planned.epochs) + report
        done.append(_phase(planned.train, planned.epochs, spent + took))
    first_model = first_phase if early is None else min(early, first_phase)
    return AutomaticTime(first_model, first_phase, done[-1].ended or 0.0)


def first_recipe(recipe: Recipe, task: str) -> Recipe:
    """Return the recipe of an automatic training's first phase: the head's."""
    epochs = TASK_DEFAULTS[LOCALIZATION]["epochs"] if task == LOCALIZATION else 1
    return phase_recipe(recipe, _phase("head", epochs, 0.0), None, task)


def _phase(train: str, epochs: int, ended: float) -> Phase:
    fields = {"first_epoch": 1, "epochs": epochs, "began": 0.0, "reason": "", "kept": True, "value": _UNSURE}
    return Phase.model_validate({"train": train, "ended": ended, **fields})
