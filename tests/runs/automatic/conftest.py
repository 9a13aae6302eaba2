"""Automatic runs of a tiny network: the head, then two epochs of the last stage."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from core.data.snapshot import BOX_COLUMNS, SIZE_COLUMNS, Snapshot
from core.models.bundle import load_bundle, save_bundle
from core.models.resnet import build
from core.models.untrusted.bundle_info import BundleInfo
from core.models.zoo import ARCHITECTURES, ResNetConfig
from core.runs.automatic import train_automatic
from core.runs.automatic.gain import Gain
from core.runs.automatic.next_phase import Ended, Planned, Situation
from core.runs.automatic.phases import Phases, read_phases
from core.runs.estimates.work import BILLION_MULTIPLY_ADDS
from core.runs.folder import RunFolder
from core.runs.new_run import create_run
from core.training.recipe import Recipe
from core.workspace import Workspace
from tests.inspection.conftest import SMALL, lively
from tests.training.conftest import two_colors

Make = Callable[..., RunFolder]


class OutOfMemoryError(RuntimeError):
    """Its name is torch's."""


@pytest.fixture(autouse=True)
def tiny_network(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(1)
    monkeypatch.setitem(ARCHITECTURES, "tiny", ResNetConfig("basic", (1, 1, 1, 1), width=8))
    monkeypatch.setitem(BILLION_MULTIPLY_ADDS, "tiny", 0.01)


@pytest.fixture
def photos(tmp_path: Path) -> Snapshot:
    return two_colors(tmp_path / "images", train=10, val=4, test=1)


@pytest.fixture
def boxes(photos: Snapshot) -> Snapshot:
    """The same photos, each with a box in its middle."""
    size = photos.frame["label"].map(lambda _: (16, 12, 32, 24, 64, 48)).tolist()
    columns = pd.DataFrame(size, columns=[*BOX_COLUMNS, *SIZE_COLUMNS], dtype=float)
    return Snapshot(pd.concat([photos.frame, columns], axis=1), photos.classes, "localization")


@pytest.fixture
def make(workspace: Workspace, photos: Snapshot, tmp_path: Path) -> Make:
    """Create a run that starts from the weights of a small bundle."""
    info = BundleInfo(
        arch="tiny",
        classes=("cat", "dog", "owl"),
        preprocessing=SMALL.as_dict(),
        weights={"source": "somewhere"},
        created="2026-01-02T03:04:05+00:00",
    )
    save_bundle(tmp_path / "weights", lively(build("tiny", 3)), info)

    def made(name: str = "run", snapshot: Snapshot = photos, sweep: str | None = None, **changes: Any) -> RunFolder:
        values = {"arch": "tiny", "weights": str(tmp_path / "weights"), "train": "automatic", "size": 32}
        values |= {"batch_size": 4, "augmentation": "none", "device": "cpu", "precision": "fp32"}
        recipe = Recipe.checked(**{**values, "schedule": "constant", **changes})
        return create_run(workspace.runs / name, snapshot, recipe, title=name, sweep=sweep)

    return made


def two_phases(now: Situation) -> Planned | Ended:
    """The head, then two epochs of layer4, and the end."""
    head = Planned("head", max(1, now.box_epochs), "First the head.")
    steps = [head, Planned("layer4", 2, "Then the last stage.")]
    return steps[len(now.done)] if len(now.done) < len(steps) else Ended("That was all.")


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch) -> list[Situation]:
    """Plan two phases; returns what the decisions were made from."""
    asked: list[Situation] = []

    def next_phase(now: Situation) -> Planned | Ended:
        asked.append(now)
        return two_phases(now)

    monkeypatch.setattr(train_automatic, "next_phase", next_phase)
    return asked


def always_better(before: object, after: object) -> Gain:
    return Gain(True, "As the test wants it.")


def better(monkeypatch: pytest.MonkeyPatch, answer: bool) -> None:
    monkeypatch.setattr(train_automatic, "gain_of", lambda before, after: Gain(answer, "As the test wants it."))


def phases_of(run: RunFolder) -> Phases:
    found = read_phases(run.path)
    assert found is not None
    return found


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    return dict(load_bundle(folder)[0].state_dict())


def equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)
