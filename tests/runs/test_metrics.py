import math
from pathlib import Path

from core.runs import metrics
from core.runs.metrics import StepSampler


def test_steps_and_epochs_are_read_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    for batch in (1, 2):
        metrics.append(path, "step", {"epoch": 1, "batch": batch, "loss": 0.5 / batch})
    metrics.append(path, "epoch", {"epoch": 1, "val_accuracy": 0.75, "best": True})

    assert metrics.read(path, "step")["loss"].tolist() == [0.5, 0.25]
    epochs = metrics.read(path, "epoch")
    assert epochs["val_accuracy"].tolist() == [0.75]
    assert "kind" not in epochs


def test_no_file_is_an_empty_table_with_all_columns(tmp_path: Path) -> None:
    frame = metrics.read(tmp_path / "metrics.jsonl", "epoch")
    assert frame.empty
    assert list(frame.columns) == metrics.COLUMNS["epoch"]


def test_the_cut_off_line_of_a_killed_run_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    metrics.append(path, "epoch", {"epoch": 1, "val_loss": 0.5})
    with path.open("a") as file:
        file.write('{"kind": "epoch", "epoch": 2, "val_l')

    assert metrics.read(path, "epoch")["epoch"].tolist() == [1]


def test_a_resumed_run_records_its_epoch_anew(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    for epoch in (1, 2):
        for batch in (1, 2):
            metrics.append(path, "step", {"epoch": epoch, "batch": batch, "loss": 1.0})
    with path.open("a") as file:
        file.write('{"kind": "st')
    metrics.rewind(path, 2)
    metrics.append(path, "step", {"epoch": 2, "batch": 1, "loss": 0.5})

    assert metrics.read(path, "step")[["epoch", "batch", "loss"]].values.tolist() == [[1, 1, 1], [1, 2, 1], [2, 1, 0.5]]


def test_a_loss_that_ran_away_is_read_back_as_nan(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    metrics.append(path, "step", {"epoch": 1, "loss": math.inf})
    metrics.append(path, "step", {"epoch": 1, "loss": 0.5})

    assert "Infinity" not in path.read_text()
    losses = metrics.read(path, "step")["loss"]
    assert math.isnan(losses[0]) and losses[1] == 0.5


def test_what_is_appended_after_a_read_is_seen_by_the_next(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    for epoch in range(1, 20):
        metrics.append(path, "epoch", {"epoch": epoch})
        assert len(metrics.read(path, "epoch")) == epoch


def test_no_more_than_two_steps_a_second_and_few_in_a_night() -> None:
    sampler = StepSampler()
    first = sum(sampler.due(step / 20) for step in range(200))  # ten seconds of 20 steps each
    assert 18 <= first <= 20
    night = sum(sampler.due(10 + step / 2) for step in range(10 * 3600 * 2))
    assert night < 6000
