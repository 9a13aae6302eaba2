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
    "cross-validate": Task("core.inspection.cross_validation.computation:compute", "photos"),
    "evaluate": Task("core.runs.computations.reports:evaluate", "photos"),
    "fit-foreign": Task("core.runs.computations.foreign_score:fit", "photos"),
    "report": Task("core.export.report_page.report_task:write", "photos"),
    "onnx": Task("core.export.onnx_file.onnx_task:write", "photos"),
    "web-page": Task("core.export.web_page.page_task:write", "photos"),
    "predict": Task("core.runs.computations.predictions:predict", "photos"),
    "check-labels": Task("core.inspection.suggesting.computations:check_labels", "photos"),
    "find-rate": Task("core.training.techniques.rate_finder:compute", "photos"),
    "t-sne": Task("core.inspection.suggesting.computations:arrange", "photos"),
    "explain": Task("core.runs.computations.explanations:explain", "one photo"),
    "faithfulness": Task("core.runs.computations.explanations:check_faithfulness", "one photo"),
    "occlude": Task("core.runs.computations.occlusion:occlude", "one photo"),
    "replay-epochs": Task("core.runs.computations.epochs:replay_photo", "one photo"),
    "take-apart": Task("core.runs.computations.concepts:take_apart", "photos"),
    "background": Task("core.runs.computations.background:compute", "photos"),
    "check-map": Task("core.runs.computations.map_checks:check", "one photo"),
    "compare-methods": Task("core.runs.computations.map_checks:compare_methods", "photos"),
    "training-photos": Task("core.runs.computations.training_photos:compute_vectors", "photos"),
    "few-training-photos": Task("core.runs.computations.training_photos:compute_vectors", "one photo"),
}
