"""Cross-validation in a worker process: reads the photos' table and the settings, and keeps the result."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.progress import Progress
from core.workspace import Workspace

SNAPSHOT, RECIPE, RUN = "snapshot.csv", "recipe.json", "run.json"
"""Files in the folder of the arguments: the photos, the recipe of the heads, and that of the run, if there is one."""


def compute(arguments: Mapping[str, Any], report: Callable[[Progress], None]) -> None:
    """Cross-validate the photos in ``folder`` with ``settings`` and keep the result in ``workspace``."""
    report(Progress("reading the photos' table", 0, None))
    from core.data.snapshot import Snapshot
    from core.inspection.cross_validation.cross_validate import cross_validate
    from core.inspection.cross_validation.kept_results import keep_result, result_key
    from core.inspection.cross_validation.result import Settings
    from core.training.recipe import Recipe

    folder, workspace = Path(arguments["folder"]), Workspace(Path(arguments["workspace"]))
    snapshot = Snapshot.read(folder / SNAPSHOT)
    recipe = Recipe.from_json((folder / RECIPE).read_bytes())
    run = Recipe.from_json((folder / RUN).read_bytes()) if (folder / RUN).is_file() else None
    settings = Settings.checked(**arguments["settings"])
    steps = cross_validate(snapshot, recipe, settings, workspace, run=run)
    while True:
        try:
            report(next(steps))
        except StopIteration as end:
            result, predictions = end.value
            break
    keep_result(workspace, result_key(snapshot, recipe, settings), result, predictions)
