"""EMA: the averages follow the recurrence, are what is evaluated and saved, and leave the training itself unchanged."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from core.data.snapshot import Snapshot
from core.errors import RunError
from core.models.resnet import build
from core.training.events import Epoch
from core.training.initial_model import build_initial_model
from core.training.network import PARTS
from core.training.recipe import Recipe
from core.training.techniques.weight_average import WeightAverage
from core.training.trainer import fit


def recipe(**changes: object) -> Recipe:
    base = {"arch": "tiny", "weights": "none", "train": "all", "epochs": 2, "batch_size": 8, "size": 32}
    return Recipe.checked(**{**base, "device": "cpu", "precision": "fp32", **changes})


def test_averages_follow_the_recurrence_with_its_warm_up() -> None:
    model, random = build("tiny", 3), torch.Generator().manual_seed(1)
    expected = {name: tensor.double() for name, tensor in model.state_dict().items()}
    average = WeightAverage(model, PARTS, 0.4)
    for update in range(1, 9):
        with torch.no_grad():
            for name, tensor in model.state_dict().items():
                step = torch.rand(tensor.shape, generator=random)
                tensor.copy_(tensor + step if tensor.is_floating_point() else tensor + 1)
                decay = min(0.4, (1 + update) / (10 + update))  # 2/11, 3/12, ... up to 0.4
                if tensor.is_floating_point():
                    expected[name] = decay * expected[name] + (1 - decay) * tensor
                else:
                    expected[name] = tensor.double()
        average.update()
    raw = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    assert set(average.inside) == set(raw)
    with average.applied():
        for name, tensor in model.state_dict().items():
            torch.testing.assert_close(tensor.double(), expected[name], rtol=1e-5, atol=1e-6)
        assert all(torch.equal(tensor, raw[name]) for name, tensor in average.state()["weights"].items())
    assert all(torch.equal(tensor, raw[name]) for name, tensor in model.state_dict().items())


def test_only_trained_parts_are_averaged() -> None:
    average = WeightAverage(build("tiny", 3), ("head",), 0.9)
    assert set(average.inside) == {"fc.weight", "fc.bias"}


def test_the_averages_are_saved_and_evaluated_and_the_steps_stay_the_same(
    make_snapshot: Callable[..., Snapshot], tmp_path: Path
) -> None:
    snapshot, cache = make_snapshot(train=4, val=2), tmp_path / "cache"
    one_step = recipe(epochs=1, ema=0.9)  # 8 photos in one batch: one update, with a decay of 2/11
    *_, averaged = fit(snapshot, one_step, tmp_path / "averaged", cache=cache)
    *_, plain = fit(snapshot, recipe(epochs=1), tmp_path / "plain", cache=cache)
    assert isinstance(averaged, Epoch) and isinstance(plain, Epoch)
    assert averaged.train_loss == plain.train_loss
    assert averaged.val_loss != plain.val_loss
    state = torch.load(tmp_path / "averaged" / "last" / "training.pt", weights_only=True)["average"]
    after = load_file(tmp_path / "plain" / "last" / "model.safetensors")
    assert state["updates"] == 1
    assert all(torch.equal(state["weights"][name], tensor) for name, tensor in after.items())
    with pytest.raises(StopIteration) as end:
        next(build_initial_model(one_step, snapshot.classes))
    before = end.value.value.model.state_dict()
    for folder in ("best", "last"):
        saved = load_file(tmp_path / "averaged" / folder / "model.safetensors")
        for name, tensor in saved.items():
            moved = before[name] * (2 / 11) + after[name] * (9 / 11) if tensor.is_floating_point() else after[name]
            torch.testing.assert_close(tensor, moved)


def test_a_state_of_another_network_is_one_sentence() -> None:
    average = WeightAverage(build("tiny", 3), PARTS, 0.9)
    sound = {name: tensor.clone() for name, tensor in average.inside.items()}
    for weights in (
        {},
        None,
        {**sound, "fc.bias": torch.zeros(4)},
        {**sound, "fc.bias": torch.full((3,), torch.nan)},
        {**sound, "fc.bias": "text"},
    ):
        with pytest.raises(RunError, match="Start a new run instead"):
            average.restore({"updates": 1, "weights": weights})
    with pytest.raises(RunError, match="Start a new run instead"):
        average.restore({"updates": -1, "weights": sound})
