"""A head fitted again at a larger size: only the head changes, and the photos are those of the larger size."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from core.data.pictures.transforms import Preprocessing
from core.data.snapshot import Snapshot
from core.models.resnet import build
from core.training.techniques.head_refit import HeadRefit, refit_head


def refitted(snapshot: Snapshot, model: torch.nn.Module, cache: Path, size: int = 48) -> HeadRefit:
    search = refit_head(model, Preprocessing(size=32, resize=36), snapshot, size, cache)  # type: ignore[arg-type]
    while True:
        try:
            progress = next(search)
            assert progress.done <= (progress.total or 0)
        except StopIteration as end:
            return end.value


def test_only_the_head_changes_and_predicts_photos_of_the_larger_size(
    make_snapshot: Callable[..., Snapshot], tmp_path: Path
) -> None:
    torch.manual_seed(0)
    snapshot, model = make_snapshot(train=8, val=5), build("tiny", 2).train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    found = refitted(snapshot, model, tmp_path / "cache")
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items()), "not yet applied"
    assert model.training
    assert (found.preprocessing.size, found.preprocessing.resize) == (48, 54)
    assert found.after.n == 10 and found.after.accuracy == 1.0
    assert found.gains == (found.after.correct > found.before.correct)
    as_many = replace(found, before=replace(found.before, correct=10, loss_sum=1e9))
    assert not as_many.gains, "a lower loss does not make up for slower predictions"
    found.apply(model)
    changed = {name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed == {"fc.weight", "fc.bias"}
    # By hand: the network with its new head on the validation photos at 48 pixels.
    part = snapshot.part("val")
    views = [found.preprocessing.tensor(Image.open(path).convert("RGB")) for path in part["path"]]
    with torch.no_grad():
        logits = model.eval()(torch.stack(views))
    labels = torch.tensor([snapshot.classes.index(label) for label in part["label"]])
    loss = torch.nn.functional.cross_entropy(logits, labels)
    assert found.after.loss == pytest.approx(float(loss), rel=1e-3)


def test_the_figures_before_are_those_of_the_networks_own_head_and_size(
    make_snapshot: Callable[..., Snapshot], tmp_path: Path
) -> None:
    torch.manual_seed(1)
    snapshot, model = make_snapshot(train=4, val=4), build("tiny", 2)
    found = refitted(snapshot, model, tmp_path / "cache")
    part = snapshot.part("val")
    labels = np.array([snapshot.classes.index(label) for label in part["label"]])
    for preprocessing, score in (
        (Preprocessing(size=32, resize=36), found.before),
        (found.preprocessing, found.enlarged),
    ):
        views = [preprocessing.tensor(Image.open(path).convert("RGB")) for path in part["path"]]
        with torch.no_grad():
            logits = model.eval()(torch.stack(views))
        assert score.correct == int((logits.argmax(1).numpy() == labels).sum())
        loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(labels))
        assert score.loss == pytest.approx(float(loss), rel=1e-3)
