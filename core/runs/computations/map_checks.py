"""Check heatmaps in a worker process: one heatmap against baselines, or all methods on a run's validation photos."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.progress import Progress
from core.workspace import Workspace

SPLIT = "val"


def check(arguments: Mapping[str, Any], report: Callable[[Progress], None]) -> dict[str, Any]:
    """Check the heatmap that the page has computed, for ``read_checks``: ``explanation`` as JSON, and its model."""
    report(Progress("loading the model", 0, None))
    from core.inspection.explaining.explanation_json import read_explanation
    from core.inspection.explaining.map_checks import check_map, checks_as_json
    from core.runs.computations.loaded_model import loaded_model

    predictor = loaded_model(arguments["model"], Workspace(Path(arguments["workspace"])))
    explanation = read_explanation(arguments["explanation"])
    return checks_as_json(check_map(predictor, explanation, lambda *progress: report(Progress(*progress))))


def compare_methods(arguments: Mapping[str, Any], report: Callable[[Progress], None]) -> dict[str, Any]:
    """Compare all fast methods on validation photos of a run: the fields of a MethodComparison.

    ``workspace`` and ``model`` name the run, ``stage`` the stage, ``photos`` the most photos to use.
    """
    report(Progress("loading the model", 0, None))
    from core.data.pictures.resized_cache import ResizedCache
    from core.inspection.explaining.method_comparison import compare_methods as compared
    from core.inspection.explaining.method_comparison import sample_of
    from core.runs.computations.loaded_model import loaded_model
    from core.runs.folder import workspace_run

    workspace = Workspace(Path(arguments["workspace"]))
    predictor = loaded_model(arguments["model"], workspace)
    frame = sample_of(workspace_run(arguments["model"], workspace).snapshot().part(SPLIT), arguments["photos"])
    found = compared(
        predictor,
        frame,
        stage=arguments["stage"],
        cache=ResizedCache(workspace.cache / "resized", predictor.preprocessing),
        progress=lambda done, total: report(Progress("comparing methods", done, total)),
    )
    return found.model_dump(mode="json")
