"""The report as a worker process writes it: whole or not at all."""

from pathlib import Path

import pytest

from core.errors import RunError
from core.export.report_page.report_task import write
from core.progress import Progress
from core.runs.folder import RunFolder
from core.workers.tasks import TASKS
from core.workspace import Workspace


def arguments(run: RunFolder, workspace: Workspace, out: Path) -> dict[str, str]:
    return {"run": str(run.path), "workspace": str(workspace.root), "out": str(out)}


def test_the_task_writes_the_page_beside_the_run(run: RunFolder, workspace: Workspace) -> None:
    assert TASKS["report"].target == f"{write.__module__}:{write.__name__}"
    heard: list[Progress] = []
    out = run.path / "report.html"
    assert write(arguments(run, workspace, out), heard.append) == out.stat().st_size
    assert out.read_text(encoding="utf-8").endswith("</body>\n</html>\n")
    assert {one.phase for one in heard} >= {"reading the run", "adding photos", "drawing heatmaps"}


def test_a_page_that_fails_leaves_the_old_one(run: RunFolder, workspace: Workspace) -> None:
    out = run.path / "report.html"
    out.write_text("the old page", encoding="utf-8")
    run.report_path("val").unlink()
    with pytest.raises(RunError):
        write(arguments(run, workspace, out), lambda _: None)
    assert out.read_text(encoding="utf-8") == "the old page" and not list(run.path.glob("*.part"))
