"""Whole trainings on small images: they learn, keep frozen layers unchanged, and write the expected files."""

import json
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from core.data.snapshot import Snapshot
from core.errors import ImageRefused, RunError, TooLittleData
from core.models.bundle import load_bundle, read_info
from core.models.resnet import build
from core.training.events import Epoch, Event, Progress, Step
from core.training.network import PARTS, modules_of
from core.training.recipe import Recipe
from core.training.trainer import fit

Fit = Callable[..., list[Event]]


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def pretrained(tmp_path: Path) -> Path:
    """A weight file of a network whose BatchNorm statistics differ from those of a new one."""
    torch.manual_seed(3)
    model = build("tiny", 7)
    with torch.no_grad():
        model.train()(torch.randn(4, 3, 64, 64))
    path = tmp_path / "pretrained.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, path)
    return path


def recipe(**changes: Any) -> Recipe:
    base = {"arch": "tiny", "weights": "none", "train": "all", "epochs": 2, "batch_size": 8, "size": 32}
    return Recipe.checked(**{**base, "device": "cpu", "precision": "fp32", **changes})


def epochs(events: Iterator[Event] | list[Event]) -> list[Epoch]:
    return [event for event in events if isinstance(event, Epoch)]


def test_it_learns_two_colors_from_scratch(make_snapshot: Callable[..., Snapshot], tmp_path: Path, cache: Path) -> None:
    snapshot = make_snapshot(train=24, val=8, size=64)
    log: list[str] = []
    setting = recipe(arch="resnet18", size=64, epochs=3, precision="auto", schedule="cosine")
    events = list(fit(snapshot, setting, tmp_path / "run", log=log.append, cache=cache))
    done = epochs(events)
    assert max(epoch.val_accuracy for epoch in done) > 0.9
    assert done[-1].train_loss < done[0].train_loss
    assert [epoch.val_n for epoch in done] == [16, 16, 16]
    steps = [event for event in events if isinstance(event, Step)]
    assert [(s.epoch, s.batch, s.batches) for s in steps] == [(e, b, 6) for e in (1, 2, 3) for b in range(1, 7)]
    phases = {event.phase for event in events if isinstance(event, Progress)}
    assert phases == {"reading the photos", "evaluating on the validation photos"}
    text = "\n".join(log)
    for part in (
        "Computing on the processor",
        "resnet18 with random weights",
        "Peak learning rate of the head: 0.001 (adamw, cosine).",
        "48 training photos, 16 validation photos, 2 test photos (kept back for the final exam).",
        "Trainable layers: all (11,177,538 of 11,177,538 parameters).",
    ):
        assert part in text


def test_the_folders_hold_exactly_what_they_promise(
    make_snapshot: Callable[..., Snapshot], tmp_path: Path, cache: Path
) -> None:
    snapshot, setting, run = make_snapshot(), recipe(), tmp_path / "run"
    done = epochs(fit(snapshot, setting, run, cache=cache))
    assert sorted(p.name for p in run.iterdir()) == ["best", "epochs", "last"]
    assert sorted(p.name for p in (run / "epochs").iterdir()) == ["001.safetensors", "002.safetensors"]
    assert sorted(p.name for p in (run / "best").iterdir()) == ["bundle.json", "model.safetensors"]
    last = ["bundle.json", "epoch.json", "model.safetensors", "training.pt", "training.pt.sha256"]
    assert sorted(p.name for p in (run / "last").iterdir()) == last
    best = [epoch for epoch in done if epoch.best][-1]
    info = read_info(run / "best")
    assert info.metrics["epoch"] == best.epoch
    assert info.metrics["val_accuracy"] == best.val_accuracy
    assert read_info(run / "last").metrics["epoch"] == 2
    assert info.classes == ("green", "red")
    assert info.snapshot_digest == snapshot.digest
    assert Recipe.model_validate(info.recipe) == setting
    assert info.preprocessing["resize"] == 37 and info.preprocessing["size"] == 32
    json.dumps(info.model_dump())
    with pytest.raises(RunError, match="already holds a training"):
        next(iter(fit(snapshot, setting, run, cache=cache)))
    assert list(fit(snapshot, setting, run, resume=True, cache=cache)) == []


def state_by_part(folder: Path) -> dict[str, dict[str, Tensor]]:
    model, _ = load_bundle(folder)
    return {
        part: {f"{number}.{name}": tensor for number, module in enumerate(modules_of(model, part))
               for name, tensor in module.state_dict().items()}
        for part in PARTS
    }  # fmt: skip


