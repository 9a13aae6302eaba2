"""Runs that were killed at the worst moments of a save: nothing is lost, and everything agrees about what there is."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core.data.snapshot import Snapshot
from core.export.bundle_zip import bundle_of, export_bundle
from core.models.bundle import has_bundle, load_bundle, read_info
from core.runs.folder import RunFolder, open_run, workspace_run
from core.runs.jobs import recover, work
from core.runs.models import bundle_folder, evaluate_run
from core.runs.new_run import create_run
from core.runs.process import process_fields
from core.runs.progress_writer import ProgressWriter, saved_epoch
from core.runs.stop_signals import Interruption
from core.runs.table import row_of
from core.training.events import Epoch
from core.workspace import REPOSITORY, Workspace, open_workspace
from tests.runs.conftest import SMALLEST, tiny

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")

POINTS = {
    "before the first save": 0,
    "before the line of the epoch": 1,
    "within the line of the epoch": 1,
    "before the last line": 2,
    "between the renames of last": 1,
    "between the renames of best": 1,
}
"""Where the process is killed, and the last epoch that it had saved."""

COLUMNS = ["epoch", "epochs", "train_loss", "train_accuracy", "val_loss", "val_accuracy", "val_n", "best"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, snapshot: Snapshot) -> Workspace:
    """A workspace with a run that was trained to its end, and one killed at each point."""
    home = open_workspace(tmp_path_factory.mktemp("home"))
    # A small rate, so that each epoch is better than the one before and best/ is replaced too.
    recipe = tiny(arch=SMALLEST, epochs=2, learning_rate=1e-4)
    for name in ("whole", *POINTS):
        create_run(home.runs / name, snapshot, recipe, title=name)
    work(RunFolder(home.runs / "whole"), home)
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("killed_while_saving.py")]
        + [f"{point}={home.runs / point}" for point in POINTS],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "RESNET_STUDIO_HOME": str(home.root), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stdout.splitlines() == [f"{point} -9" for point in POINTS], done.stderr
    return home


@pytest.fixture
def killed(home: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], RunFolder]:
    """Copies one of the killed runs into a workspace of the test."""
    monkeypatch.setenv("RESNET_STUDIO_HOME", str(tmp_path / "home"))
    open_workspace()

    def copy(point: str) -> RunFolder:
        run = tmp_path / "home" / "runs" / "killed"
        shutil.copytree(home.runs / point, run, copy_function=link_or_copy)
        return RunFolder(run)

    return copy


def link_or_copy(source: str, target: str) -> None:
    """Link the large files, which are never changed in place."""
    (os.link if source.endswith(".safetensors") else shutil.copy2)(source, target)


@pytest.mark.parametrize("point", list(POINTS))
def test_no_epochs_line_is_lost_and_no_step_stands_twice(
    home: Workspace, killed: Callable[[str], RunFolder], point: str
) -> None:
    whole, run = RunFolder(home.runs / "whole"), killed(point)
    assert run.status().state == "interrupted"
    assert (read_info(run.last).metrics["epoch"] if run.begun else 0) == POINTS[point]
    assert work(run).state == "finished"
    assert run.epochs()[COLUMNS].equals(whole.epochs()[COLUMNS])
    assert run.epochs()["learning_rate"].notna().all() and run.epochs()["seconds"].gt(0).all()
    steps = run.steps()[["epoch", "batch"]]
    assert not steps.duplicated().any() and steps["epoch"].is_monotonic_increasing
    best = int(run.epochs().loc[run.epochs()["best"].astype(bool), "epoch"].iloc[-1])
    assert read_info(run.best).metrics["epoch"] == best == read_info(whole.best).metrics["epoch"]
    for weights in ("best/model.safetensors", "last/model.safetensors"):
        assert (run.path / weights).read_bytes() == (whole.path / weights).read_bytes()
    restored = f"epoch {POINTS[point]} had been saved but not recorded"
    assert (restored in run.log()) == ("line" in point)
    assert not [path.name for path in run.path.iterdir() if path.name.endswith((".old", ".new", ".part"))]


def test_a_checkpoint_of_an_earlier_version_restores_what_its_bundle_holds(
    home: Workspace, killed: Callable[[str], RunFolder]
) -> None:
    run = killed("before the line of the epoch")
    (run.last / "epoch.json").unlink()
    assert len(run.epochs()) == 0
    ProgressWriter(run, resumed=True, photos={}).rewind()
    assert run.epochs()[COLUMNS].equals(RunFolder(home.runs / "whole").epochs()[COLUMNS].head(1))
    assert run.epochs()["seconds"].isna().all()


@pytest.mark.parametrize(
    "text", ["", "[]", '{"epoch": null}', '{"epoch": 1e99}', "[" * 9999, '{"epoch": 2, "seconds": NaN}', "x" * 20_000]
)
def test_a_damaged_epoch_file_does_not_prevent_the_resume(killed: Callable[[str], RunFolder], text: str) -> None:
    run = killed("before the last line")
    (run.last / "epoch.json").write_text(text)
    found = saved_epoch(run)
    assert found is not None and (found["epoch"], found["epochs"], found["val_n"]) == (2, 2, 4)


def test_a_line_lost_by_a_stop_is_restored_before_the_evaluation(
    make_run: Callable[..., RunFolder], workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(epochs=5)

    def stopped(self: ProgressWriter, event: Epoch) -> None:
        raise Interruption("stop")

    monkeypatch.setattr(ProgressWriter, "_epoch", stopped)
    assert work(run, workspace).state == "stopped"
    assert run.epochs()["epoch"].tolist() == [1] and run.report("val") is not None


def crash(run: RunFolder) -> None:
    """Put best/ where a writer that dies between its two renames leaves it; each opening repairs it."""
    if run.best.exists():
        run.best.rename(run.path / ".best.old")


def test_after_a_crash_between_two_renames_every_place_says_that_there_is_a_model(
    killed: Callable[[str], RunFolder], tmp_path: Path
) -> None:
    run = killed("between the renames of best")
    assert sorted(path.name for path in run.path.iterdir() if "best" in path.name) == [".best.new", ".best.old"]
    workspace = open_workspace()
    for ask in (
        lambda: load_bundle(run.best),
        lambda: read_info(run.best),
        lambda: row_of(run),
        lambda: bundle_of(run.path),
        lambda: bundle_folder(run.path, workspace),
        lambda: bundle_folder(run.best, workspace),
        lambda: export_bundle(run.path, tmp_path / "exported"),
        lambda: evaluate_run(run, "val", device="cpu"),
    ):
        crash(run)
        assert run.finished and has_bundle(run.best)
        ask()


@pytest.mark.parametrize("opening", ["open", "page", "start of the app", "status"])
def test_the_next_opening_repairs_it(killed: Callable[[str], RunFolder], opening: str) -> None:
    run = killed("between the renames of best")
    crash(run)
    if opening != "status":
        run.write_status(state="interrupted")  # as a reader of an earlier version left it
    workspace = open_workspace()
    {
        "open": lambda: open_run(run.path, workspace),
        "page": lambda: workspace_run(run.id, workspace),
        "start of the app": lambda: recover(workspace),
        "status": run.status,
    }[opening]()
    assert [path.name for path in run.path.iterdir() if "best" in path.name] == ["best"]
    assert load_bundle(run.best)[1].metrics["epoch"] == 1


def test_a_replacement_at_work_is_not_repaired(killed: Callable[[str], RunFolder]) -> None:
    """Between the renames of a living process there is a model, and nobody moves its folders."""
    run = killed("between the renames of best")
    run.write_status(state="running", **process_fields(os.getpid()))
    crash(run)
    assert open_run(run.path, open_workspace()).finished and recover(open_workspace()) == []
    assert not run.best.exists() and load_bundle(run.best)[1].metrics["epoch"]
