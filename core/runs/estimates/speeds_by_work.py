"""The speeds that recipes depend on, each looked up once for its kind of work: that reads the earlier runs."""

from collections.abc import Sequence

from core.runs.estimates.speed import Speed, expected_speed, run_speed
from core.runs.folder import RunFolder
from core.training.recipe import Recipe
from core.workspace import Workspace

_DEPENDS_ON = (
    *("arch", "weights", "source", "train", "size", "mode", "views", "augmentation", "batch_size"),
    *("device", "precision"),
)


class SpeedsByWork:
    """The speeds on a workspace at one moment; ``runs`` are the workspace's, the newest first."""

    def __init__(self, workspace: Workspace, runs: Sequence[RunFolder], busy: float) -> None:
        self._workspace, self._runs, self._busy = workspace, runs, busy
        self._found: dict[tuple[object, ...], Speed] = {}

    def of_run(self, recipe: Recipe, task: str) -> Speed:
        """Return the speed that a run's time depends on."""
        kind = (recipe.solves_head(task), *(getattr(recipe, name) for name in _DEPENDS_ON))
        if kind not in self._found:
            self._found[kind] = run_speed(self._workspace, recipe, task, self._runs, self._busy)
        return self._found[kind]

    def of_later_phases(self, recipe: Recipe) -> Speed:
        """Return the speed of what an automatic training trains after its head."""
        recipe = recipe.model_copy(update={"train": "layer4", "time_limit": None})
        kind = ("later phases", *(getattr(recipe, name) for name in _DEPENDS_ON))
        if kind not in self._found:
            self._found[kind] = expected_speed(self._workspace, recipe, self._runs, self._busy)
        return self._found[kind]
