"""After the last epoch: weights mixed with those of the start and a head for larger photos, kept only where better."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn

from core.data.pictures.transforms import Preprocessing
from core.data.snapshot import Snapshot
from core.errors import RecipeError, RunError
from core.models.bundle import BundleInfo, load_bundle, read_info, save_bundle, save_decision
from core.models.decision import Decision
from core.models.resnet import build
from core.training.batch_loading import LoadedBatch
from core.training.best_epoch import BestEpochTracker
from core.training.events import Epoch, Event, Progress, Step
from core.training.metrics import Tally
from core.training.recipe import Recipe
from core.training.techniques import refinement
from core.training.techniques.refinement_outcome import outcome_of
from core.training.techniques.weight_interpolation import SHARES, interpolated
from core.training.trainer import fit

MIXING = "comparing interpolated weights"


@pytest.fixture
def start(tmp_path: Path) -> Path:
    """A model of the two colours whose head has learned nothing yet."""
    torch.manual_seed(3)
    model = build("tiny", 2)
    with torch.no_grad():
        model.train()(torch.randn(8, 3, 32, 32))
    save_start(tmp_path / "start", model)
    return tmp_path / "start"


def save_start(folder: Path, model: nn.Module, classes: tuple[str, ...] = ("green", "red")) -> None:
    info = BundleInfo(
        arch="tiny", classes=classes, preprocessing=Preprocessing(size=32, resize=36).as_dict(), created="2026-01-01"
    )
    save_bundle(folder, model, info)  # type: ignore[arg-type]


def recipe(weights: Path | str, **changes: Any) -> Recipe:
    base = {"arch": "tiny", "weights": str(weights), "train": "layer4", "epochs": 2, "batch_size": 8, "size": 32}
    return Recipe.checked(**{**base, "device": "cpu", "precision": "fp32", **changes})


def state_of(folder: Path) -> dict[str, Tensor]:
    return load_file(folder / "model.safetensors")


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return set(one) == set(other) and all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def scores(model: nn.Module, preprocessing: Preprocessing, snapshot: Snapshot) -> tuple[int, float]:
    """Compute by hand how many validation photos a network predicts correctly, and its mean loss."""
    part = snapshot.part("val")
    views = [preprocessing.tensor(Image.open(path).convert("RGB")) for path in part["path"]]
    labels = torch.tensor([snapshot.classes.index(label) for label in part["label"]])
    with torch.no_grad():
        logits = model.eval()(torch.stack(views))
    return int((logits.argmax(1) == labels).sum()), float(nn.functional.cross_entropy(logits, labels))


def trained(snapshot: Snapshot, setting: Recipe, folder: Path, **options: Any) -> list[Event]:
    return list(fit(snapshot, setting, folder, cache=folder.parent / "cache", **options))


def test_the_best_of_eleven_mixes_becomes_the_model(
    make_snapshot: Callable[..., Snapshot], tmp_path: Path, start: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A third of the validation photos has the other label, so the tuned model is too certain of itself.
    frame = make_snapshot(train=8, val=6).frame.copy()
    wrong = frame.index[frame["split"] == "val"][::3]
    frame.loc[wrong, "label"] = frame.loc[wrong, "label"].map({"green": "red", "red": "green"})
    snapshot = Snapshot(frame, ("green", "red"), "classification")
    steps = {"learning_rate": 0.05, "optimizer": "adamw", "schedule": "constant", "epochs": 4}
    trained(snapshot, recipe(start, **steps), tmp_path / "tuned")
    stages: list[str | None] = []
    own = refinement.evaluate_step

    def counted(*arguments: Any) -> Tally:
        loaded = next(one for one in arguments if isinstance(one, LoadedBatch))
        stages.append(loaded.stage)
        return own(*arguments)

    monkeypatch.setattr(refinement, "evaluate_step", counted)
    log: list[str] = []
    events = trained(snapshot, recipe(start, **steps, interpolate=True), tmp_path / "run", log=log.append)
    before, after = state_of(start), state_of(tmp_path / "tuned" / "best")
    seen = Preprocessing(**read_info(tmp_path / "run" / "best").preprocessing)
    by_hand = {}
    for share in SHARES:
        network = build("tiny", 2)
        network.load_state_dict(interpolated(before, after, share))
        correct, loss = scores(network, seen, snapshot)
        by_hand[share] = (correct, -round(loss, 3))
    info = read_info(tmp_path / "run" / "best")
    share = info.metrics["interpolation"]
    assert 0 < share < 1 and by_hand[share] == max(by_hand.values())
    assert same(state_of(tmp_path / "run" / "best"), interpolated(before, after, share))
    correct, loss = scores(load_bundle(tmp_path / "run" / "best")[0], seen, snapshot)
    assert info.metrics["val_accuracy"] == correct / 12 and info.metrics["val_loss"] == pytest.approx(loss, rel=1e-2)
    tuned = read_info(tmp_path / "tuned" / "best")
    assert info.metrics["epoch"] == tuned.metrics["epoch"] and info.preprocessing == tuned.preprocessing
    assert "train_loss" not in info.metrics
    # On kept maps, photo by photo, with nothing left behind.
    assert len(stages) == 22 and set(stages) == {"layer3"}
    shown = [event for event in events if isinstance(event, Progress) and event.phase == MIXING]
    assert [event.done for event in shown][-2:] == [128, 132] and {event.total for event in shown} == {132}
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["best", "epochs", "last"]
    text = "\n".join(log)
    assert "From the starting model to the tuned one in steps of 10%, on the validation photos: " in text
    assert f"{share:.0%} of the way from the starting model to the tuned one: " in text
    assert outcome_of(info.metrics, recipe(start)) == f"mixing {1 - share:.0%} of the starting weights into it"


def test_a_mix_that_is_not_better_is_not_kept_and_the_log_says_so(
    make_snapshot: Callable[..., Snapshot], tmp_path: Path, start: Path
) -> None:
    snapshot, log = make_snapshot(train=8, val=6), list[str]()
    # A head alone is a convex problem: after a few small steps the lowest loss is still ahead.
    steps = {"train": "head", "epochs": 1, "optimizer": "adamw", "learning_rate": 1e-3}
    trained(snapshot, recipe(start, **steps), tmp_path / "tuned")
    trained(snapshot, recipe(start, **steps, interpolate=True), tmp_path / "run", log=log.append)
    assert same(state_of(tmp_path / "run" / "best"), state_of(tmp_path / "tuned" / "best"))
    info, tuned = (read_info(tmp_path / name / "best") for name in ("run", "tuned"))
    assert info.metrics == {**tuned.metrics, "interpolation": 1.0}
    assert "The tuned model stays as it is: no mix with the starting model was better." in log
    assert outcome_of(info.metrics, recipe(start)) == ""


def test_staged_training_mixes_with_the_end_of_its_head_phase(
    make_snapshot: Callable[..., Snapshot], tmp_path: Path, start: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BestEpochTracker, "update", lambda tracker, score, loss: True)  # the tuned one is the best
    snapshot = make_snapshot(train=8, val=3)
    setting = recipe(start, train="staged", head_epochs=1, interpolate=True)
    stopped = fit(snapshot, setting, tmp_path / "run", cache=tmp_path / "cache")
    for event in stopped:
        if isinstance(event, Step) and event.epoch == 2:
            break
    stopped.close()  # type: ignore[attr-defined]
    kept, head_only = load_file(tmp_path / "run" / "start.safetensors"), state_of(tmp_path / "run" / "last")
    assert same(kept, head_only), "all layers are trained, so all are kept"
    log: list[str] = []
    trained(snapshot, setting, tmp_path / "run", resume=True, log=log.append)
    assert next(line for line in log if line.startswith("From the head-only model")).count("%") == 12
    assert read_info(tmp_path / "run" / "best").metrics["epoch"] == 2
    assert not (tmp_path / "run" / "start.safetensors").exists()


@pytest.mark.parametrize("train", ["layer4", "all"])
def test_a_training_killed_while_it_mixes_repeats_only_that(
    train: str, make_snapshot: Callable[..., Snapshot], tmp_path: Path, start: Path
) -> None:
    """On kept maps, and on photos."""
    snapshot = make_snapshot(train=4, val=3)
    setting = recipe(start, train=train, learning_rate=0.1, interpolate=True, head_size=48)
    trained(snapshot, setting, tmp_path / "straight")
    killed = fit(snapshot, setting, tmp_path / "killed", cache=tmp_path / "cache")
    for event in killed:
        if isinstance(event, Progress) and event.phase == MIXING and event.done > 20:
            break
    killed.close()  # type: ignore[attr-defined]
    metrics = read_info(tmp_path / "killed" / "best").metrics
    assert "interpolation" not in metrics and "train_loss" in metrics, "the best epoch's model is still there"
    save_decision(tmp_path / "killed" / "best", Decision(leave_below=0.7))
    events = trained(snapshot, setting, tmp_path / "killed", resume=True)
    assert not any(isinstance(event, Step | Epoch) for event in events)
    assert same(*(state_of(tmp_path / name / "best") for name in ("straight", "killed")))
    straight, resumed = (read_info(tmp_path / name / "best") for name in ("straight", "killed"))
    assert resumed.decision is None, "it was made for other weights"
    assert straight.metrics == resumed.metrics and straight.preprocessing == resumed.preprocessing
    assert trained(snapshot, setting, tmp_path / "killed", resume=True) == [], "now it has finished"


def test_a_head_for_a_larger_size_changes_the_models_preprocessing(
    make_snapshot: Callable[..., Snapshot], tmp_path: Path, start: Path
) -> None:
    snapshot, log = make_snapshot(train=8, val=6), list[str]()
    # Hardly trained, so a head that is fitted to its optimum is better.
    steps = {"epochs": 1, "learning_rate": 1e-5}
    trained(snapshot, recipe(start, **steps), tmp_path / "tuned")
    trained(snapshot, recipe(start, **steps, head_size=48), tmp_path / "run", log=log.append)
    model, info = load_bundle(tmp_path / "run" / "best")
    assert (info.preprocessing["size"], info.preprocessing["resize"], info.metrics["head_size"]) == (48, 56, 48)
    assert info.recipe is not None and info.recipe["size"] == 32
    tuned, found = state_of(tmp_path / "tuned" / "best"), state_of(tmp_path / "run" / "best")
    assert {name for name in found if not torch.equal(found[name], tuned[name])} == {"fc.weight", "fc.bias"}
    correct, loss = scores(model, Preprocessing(**info.preprocessing), snapshot)
    assert info.metrics["val_accuracy"] == correct / 12 and info.metrics["val_loss"] == pytest.approx(loss, rel=1e-3)
    assert any(line.startswith("Head refitted for photos of 48 pixels: ") for line in log)
    assert outcome_of(info.metrics, recipe(start)) == "fitting its head again for 48 pixels"


def test_a_refitted_head_that_is_not_better_is_not_kept(
    make_snapshot: Callable[..., Snapshot], tmp_path: Path, start: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot, log = make_snapshot(train=4, val=3), list[str]()
    monkeypatch.setattr("core.training.techniques.head_refit.HeadRefit.gains", False)
    trained(snapshot, recipe(start, epochs=1), tmp_path / "tuned")
    trained(snapshot, recipe(start, epochs=1, head_size=48), tmp_path / "run", log=log.append)
    assert same(state_of(tmp_path / "run" / "best"), state_of(tmp_path / "tuned" / "best"))
    info = read_info(tmp_path / "run" / "best")
    assert info.preprocessing["size"] == info.metrics["head_size"] == 32 and "train_loss" in info.metrics
    assert any("refitted for photos of 48 pixels was not better" in line for line in log)


def test_early_stopping_ends_the_epochs_and_not_what_follows(
    make_snapshot: Callable[..., Snapshot], tmp_path: Path, start: Path
) -> None:
    """A resume trains no further either."""
    snapshot = make_snapshot(train=4, val=3)
    # Steps too small for float32 change nothing.
    steps = {"train": "head", "optimizer": "adamw", "learning_rate": 1e-12, "weight_decay": 0.0}
    setting = recipe(start, **steps, epochs=5, patience=1, interpolate=True)
    stopped = fit(snapshot, setting, tmp_path / "run", cache=tmp_path / "cache")
    done = []
    for event in stopped:
        done += [event.epoch] if isinstance(event, Epoch) else []
        if isinstance(event, Progress) and event.phase == MIXING:
            break
    stopped.close()  # type: ignore[attr-defined]
    assert done == [1, 2]
    events = trained(snapshot, setting, tmp_path / "run", resume=True)
    assert events and not any(isinstance(event, Step | Epoch) for event in events)
    assert "interpolation" in read_info(tmp_path / "run" / "best").metrics
    assert trained(snapshot, setting, tmp_path / "run", resume=True) == []


def test_damaged_starting_weights_are_one_sentence(
    make_snapshot: Callable[..., Snapshot], tmp_path: Path, start: Path
) -> None:
    snapshot, setting = make_snapshot(train=4, val=2), recipe(start, epochs=1, interpolate=True)
    for name, damage in (("missing", lambda path: path.unlink()), ("damaged", lambda path: path.write_bytes(b"start"))):
        folder = tmp_path / name
        training = fit(snapshot, setting, folder, cache=tmp_path / "cache")
        with pytest.raises(RunError, match=r"start\.safetensors cannot be read\. Start a new run instead\.$"):
            for event in training:
                if isinstance(event, Epoch):
                    damage(folder / "start.safetensors")
        assert read_info(folder / "best").metrics["epoch"] == 1


def test_a_start_without_a_head_for_these_classes_is_refused(
    make_snapshot: Callable[..., Snapshot], tmp_path: Path
) -> None:
    snapshot = make_snapshot(train=4, val=2)
    save_start(tmp_path / "other", build("tiny", 3), ("a", "b", "c"))
    with pytest.raises(RecipeError, match="interpolate is on, but the starting model was trained for other classes"):
        trained(snapshot, recipe(tmp_path / "other", interpolate=True), tmp_path / "run")
    assert not (tmp_path / "run").exists()
