"""A training keeps the trained layers of a few epochs: which, what is in them, and what a resume does to them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from core.data.snapshot import Snapshot
from core.errors import RunError
from core.training.events import Epoch
from core.training.linear.kept_iterations import KeptIterations
from core.training.linear.logistic import LogisticRegression, TrainingVectors
from core.training.saving import epoch_keeper, kept_epochs
from core.training.saving.kept_epochs import (
    FOLDER,
    MOST_EPOCHS,
    START_FILE,
    EpochNote,
    epoch_files,
    phase_folders,
    spread,
    stored_bytes,
    tensor_names,
    write_epoch,
)
from core.training.saving.kept_epochs import kept_epochs as epochs_of
from core.training.trainer import fit
from tests.training.linear.vectors import drawn
from tests.training.test_resume import recipe

MakeSnapshot = Callable[..., Snapshot]


def numbers(run: Path) -> list[int]:
    return [int(path.stem) for path in epoch_files(run / FOLDER)]


def test_the_first_the_last_and_epochs_between_them_are_kept(make_snapshot: MakeSnapshot, tmp_path: Path) -> None:
    run = tmp_path / "run"
    events = list(fit(make_snapshot(train=4, val=2), recipe(train="head", epochs=23), run, cache=tmp_path / "cache"))
    done = [event for event in events if isinstance(event, Epoch)]
    kept = numbers(run)
    assert (kept[0], kept[-1], len(kept)) == (1, 23, MOST_EPOCHS)
    assert max(np.diff(kept)) <= 3
    last = load_file(run / FOLDER / "023.safetensors")
    model = load_file(run / "last" / "model.safetensors")
    assert set(last) == {"fc.weight", "fc.bias"}, "the frozen layers are those of the model"
    assert all(torch.equal(last[name], model[name]) for name in last)
    notes = [one.note for one in epochs_of(run)]
    assert [note.epoch for note in notes] == kept
    assert notes[-1].val_accuracy == done[-1].val_accuracy and notes[-1].arch == "tiny"


def test_nothing_is_kept_where_that_is_switched_off(make_snapshot: MakeSnapshot, tmp_path: Path) -> None:
    setting = recipe(train="head", epochs=2, keep_epochs=False)
    list(fit(make_snapshot(train=4, val=2), setting, tmp_path / "run", cache=tmp_path / "cache"))
    assert not (tmp_path / "run" / FOLDER).exists()


def test_a_staged_training_keeps_how_the_layers_were_before_their_phase(
    make_snapshot: MakeSnapshot, tmp_path: Path
) -> None:
    """Otherwise the first epochs could not be shown: the model's own layers have changed since."""
    run, setting = tmp_path / "run", recipe(train="staged", epochs=3, head_epochs=1)
    first: dict[str, torch.Tensor] = {}
    for event in fit(make_snapshot(train=4, val=2), setting, run, cache=tmp_path / "cache"):
        if isinstance(event, Epoch) and event.epoch == 1:
            first = load_file(run / "last" / "model.safetensors")
    assert numbers(run) == [1, 2, 3]
    start = load_file(run / FOLDER / START_FILE)
    assert tensor_names(run / FOLDER / "001.safetensors") == {"fc.weight", "fc.bias"}
    assert "layer4.0.conv1.weight" in start and "fc.weight" not in start
    assert all(torch.equal(start[name], first[name]) for name in start)
    assert tensor_names(run / FOLDER / "003.safetensors") == {*start, "fc.weight", "fc.bias"}


