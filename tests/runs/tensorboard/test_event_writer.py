"""TensorBoard's files of a run, read back with TensorBoard's own reader."""

import errno
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from core.runs import progress_writer
from core.runs.folder import RunFolder
from core.runs.progress_writer import ProgressWriter
from core.runs.tensorboard.event_writer import EventWriter
from core.runs.worker import train, work
from core.training.events import Epoch, Step
from core.workspace import REPOSITORY, Workspace

MakeRun = Callable[..., RunFolder]
BATCHES = 3


def figures(run: RunFolder) -> dict[str, list[tuple[int, float]]]:
    """Every tag with its steps and values, as TensorBoard shows them."""
    reader = EventAccumulator(str(run.path / "tensorboard"), size_guidance={"scalars": 0})
    reader.Reload()
    return {tag: [(one.step, one.value) for one in reader.Scalars(tag)] for tag in reader.Tags()["scalars"]}


def step(epoch: int, batch: int, loss: float = 0.5) -> Step:
    return Step(epoch, batch, BATCHES, loss, 0.75, 1e-3, 20.0, float(batch))


def epoch(number: int, loss: float = 0.25, epochs: int = 4) -> Epoch:
    return Epoch(number, epochs, loss, 0.8, 2 * loss, 0.7, 10, 1e-4, 2.0, 30.0, best=False)


@pytest.fixture
def every_step(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(progress_writer.StepSampler, "due", lambda *_: True)
    yield


def test_a_training_writes_the_figures_of_its_metrics_even_if_interrupted(
    workspace: Workspace, make_run: MakeRun
) -> None:
    run = make_run(epochs=2)
    events = train(run, workspace)
    for event in events:
        if isinstance(event, Epoch):
            break
    events.close()
    assert run.status().state == "interrupted"
    assert work(run, workspace).state == "finished", run.log()
    found, recorded = figures(run), run.epochs()
    for column, tag in (
        *(("train_loss", "loss/training"), ("val_loss", "loss/validation")),
        *(("train_accuracy", "accuracy/training"), ("val_accuracy", "accuracy/validation")),
        ("learning_rate", "learning_rate"),
    ):
        assert [value for _, value in found[tag]] == pytest.approx(recorded[column].tolist(), rel=1e-6), tag
    # Eight training photos in batches of four: two batches an epoch.
    assert found["epoch"] == [(2, 1.0), (4, 2.0)]
    assert found["batch/loss"][0][0] == 1
    assert "No more TensorBoard" not in run.log()


def test_a_resumed_training_repeats_no_step(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch, every_step: None
) -> None:
    run = make_run(epochs=4)
    first = ProgressWriter(run, resumed=False, photos={})
    first.rewind()
    for number in (1, 2):
        for batch in range(1, BATCHES + 1):
            first.write(step(number, batch))
        first.write(epoch(number))
    first.write(step(3, 1))
    first.write(step(3, 2, loss=99.0))  # the process dies in epoch 3, before it was saved
    first.close()

    saved = {"epoch": 2, "best": False}
    monkeypatch.setattr(progress_writer, "saved_epoch", lambda _: saved)
    second = ProgressWriter(run, resumed=True, photos={})
    second.rewind()
    for number in (3, 4):
        for batch in range(1, BATCHES + 1):
            second.write(step(number, batch, loss=number))
        second.write(epoch(number, loss=number))
    second.close()

    assert len(list((run.path / "tensorboard").iterdir())) == 2
    found = figures(run)
    assert [number for number, _ in found["batch/loss"]] == list(range(1, 13))
    assert [value for _, value in found["batch/loss"]][6:] == [3.0] * 3 + [4.0] * 3
    assert found["loss/training"] == [(3, 0.25), (6, 0.25), (9, 3.0), (12, 4.0)]


def test_a_file_cut_off_by_a_kill_hides_nothing_of_the_next(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch, every_step: None
) -> None:
    run = make_run(epochs=4)
    first = ProgressWriter(run, resumed=False, photos={})
    first.rewind()
    first.write(step(1, BATCHES))
    first.write(epoch(1))
    first.write(step(2, 1))
    first.close()
    [path] = (run.path / "tensorboard").iterdir()
    path.write_bytes(path.read_bytes()[:-10])  # in the middle of the last record
    monkeypatch.setattr(progress_writer, "saved_epoch", lambda _: {"epoch": 1, "best": False})
    second = ProgressWriter(run, resumed=True, photos={})
    second.rewind()
    second.write(step(2, BATCHES))
    second.write(epoch(2))
    second.close()
    assert figures(run)["epoch"] == [(BATCHES, 1.0), (2 * BATCHES, 2.0)]


def test_a_training_without_steps_counts_epochs(make_run: MakeRun) -> None:
    """A head on kept vectors has no batches: each iteration is a point."""
    run = make_run(epochs=3)
    writer = ProgressWriter(run, resumed=False, photos={})
    writer.rewind()
    for number in (1, 2, 3):
        writer.write(epoch(number, epochs=3))
        assert figures(run)["epoch"][-1] == (number, float(number))  # written at once, not at the end


def test_files_that_cannot_be_written_stop_no_training(make_run: MakeRun) -> None:
    run = make_run()
    (run.path / "tensorboard").write_text("in the way")
    writer = ProgressWriter(run, resumed=False, photos={})
    writer.rewind()
    for number in (1, 2):
        writer.write(step(number, 1))
        writer.write(epoch(number))
    writer.close()
    assert len(run.epochs()) == 2
    assert run.log().count("No more TensorBoard files are written for this run: File exists.") == 1


def test_a_full_disk_ends_only_the_event_file(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch, every_step: None
) -> None:
    from tensorboard.summary.writer import record_writer

    run = make_run(epochs=4)
    writer = ProgressWriter(run, resumed=False, photos={})
    writer.rewind()
    writer.write(step(1, 1))

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(record_writer.RecordWriter, "write", full)
    writer.write(step(1, 2))
    writer.write(epoch(1))
    assert len(run.steps()) == 2 and len(run.epochs()) == 1
    assert run.log().count("No space left on device") == 1


def test_a_deleted_run_does_not_come_back(make_run: MakeRun) -> None:
    run = make_run()
    said: list[str] = []
    writer = EventWriter(run.path, said.append)
    shutil.rmtree(run.path)
    writer.write(1, {"loss": 0.5})
    writer.close()
    assert not run.path.exists() and len(said) == 1


def test_a_later_file_sorts_behind_one_from_a_clock_that_ran_fast(make_run: MakeRun) -> None:
    run = make_run()
    folder = run.path / "tensorboard"
    folder.mkdir()
    (folder / "events.out.tfevents.9000000000.1.studio").touch()
    writer = EventWriter(run.path, print)
    writer.write(1, {"loss": 0.5})
    writer.close()
    assert sorted(path.name.split(".")[3] for path in folder.iterdir()) == ["9000000000", "9000000001"]


def test_writing_needs_no_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from core.runs.tensorboard.event_writer import EventWriter; "
        f"w = EventWriter(Path({str(tmp_path)!r}), print); w.write(1, {{'val_loss': 0.5}}); w.close(); "
        "sys.exit('torch' in sys.modules or 'tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert figures(RunFolder(tmp_path)) == {"loss/validation": [(1, 0.5)]}
