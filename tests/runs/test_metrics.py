import math
from pathlib import Path

import pytest

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


SOUND = b'{"kind": "epoch", "epoch": 1, "val_loss": 0.5, "val_accuracy": 0.75, "best": true}\n'


@pytest.mark.parametrize(
    "line",
    [
        b'{"kind": "epoch", "epoch": null}',
        b'{"kind": "epoch", "epoch": "2"}',
        b'{"kind": "epoch", "epoch": 1e99}',
        b'{"kind": "epoch", "epoch": 0}',
        b'{"kind": "epoch", "epoch": true}',
        b'{"kind": "epoch", "epoch": 2, "val_loss": NaN}',
        b'{"kind": "epoch", "epoch": 2, "val_accuracy": 7}',
        b'{"kind": "epoch", "epoch": 2, "val_accuracy": "high"}',
        b'{"kind": "epoch", "epoch": 2, "best": "yes"}',
        b'{"kind": "epoch", "epoch": 2, "val_n": -1}',
        b'{"kind": "epoch", "epoch": 2, "more": {"a": [1]}}',
        b'{"kind": "epoch", "epoch": 2, "more": "' + b"x" * 100_000 + b'"}',
        b'{"kind": "other", "epoch": 2}',
        b'{"epoch": 2}',
        b"[" * 50_000,
        b"5",
        b"null",
        b'{"kind": "epoch", "epoch": 2, "\xff": 1}',
    ],
)
def test_a_damaged_line_is_left_out_and_counted(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(SOUND + line + b"\n" + SOUND.replace(b'"epoch": 1', b'"epoch": 3'))
    assert metrics.read(path, "epoch")["epoch"].tolist() == [1, 3]
    assert metrics.read(path, "step").empty
    assert metrics.damaged_lines(path) == 1
    metrics.rewind(path, 3)
    assert path.read_text().count("\n") == 1 and metrics.damaged_lines(path) == 0


def test_figures_of_a_later_version_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    metrics.append(path, "epoch", {"epoch": 1, "val_top3": 0.9, "calibrated": False})
    assert metrics.read(path, "epoch")[["val_top3", "calibrated"]].values.tolist() == [[0.9, False]]


def test_a_column_of_nulls_is_a_column_of_numbers(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    metrics.append(path, "epoch", {"epoch": 1, "val_accuracy": math.nan})
    assert math.isnan(metrics.read(path, "epoch")["val_accuracy"].max())


def test_of_an_epoch_recorded_twice_the_later_line_counts(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    for epoch, loss in ((2, 0.9), (1, 0.7), (2, 0.5)):
        metrics.append(path, "epoch", {"epoch": epoch, "val_loss": loss})
    assert metrics.read(path, "epoch")[["epoch", "val_loss"]].values.tolist() == [[1, 0.7], [2, 0.5]]


def test_a_device_in_place_of_the_file_is_not_read_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.symlink_to("/dev/zero")
    assert metrics.read(path, "epoch").empty
    metrics.rewind(path, 1)
    assert path.is_symlink()


def test_a_file_with_nothing_to_delete_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(SOUND)
    before = path.stat()
    metrics.rewind(path, 2)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
