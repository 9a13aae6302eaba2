"""Evaluate a run in a worker process."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.data.store.records import NAMELESS
from core.progress import Progress
from core.runs.folder import RunFolder


def evaluate(arguments: Mapping[str, Any], report: Callable[[Progress], None]) -> None:
    """Evaluate the run in the folder ``run`` on a ``split`` and write its report; ``cache`` holds resized photos.

    On the test photos it is an exam, recorded for ``who``.
    """
    report(Progress("loading the model", 0, None))
    from core.runs.models import evaluate_run  # imports torch

    evaluate_run(
        RunFolder(Path(arguments["run"])),
        arguments["split"],
        lambda done, total: report(Progress("evaluating", done, total)),
        cache=Path(arguments["cache"]),
        who=arguments.get("who", NAMELESS),
    )
