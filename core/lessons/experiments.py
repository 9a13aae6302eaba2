"""The experiments by name, computed from arguments that JSON can hold: in a worker process, or by a script."""

from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from core.data.snapshot import Snapshot
from core.lessons.result_cache import ExperimentArguments, ExperimentSteps, cached_or_computed
from core.progress import Progress
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.inspection.predicting.predictor import Predictor
    from core.lessons.preprocessing import LabelledPhotos

Inputs = Mapping[str, Any]
"""What an experiment needs besides its arguments, such as the photos whose digest is among the arguments."""


def compute(task: Mapping[str, Any], report: Callable[[Progress], None]) -> None:
    """Compute one part of an experiment into the workspace's cache of results, if it is not there: a worker's task."""
    workspace = Workspace(Path(task["workspace"]))
    name, arguments = task["experiment"], task["arguments"]
    steps = cached_or_computed(
        workspace, name, arguments, lambda: steps_of(name, arguments, task["inputs"], workspace.cache / "resized")
    )
    with closing(steps):
        for progress in steps:
            report(progress)


def steps_of(experiment: str, arguments: ExperimentArguments, inputs: Inputs, cache: Path) -> ExperimentSteps:
    """Begin one part of an experiment; ``cache`` is the folder of resized photos."""
    yield Progress("loading", 0, None)
    return (yield from _EXPERIMENTS[experiment](arguments, inputs, cache))


def snapshot_input(snapshot: Snapshot) -> Inputs:
    """Return a snapshot as an input."""
    table = snapshot.frame.to_dict("split", index=False)
    return {"snapshot": {**table, "classes": list(snapshot.classes), "task": snapshot.task}}


def photos_input(photos: "LabelledPhotos") -> Inputs:
    """Return labelled photos as an input."""
    return {"paths": [str(path) for path in photos.paths], "labels": list(photos.labels)}


def _snapshot(inputs: Inputs) -> Snapshot:
    given = inputs["snapshot"]
    return Snapshot(pd.DataFrame(given["data"], columns=given["columns"]), tuple(given["classes"]), given["task"])


def _skips(arguments: ExperimentArguments, inputs: Inputs, cache: Path) -> ExperimentSteps:
    from core.lessons.skips import TrainingSettings
    from core.lessons.skips_training import sample_photos, train_both

    given: dict[str, Any] = dict(arguments)
    setting = TrainingSettings(**{name: given[name] for name in vars(TrainingSettings())})
    return train_both(given["depth"], given["seed"], sample_photos(setting.size), setting)


def _transfer(arguments: ExperimentArguments, inputs: Inputs, cache: Path) -> ExperimentSteps:
    from core.lessons.transfer import train_arm

    return train_arm(
        _snapshot(inputs), str(arguments["arm"]), inputs["arch"], int(arguments["size"]), inputs.get("seed", 0), cache
    )


def _augmentation(arguments: ExperimentArguments, inputs: Inputs, cache: Path) -> ExperimentSteps:
    from core.lessons.augmentation import recipe_for, train_level

    recipe = recipe_for(str(arguments["weights"]), str(arguments["level"]), int(arguments["seed"]))
    return train_level(_snapshot(inputs), recipe, cache)


def _modes(arguments: ExperimentArguments, inputs: Inputs, cache: Path) -> ExperimentSteps:
    from core.lessons.preprocessing import compare_modes

    shape = cast("float", arguments["shape"]) or None
    return compare_modes(_photos(arguments, inputs), _pretrained(str(arguments["arch"])), shape)


def _mistakes(arguments: ExperimentArguments, inputs: Inputs, cache: Path) -> ExperimentSteps:
    from core.lessons.preprocessing import compare_mistakes

    return compare_mistakes(_photos(arguments, inputs), _pretrained(str(arguments["arch"])))


def _speed(arguments: ExperimentArguments, inputs: Inputs, cache: Path) -> ExperimentSteps:
    from core.lessons.family import measure_speeds

    archs = str(arguments["archs"]).split(",")
    return measure_speeds(archs, int(arguments["size"]), int(arguments["batch"]), int(arguments["turn"]))


def _facts(arguments: ExperimentArguments, inputs: Inputs, cache: Path) -> ExperimentSteps:
    from core.lessons.family import count_networks

    return count_networks(str(arguments["archs"]).split(","), int(arguments["size"]))


def _photos(arguments: ExperimentArguments, inputs: Inputs) -> "LabelledPhotos":
    from core.lessons.preprocessing import LabelledPhotos

    return LabelledPhotos(
        tuple(Path(path) for path in inputs["paths"]), tuple(inputs["labels"]), str(arguments["photos"])
    )


def _pretrained(arch: str) -> "Predictor":
    from core.lessons.lesson_predictor import load_lesson_predictor
    from core.models.weights_table import available

    return load_lesson_predictor(arch, available(arch))


_EXPERIMENTS: dict[str, Callable[[ExperimentArguments, Inputs, Path], ExperimentSteps]] = {
    "skips": _skips,
    "transfer": _transfer,
    "transfer-few": _transfer,
    "augmentation-imagenet": _augmentation,
    "augmentation-none": _augmentation,
    "preprocessing-modes": _modes,
    "preprocessing-mistakes": _mistakes,
    "family-facts": _facts,
    "family-speed": _speed,
}