def test_epochs_that_are_too_large_are_left_out_and_the_log_says_so(
    make_snapshot: MakeSnapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log: list[str] = []
    monkeypatch.setattr(epoch_keeper, "LIMIT_BYTES", 1000)
    run = tmp_path / "run"
    list(fit(make_snapshot(train=4, val=2), recipe(epochs=3), run, cache=tmp_path / "cache", log=log.append))
    assert not epoch_files(run / FOLDER)
    assert sum("are not kept for the Explain page" in line for line in log) == 1


def test_fewer_epochs_are_kept_where_the_limit_leaves_less_room(
    make_snapshot: MakeSnapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot, cache = make_snapshot(train=4, val=2), tmp_path / "cache"
    list(fit(snapshot, recipe(epochs=2), tmp_path / "one", cache=cache))
    size = stored_bytes(
        {name: one.numpy() for name, one in load_file(tmp_path / "one" / FOLDER / "001.safetensors").items()}
    )
    monkeypatch.setattr(epoch_keeper, "LIMIT_BYTES", 3 * size)
    list(fit(snapshot, recipe(epochs=6), tmp_path / "run", cache=cache))
    assert numbers(tmp_path / "run") in ([1, 3, 6], [1, 4, 6])


def test_a_resumed_training_ends_with_the_epochs_of_an_uninterrupted_one(
    make_snapshot: MakeSnapshot, tmp_path: Path
) -> None:
    snapshot, setting, cache = make_snapshot(train=4, val=2), recipe(epochs=5), tmp_path / "cache"
    straight, broken = tmp_path / "straight", tmp_path / "broken"
    list(fit(snapshot, setting, straight, cache=cache))
    for event in fit(snapshot, setting, broken, cache=cache):
        if isinstance(event, Epoch) and event.epoch == 2:
            break
    # An epoch that was kept, but whose checkpoint was not written before the process died; and a file cut short.
    (broken / FOLDER / "003.safetensors").write_bytes(b"of another life")
    (broken / FOLDER / "004.safetensors.part").write_bytes(b"half")
    list(fit(snapshot, setting, broken, resume=True, cache=cache))
    assert numbers(broken) == numbers(straight) == [1, 2, 3, 4, 5]
    assert not list((broken / FOLDER).glob("*.part"))
    for number in numbers(straight):
        one, other = (load_file(run / FOLDER / f"{number:03d}.safetensors") for run in (straight, broken))
        assert all(torch.equal(one[name], other[name]) for name in one)


def test_an_early_end_is_kept_too(make_snapshot: MakeSnapshot, tmp_path: Path) -> None:
    run, setting = tmp_path / "run", recipe(train="head", epochs=40, patience=2, learning_rate=1e-9)
    events = fit(make_snapshot(train=4, val=2), setting, run, cache=tmp_path / "cache")
    last = [event.epoch for event in events if isinstance(event, Epoch)][-1]
    assert last < 40 and numbers(run)[-1] == last


def test_large_tensors_are_stored_in_half_precision_and_small_ones_exactly(tmp_path: Path) -> None:
    dice = np.random.default_rng(0)
    tensors = {
        "conv": dice.normal(size=(256, 512)).astype(np.float32),
        "huge": np.full((256, 512), 1e6, np.float32),
        "norm": dice.normal(size=512).astype(np.float32),
    }
    write_epoch(tmp_path, tensors, EpochNote(epoch=7, arch="tiny"))
    found = load_file(tmp_path / "007.safetensors")
    assert found["conv"].dtype == torch.float16
    np.testing.assert_allclose(found["conv"].float().numpy(), tensors["conv"], rtol=1e-3, atol=1e-4)
    assert found["huge"].dtype == torch.float32, "too large for half precision"
    assert np.array_equal(found["norm"].numpy(), tensors["norm"])


def test_a_damaged_epoch_is_named(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "004.safetensors").write_bytes(b"no header")
    with pytest.raises(RunError, match=r"004\.safetensors is damaged"):
        epochs_of(tmp_path)


def test_a_note_that_is_nested_too_deeply_is_a_damaged_epoch(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    save_file({"fc.bias": torch.zeros(2)}, tmp_path / FOLDER / "004.safetensors", {"note": "[" * 100_000})
    with pytest.raises(RunError, match=r"004\.safetensors is damaged"):
        epochs_of(tmp_path)


def test_files_of_other_names_are_left_alone(tmp_path: Path) -> None:
    for name in ("notes.safetensors", "1.safetensors", "../001.safetensors"):
        (tmp_path / FOLDER).mkdir(exist_ok=True)
        (tmp_path / FOLDER / name).write_bytes(b"")
    (tmp_path / FOLDER / "2-layer4").mkdir()
    (tmp_path / FOLDER / ".3-all.new").mkdir()
    assert epochs_of(tmp_path) == []
    assert [number for number, _ in phase_folders(tmp_path / FOLDER)] == [2]


@pytest.mark.parametrize(
    ("count", "most", "expected"),
    [(3, 10, [1, 2, 3]), (10, 4, [1, 4, 7, 10]), (5, 2, [1, 5]), (5, 1, [5]), (5, 0, [])],
)
def test_spread_numbers_begin_and_end_with_the_first_and_the_last(count: int, most: int, expected: list[int]) -> None:
    assert spread(range(1, count + 1), most) == expected


def test_of_a_solver_the_first_iterations_and_then_fewer_and_fewer_are_kept(tmp_path: Path) -> None:
    vectors, labels = drawn(120, 30, apart=0.3)
    kept = KeptIterations()
    regression = LogisticRegression(TrainingVectors((vectors,), labels, 3))
    count, last = 0, None
    for last in regression.iterations(1e-5, tolerance=1e-9):
        kept.add(last)
        count += 1
    assert last is not None and count > 21, "the fit must be long enough to prove something"
    figures = [
        Epoch(number, count, 1.0, 0.5, 1.0, 0.5, 9, 0.0, 0.0, 0.0, number == count) for number in range(1, count + 1)
    ]
    kept.write(tmp_path, figures, last.head(), "tiny")
    found = epochs_of(tmp_path)
    expected = [number for number in (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144) if number < count]
    assert [one.note.epoch for one in found] == spread([*expected, count], MOST_EPOCHS)
    assert {one.note.kind for one in found} == {"iteration"}
    start = load_file(found[0].path)
    assert not start["fc.weight"].any(), "at the start all classes are equally likely"
    assert np.array_equal(load_file(found[-1].path)["fc.weight"].numpy(), last.head().weight)


def test_the_limit_is_one_for_a_run() -> None:
    assert epoch_keeper.LIMIT_BYTES == kept_epochs.LIMIT_BYTES == 200_000_000