@pytest.mark.parametrize(
    ("train", "learns"),
    [
        ("head", ("head",)),
        ("layer4", ("layer4", "head")),
        ("layer3", ("layer3", "layer4", "head")),
        ("staged", ("head",)),
        ("all", PARTS),
    ],
)
def test_frozen_means_frozen(
    train: str,
    learns: tuple[str, ...],
    make_snapshot: Callable[..., Snapshot],
    pretrained: Path,
    tmp_path: Path,
    cache: Path,
) -> None:
    """Parameters and BatchNorm statistics of frozen layers keep their bits; all others change. Staged: in phase 1."""
    setting = recipe(weights=str(pretrained), train=train, epochs=2, learning_rate=0.01)
    run = tmp_path / "run"
    for event in fit(make_snapshot(), setting, run, cache=cache):
        if isinstance(event, Epoch):
            break
    before = load_file(pretrained)
    model = build("tiny", 7)
    model.load_state_dict(before)
    for part, after in state_by_part(run / "last").items():
        old = {f"{n}.{k}": v for n, m in enumerate(modules_of(model, part)) for k, v in m.state_dict().items()}
        if part == "head":
            assert after["0.weight"].shape == (2, 64)
        elif part in learns:
            changed = {name for name in after if not torch.equal(after[name], old[name])}
            assert changed == set(after), f"all of {part} learns, its statistics too"
        else:
            assert all(torch.equal(after[name], old[name]) for name in after), part


def test_in_the_second_phase_of_a_staged_training_everything_learns(
    make_snapshot: Callable[..., Snapshot], pretrained: Path, tmp_path: Path, cache: Path
) -> None:
    run, states, rates = tmp_path / "run", [], []
    setting = recipe(weights=str(pretrained), train="staged", epochs=2, schedule="constant", learning_rate=0.01)
    for event in fit(make_snapshot(), setting, run, cache=cache):
        if isinstance(event, Epoch):
            states.append(state_by_part(run / "last"))
            rates.append(event.learning_rate)
    for part in PARTS:
        assert all(not torch.equal(states[0][part][name], states[1][part][name]) for name in states[0][part]), part
    assert rates == pytest.approx([0.01, 0.005])
    groups = torch.load(run / "last" / "training.pt", weights_only=True)["optimizer"]["param_groups"]
    taken = [group["lr"] for group in groups]
    assert taken == pytest.approx([0.01 * group["rate"] for group in groups])
    assert min(taken) < 0.1 * max(taken) == pytest.approx(0.0005)


def test_the_head_itself_learns_and_starts_from_the_seed(
    make_snapshot: Callable[..., Snapshot], pretrained: Path, tmp_path: Path, cache: Path
) -> None:
    def head(seed: int, rate: float) -> Tensor:
        run = tmp_path / f"run-{seed}-{rate}"
        setting = recipe(weights=str(pretrained), train="head", epochs=1, seed=seed, learning_rate=rate)
        list(fit(make_snapshot(), setting, run, cache=cache))
        return load_bundle(run / "last")[0].fc.weight

    untouched = head(0, 1e-30)
    assert torch.equal(untouched, head(0, 2e-30))
    assert not torch.equal(untouched, head(0, 0.01))
    assert not torch.equal(untouched, head(1, 1e-30))


@pytest.mark.parametrize(("train_images", "extra", "batch_size"), [(2, 1, 2), (3, 0, 64), (4, 1, 8)])
def test_no_remainder_breaks_batchnorm(
    train_images: int, extra: int, batch_size: int, make_snapshot: Callable[..., Snapshot], cache: Path
) -> None:
    """At 32 pixels the last stage is one position, and BatchNorm cannot train on a batch of one photo."""
    snapshot = make_snapshot(train=train_images, val=1, extra_train=extra)
    (epoch,) = epochs(fit(snapshot, recipe(batch_size=batch_size, epochs=1), cache=cache))
    assert math.isfinite(epoch.val_loss)


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": "sgd"},
        {"optimizer": "adam", "class_weighting": "balanced", "label_smoothing": 0.1},
        {"mode": "letterbox", "augmentation": "standard"},
        {"mode": "squash", "augmentation": "none"},
    ],
)
def test_every_choice_trains(changes: dict[str, Any], make_snapshot: Callable[..., Snapshot], cache: Path) -> None:
    snapshot = make_snapshot(train=4, val=2, extra_train=4)
    (epoch,) = epochs(fit(snapshot, recipe(epochs=1, **changes), cache=cache))
    assert math.isfinite(epoch.train_loss) and math.isfinite(epoch.val_loss)


def test_early_stopping_ends_the_run_for_good(
    make_snapshot: Callable[..., Snapshot], pretrained: Path, tmp_path: Path, cache: Path
) -> None:
    snapshot, log = make_snapshot(train=3, val=2), list[str]()
    # A rate of nothing: no epoch is better than the first.
    setting = recipe(weights=str(pretrained), train="head", epochs=9, patience=2, learning_rate=1e-30)
    done = epochs(fit(snapshot, setting, tmp_path / "run", log=log.append, cache=cache))
    assert [epoch.best for epoch in done] == [True, False, False]
    assert "Early stopping: no improvement for 2 epochs." in log
    assert epochs(fit(snapshot, setting, tmp_path / "run", resume=True, cache=cache)) == []


