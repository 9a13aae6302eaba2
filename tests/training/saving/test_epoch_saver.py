"""Epochs are saved before they are yielded, quick ones every few seconds; however a training ends, nothing is lost."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from core.data.snapshot import Snapshot
from core.models.bundle import read_info
from core.training import checkpoint
from core.training.best_epoch import BestEpochTracker
from core.training.events import Epoch, Step
from core.training.saving import epoch_saver
from core.training.trainer import fit
from tests.training.test_resume import recipe, same_end


@pytest.fixture
def saved(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """What is written: the folder and the epoch."""
    found: list[tuple[str, int]] = []
    for name in ("best", "last"):
        real = getattr(checkpoint, f"save_{name}")

        def save(*values: object, name: str = name, real: Callable[..., None] = real, **named: bool) -> None:
            found.append((name, values[2].metrics["epoch"]))  # type: ignore[attr-defined]
            real(*values, **named)

        monkeypatch.setattr(checkpoint, f"save_{name}", save)
    return found


def trained_until(
    snapshot: Snapshot, folder: Path, cache: Path, epoch: int, batch: int | None = None, **changes: object
) -> list[Epoch]:
    """Train until an epoch, or a batch of it, has ended; returns the epochs."""
    epochs = []
    for event in fit(snapshot, recipe(**changes), folder, cache=cache):
        if isinstance(event, Epoch):
            epochs.append(event)
        if event.__class__ is (Step if batch else Epoch) and (event.epoch, getattr(event, "batch", None)) == (
            epoch,
            batch,
        ):
            break
    return epochs


def test_quick_epochs_are_not_written_one_by_one(
    make_snapshot: Callable[..., Snapshot],
    tmp_path: Path,
    saved: list[tuple[str, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(epoch_saver, "PAUSE_SECONDS", 1e6)
    list(fit(make_snapshot(), recipe(train="head", epochs=6), tmp_path / "run", cache=tmp_path / "cache"))
    assert [epoch for name, epoch in saved if name == "last"] == [1, 6]
    assert len([epoch for name, epoch in saved if name == "best"]) <= 2


@pytest.mark.parametrize("batch", [None, 2])
def test_a_stop_saves_the_last_epoch_and_the_best_as_if_each_had_been_written(
    batch: int | None, make_snapshot: Callable[..., Snapshot], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in the middle of an epoch, when the network has moved on. The third epoch is the best."""
    snapshot, cache = make_snapshot(), tmp_path / "cache"
    for name, pause in (("each", 0.0), ("few", 1e6)):
        monkeypatch.setattr(epoch_saver, "PAUSE_SECONDS", pause)
        turns = iter([True, False, True, False, False, False])
        monkeypatch.setattr(BestEpochTracker, "update", lambda tracker, score, loss, turns=turns: next(turns))
        epochs = trained_until(snapshot, tmp_path / name, cache, 6, batch, ema=0.5, epochs=9)
    same_end(tmp_path / "each", tmp_path / "few")
    assert read_info(tmp_path / "few" / "best").metrics["epoch"] == 3
    assert read_info(tmp_path / "few" / "last").metrics["epoch"] == len(epochs)


@pytest.mark.parametrize("name", ["best", "last"])
@pytest.mark.parametrize("pause", [0.0, 1e6])
def test_a_stop_while_it_saves_loses_neither_the_best_nor_the_last_epoch(
    name: str, pause: float, make_snapshot: Callable[..., Snapshot], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether an epoch is written at once or when the training ends; the third is the best, and its averages count."""
    snapshot, cache = make_snapshot(), tmp_path / "cache"
    for folder in ("undisturbed", "stopped"):
        monkeypatch.setattr(epoch_saver, "PAUSE_SECONDS", pause)
        turns = iter([True, False, True, False])
        monkeypatch.setattr(BestEpochTracker, "update", lambda tracker, score, loss, turns=turns: next(turns))
        real, stops = getattr(checkpoint, f"save_{name}"), iter([folder == "stopped"])

        def save(
            *values: object, real: Callable[..., None] = real, stops: Iterator[bool] = stops, **named: bool
        ) -> None:
            if values[2].metrics["epoch"] == 3 and next(stops, False):  # type: ignore[attr-defined]
                raise KeyboardInterrupt
            real(*values, **named)

        with monkeypatch.context() as patch:
            patch.setattr(checkpoint, f"save_{name}", save)
            with suppress(KeyboardInterrupt):
                trained_until(snapshot, tmp_path / folder, cache, 3, ema=0.5, epochs=9)
    same_end(tmp_path / "undisturbed", tmp_path / "stopped")
    assert read_info(tmp_path / "stopped" / "best").metrics["epoch"] == 3


def test_what_is_large_is_written_after_each_epoch(
    make_snapshot: Callable[..., Snapshot],
    tmp_path: Path,
    saved: list[tuple[str, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(epoch_saver, "PAUSE_SECONDS", 1e6)
    monkeypatch.setattr(epoch_saver, "_MOST_COPIED_BYTES", 0)
    list(fit(make_snapshot(), recipe(epochs=3), tmp_path / "run", cache=tmp_path / "cache"))
    assert [epoch for name, epoch in saved if name == "last"] == [1, 2, 3]


def test_the_weights_of_an_epoch_that_is_the_best_are_written_once(
    make_snapshot: Callable[..., Snapshot], tmp_path: Path
) -> None:
    trained_until(make_snapshot(), tmp_path / "run", tmp_path / "cache", 1)
    best, last = (tmp_path / "run" / name for name in ("best", "last"))
    assert (best / "model.safetensors").samefile(last / "model.safetensors")
    assert read_info(best).model_sha256 == read_info(last).model_sha256
