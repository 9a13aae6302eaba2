"""The computations that worker processes may run: their functions, and the lane in which each waits its turn."""

from typing import Literal, NamedTuple

Lane = Literal["lessons", "photos", "one photo"]
"""Each lane has one worker process. A quick request never waits for one that takes minutes."""


class Task(NamedTuple):
    """A function ``module:function`` of (arguments, report) that returns what JSON can hold."""

    target: str
    lane: Lane


TASKS: dict[str, Task] = {
    "lesson": Task("core.lessons.experiments:compute", "lessons"),
    "evaluate": Task("core.runs.computations.reports:evaluate", "photos"),
    "predict": Task("core.runs.computations.predictions:predict", "photos"),
    "check-labels": Task("core.inspection.suggesting.computations:check_labels", "photos"),
    "find-rate": Task("core.training.techniques.rate_finder:compute", "photos"),
    "t-sne": Task("core.inspection.suggesting.computations:arrange", "photos"),
    "explain": Task("core.runs.computations.explanations:explain", "one photo"),
    "faithfulness": Task("core.runs.computations.explanations:check_faithfulness", "one photo"),
}