def test_a_loss_that_explodes_is_told_and_the_best_is_kept(
    make_snapshot: Callable[..., Snapshot], tmp_path: Path, cache: Path
) -> None:
    # Such a decay multiplies every weight by about -9 in each step: one epoch is survived, some are not.
    setting = recipe(optimizer="sgd", learning_rate=10.0, weight_decay=1.0, schedule="constant", epochs=30)
    done = []
    with pytest.raises(RunError, match=r"in epoch \d+: .* a tenth of the learning rate"):
        for event in fit(make_snapshot(), setting, tmp_path / "run", cache=cache):
            done.append(event)
    assert epochs(done)
    best, info = load_bundle(tmp_path / "run" / "best")
    assert info.metrics["epoch"] == [epoch for epoch in epochs(done) if epoch.best][-1].epoch
    assert all(tensor.isfinite().all() for tensor in best.state_dict().values())


def test_damaged_weights_are_told_before_the_first_step(
    make_snapshot: Callable[..., Snapshot], pretrained: Path, cache: Path
) -> None:
    state = load_file(pretrained)
    state["layer4.0.conv1.weight"].fill_(math.nan)
    save_file(state, pretrained)
    events = fit(make_snapshot(), recipe(weights=str(pretrained)), cache=cache)
    with pytest.raises(RunError, match="weights are damaged"):
        assert not any(isinstance(event, Step) for event in events)


def test_a_repeatable_training_repeats_its_bits(
    make_snapshot: Callable[..., Snapshot], tmp_path: Path, cache: Path
) -> None:
    snapshot, log = make_snapshot(), list[str]()
    for name in ("first", "second"):
        setting = recipe(deterministic=True, precision="auto", augmentation="standard")
        list(fit(snapshot, setting, tmp_path / name, log=log.append, cache=cache))
    first, second = (load_file(tmp_path / name / "last" / "model.safetensors") for name in ("first", "second"))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert sum("Repeatable computation" in line for line in log) == 2
    assert not torch.are_deterministic_algorithms_enabled()


def test_a_step_that_cannot_be_repeated_is_a_sentence(
    make_snapshot: Callable[..., Snapshot], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forward(*_: object) -> None:
        raise RuntimeError("adaptive_avg_pool2d_backward_cuda does not have a deterministic implementation, but ...")

    monkeypatch.setattr("core.training.network.FineTuned.forward", forward)
    monkeypatch.setattr("core.training.trainer.sanity_check", lambda run, network, loaded: [next(loaded)])
    with pytest.raises(RunError, match=r"no repeatable form of one step \(adaptive_avg_pool2d_backward_cuda\)"):
        list(fit(make_snapshot(), recipe(deterministic=True), cache=cache))
    with pytest.raises(RuntimeError, match="does not have"):
        list(fit(make_snapshot(), recipe(), cache=cache))


def test_too_little_data_is_told_before_anything_starts(make_snapshot: Callable[..., Snapshot], cache: Path) -> None:
    with pytest.raises(TooLittleData, match="validation"):
        next(iter(fit(make_snapshot(val=0), recipe(arch="resnet152"), cache=cache)))
    assert not cache.exists()


def test_a_photo_that_is_gone_is_named_before_the_first_step(
    make_snapshot: Callable[..., Snapshot], cache: Path
) -> None:
    snapshot, events = make_snapshot(), list[Event]()
    path, name = snapshot.frame["path"][0], snapshot.frame["filename"][0]
    Path(path).unlink()
    with pytest.raises(ImageRefused, match=f"^{re.escape(f'{name}: its file {path} is missing')}"):
        for event in fit(snapshot, recipe(), cache=cache):
            events.append(event)
    assert not any(isinstance(event, Step) for event in events)


def test_a_bundle_of_the_same_classes_keeps_its_head(
    make_snapshot: Callable[..., Snapshot], tmp_path: Path, cache: Path
) -> None:
    snapshot, log = make_snapshot(), list[str]()
    list(fit(snapshot, recipe(epochs=1), tmp_path / "first", cache=cache))
    again = recipe(weights=str(tmp_path / "first" / "best"), train="head", epochs=1, learning_rate=1e-30)
    list(fit(snapshot, again, tmp_path / "second", log=log.append, cache=cache))
    old, new = (load_bundle(tmp_path / name / "best")[0] for name in ("first", "second"))
    assert all(torch.equal(a, b) for a, b in zip(old.state_dict().values(), new.state_dict().values(), strict=True))
    assert any("its head is kept" in line for line in log)
