"""The sentence about how long a run will take, before it starts."""

from core.data.snapshot import Snapshot
from core.runs.automatic.next_phase import USUAL_SECONDS
from core.runs.estimates.automatic_time import first_recipe
from core.runs.estimates.machine_speed import begin_measuring
from core.runs.estimates.readiness import vectors_readiness
from core.runs.estimates.waiting import ExpectedTime, expected_time
from core.runs.folder import RunFolder
from core.training.linear.kept_vectors import Readiness
from core.training.recipe import Recipe
from core.workspace import Workspace
from pages.components.shared.errors import lately
from pages.components.shared.wording import counted
from pages.components.train.status_text import format_duration


def time_sentence(workspace: Workspace, recipe: Recipe, snapshot: Snapshot, runs: list[RunFolder]) -> str:
    """Return the expected time as a sentence: a range if it is rough, where it comes from, and the queue before it.

    ``runs`` are the workspace's runs, the newest first: their speeds are this machine's.
    """
    first = first_recipe(recipe, snapshot.task) if recipe.train == "automatic" else recipe
    ready = vectors_readiness(workspace, first, snapshot) if first.solves_head(snapshot.task) else None
    share = ready.share if ready else 0.0
    found = expected_time(workspace, recipe, snapshot, runs, ready=share, at_most_old=lately())
    if recipe.train == "automatic" and found.first_model is not None:
        return _automatic_sentence(workspace, recipe, found, found.first_model, ready)
    if ready is not None and ready.done:
        how = f"the features of {ready.done:,} of {ready.total:,} photos are ready"
        longest = found.seconds if ready.done == ready.total else found.seconds * found.speed.spread
        return f"Expected time: {_exact(found.seconds, longest)} ({how}){_early(found)}.{_queue(found)}"
    source = found.speed.source
    if found.speed.rough and begin_measuring(workspace):
        source = "a rough estimate; this computer's speed is being measured"
    limit = "at most " if recipe.patience else ""
    low, high = found.seconds / found.speed.spread, found.seconds * found.speed.spread
    return f"Expected time: {limit}{duration_range(low, high)} ({source}){_early(found)}.{_queue(found)}"


def _automatic_sentence(
    workspace: Workspace, recipe: Recipe, found: ExpectedTime, first_model: float, ready: Readiness | None
) -> str:
    """Say when the first model is there, and when the training ends at the latest."""
    shortest, longest = first_model / found.speed.spread, first_model * found.speed.spread
    how = found.speed.source
    if ready is not None and ready.done:
        how = f"the features of {ready.done:,} of {ready.total:,} photos are ready"
        shortest, longest = first_model, first_model if ready.done == ready.total else longest
    elif found.speed.rough and begin_measuring(workspace):
        how = "a rough estimate; this computer's speed is being measured"
    model = f"Expected time: a first model in {_exact(shortest, longest)} ({how})"
    if found.seconds <= (found.first_phase or first_model):  # no other phase fits
        return f"{model}. For more layers, there are too few photos or too little time.{_queue(found)}"
    limit = max(longest, USUAL_SECONDS if recipe.time_limit is None else 60 * recipe.time_limit)
    most = format_duration(min(limit, found.seconds * found.speed.spread)).removeprefix("about ")
    # Not a promise: the comparison with the model before comes after the time limit.
    return f"{model}, and about {most.removeprefix('less than ')} at most.{_queue(found)}"


def _early(found: ExpectedTime) -> str:
    """Return the rest of a sentence about an early model; empty without one."""
    if found.first_model is None:
        return ""
    low, high = found.first_model / found.speed.spread, found.first_model * found.speed.spread
    return f", with a first model in {_exact(low, high)}"


def _exact(seconds: float, most: float) -> str:
    """Return "about 4 seconds" where it is so short that seconds matter."""
    if most >= 50:
        return duration_range(seconds, most)
    low, high = max(2, round(seconds)), max(2, round(most))
    return f"about {low} seconds" if high < 1.3 * low else f"{low} to {high} seconds"


def _queue(found: ExpectedTime) -> str:
    """Return a sentence about the runs that come first; empty without any."""
    if not found.runs_ahead:
        return ""
    return (
        f" It starts in {format_duration(found.seconds_ahead)}, "
        f"after {counted(found.runs_ahead, 'run')} that {'is' if found.runs_ahead == 1 else 'are'} ahead in the queue."
    )


def duration_range(low: float, high: float) -> str:
    """Return "about 5 minutes", or "2 to 5 minutes" where the two differ."""
    if format_duration(low) == format_duration(high):
        return format_duration(high)
    unit, size = ("hours", 3600) if high >= 5400 else ("minutes", 60)
    first, last = (_rounded(seconds / size) for seconds in (low, high))
    if first == last or last == 1:
        return format_duration(high) if last == 1 else f"about {last:g} {unit}"
    half = "half an hour" if unit == "hours" else "half a minute"
    return f"{half if first == 0.5 else f'{first:g}'} to {last:g} {unit}"


def _rounded(number: float) -> float:
    """Return a number with one or two digits: 0.5, 1, 2, ... 9, 10, 15, 20."""
    if number < 1:
        return 0.5 if number < 0.75 else 1.0
    return float(round(number)) if number < 10 else 5.0 * round(number / 5)
