"""A run whose model is refined after its last epoch: its report, its message and its files are those of that model."""

from collections.abc import Callable

from core.models.bundle import read_info
from core.runs.folder import RunFolder
from core.runs.worker import work
from core.workspace import Workspace

MakeRun = Callable[..., RunFolder]


def test_the_report_and_the_message_are_those_of_the_refined_model(make_run: MakeRun, workspace: Workspace) -> None:
    first = make_run("first", epochs=1)
    assert work(first, workspace).state == "finished"
    further = {"weights": str(first.best), "train": "layer4", "epochs": 1, "learning_rate": 1e-6}
    run = make_run("second", **further, interpolate=True, head_size=48)
    status = work(run, workspace)
    assert status.state == "finished", status.message
    info, report = read_info(run.best), run.report("val")
    assert report is not None and info.preprocessing["size"] == 48
    assert report.accuracy.correct == round(info.metrics["val_accuracy"] * report.accuracy.n)
    (line,) = run.epochs().to_dict("records")
    in_training = round(line["val_accuracy"] * line["val_n"])
    # The curve keeps the epoch's own figure.
    assert status.message == (
        f"The best epoch was 1: {report.accuracy.correct} of {report.accuracy.n} validation photos correct "
        f"({in_training} before {_changes(info.metrics['interpolation'])}fitting its head again for 48 pixels)."
    )
    assert not (run.path / "start.safetensors").exists()


def _changes(share: float) -> str:
    return "" if share == 1 else f"mixing {1 - share:.0%} of the starting weights into it and "
