"""A head solved on kept vectors: its events, its bundles, its views and weights, and what it does without torch."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.data.pictures.transforms import Preprocessing
from core.data.snapshot import Snapshot
from core.errors import ImageRefused, WeightsUnavailable
from core.features.preferred_engine import EXACT, preferred_engine
from core.features.views import MIRRORED, ORIGINAL
from core.inspection.predicting.predictor import Predictor
from core.models.bundle import WEIGHTS_FILE, load_bundle, read_info
from core.training.events import EPOCH_FILE, Event, Progress, SolverIteration
from core.training.linear import head_run
from core.training.linear.frozen_start import frozen_start
from core.training.linear.head_run import MOST_POINTS, SolvedHead, solve_head
from core.training.linear.kept_vectors import WantedVectors
from core.training.recipe import Recipe
from core.workspace import REPOSITORY, Workspace, open_workspace
from tests.inspection.conftest import write_bundle
from tests.training.conftest import two_colors

SPLITS = ("val",)


@pytest.fixture
def pretrained(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "pretrained", "tiny", Preprocessing(size=64, resize=73))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "workspace")


def recipe_of(pretrained: Path, **changes: Any) -> Recipe:
    values = {"arch": "tiny", "weights": str(pretrained), "train": "head", "size": 64, "precision": "fp32"}
    return Recipe.checked(**{**values, "optimizer": "logistic", "views": 2, **changes})


def solved(
    snapshot: Snapshot,
    recipe: Recipe,
    folder: Path,
    workspace: Workspace,
    log: Callable[[str], None] = lambda sentence: None,
) -> tuple[list[Event], SolvedHead]:
    folder.mkdir(exist_ok=True)
    events, run = [], solve_head(snapshot, recipe, folder, workspace, log=log)
    while True:
        try:
            events.append(next(run))
        except StopIteration as end:
            return events, end.value


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    return two_colors(tmp_path / "photos", train=12, val=4, test=3)


def test_each_iteration_is_a_point_and_the_last_is_saved(
    snapshot: Snapshot, pretrained: Path, workspace: Workspace, tmp_path: Path
) -> None:
    sentences: list[str] = []
    events, found = solved(snapshot, recipe_of(pretrained), tmp_path / "run", workspace, sentences.append)
    points = [event for event in events if isinstance(event, SolverIteration)]
    assert 2 <= len(points) <= MOST_POINTS
    assert [point.best for point in points] == [False] * (len(points) - 1) + [True]
    assert [point.epoch for point in points] == sorted({point.epoch for point in points})
    assert points[-1].epoch == points[-1].epochs
    assert points[0].epoch == 1 and points[0].train_loss == pytest.approx(np.log(2), rel=1e-5)  # guessing
    assert points[-1].train_loss < 0.1 and points[-1].val_accuracy == 1
    assert points[0].sentence == "" and "the last: training loss" in points[-1].sentence
    assert any("chosen in cross-validation" in sentence for sentence in sentences)
    assert found.engine == EXACT and len(found.logits) == 8
    info = read_info(tmp_path / "run" / "best")
    assert info.metrics["epoch"] == points[-1].epoch and info.metrics["val_n"] == 8
    assert info.recipe is not None and info.recipe["optimizer"] == "logistic"
    assert json.loads((tmp_path / "run" / "last" / EPOCH_FILE).read_text())["best"] is True


def test_the_bundle_predicts_what_the_solver_computed(
    snapshot: Snapshot, pretrained: Path, workspace: Workspace, tmp_path: Path
) -> None:
    _, found = solved(snapshot, recipe_of(pretrained), tmp_path / "run", workspace)
    predictor = Predictor.load(tmp_path / "run" / "best", "cpu")
    from core.data.pictures.decoding import decode

    part = snapshot.part("val")
    logits = predictor.logits(
        decode(Path(path), name).image for path, name in zip(part["path"], part["filename"], strict=True)
    )
    np.testing.assert_allclose(logits, found.logits, rtol=0, atol=2e-4 * np.abs(logits).max())
    assert predictor.classes == snapshot.classes


def test_only_the_head_differs_from_the_pretrained_network(
    snapshot: Snapshot, pretrained: Path, workspace: Workspace, tmp_path: Path
) -> None:
    """BatchNorm's statistics and counters too are bit for bit those of the frozen network."""
    solved(snapshot, recipe_of(pretrained), tmp_path / "run", workspace)
    before, after = load_bundle(pretrained)[0].state_dict(), load_bundle(tmp_path / "run" / "best")[0].state_dict()
    assert before.keys() == after.keys()
    assert {name for name in before if not torch.equal(before[name], after[name])} == {"fc.weight", "fc.bias"}
    best, last = (tmp_path / "run" / name / WEIGHTS_FILE for name in ("best", "last"))
    assert best.read_bytes() == last.read_bytes()
    assert load_bundle(tmp_path / "run" / "last")[1] == read_info(tmp_path / "run" / "best")


def test_a_second_run_computes_nothing_and_gives_the_same_head(
    snapshot: Snapshot, pretrained: Path, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = recipe_of(pretrained)
    wanted = WantedVectors(workspace, _network(recipe), snapshot, recipe)
    assert (wanted.readiness(SPLITS).done, wanted.readiness(SPLITS).total) == (0, 32)
    events, _ = solved(snapshot, recipe, tmp_path / "one", workspace)
    computing = [event for event in events if isinstance(event, Progress) and event.phase == "computing features"]
    assert (computing[0].done, computing[-1].done, computing[-1].total) == (0, 32, 32)
    assert wanted.readiness(SPLITS).share == 1
    monkeypatch.setattr("core.training.linear.kept_vectors._chosen", lambda *_: pytest.fail("it was computed again"))
    solved(snapshot, recipe, tmp_path / "two", workspace)
    one, two = (tmp_path / name / "best" / WEIGHTS_FILE for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_other_views_sizes_and_weights_have_vectors_of_their_own(
    snapshot: Snapshot, pretrained: Path, workspace: Workspace, tmp_path: Path
) -> None:
    recipe = recipe_of(pretrained)
    solved(snapshot, recipe, tmp_path / "run", workspace)
    other = write_bundle(tmp_path / "other", "tiny", Preprocessing(size=64, resize=73), seed=1)
    others: list[dict[str, Any]] = [{"size": 96}, {"mode": "squash"}, {"weights": str(other)}]
    for changed in others:
        again = recipe_of(pretrained, **changed)
        assert WantedVectors(workspace, _network(again), snapshot, again).readiness(SPLITS).done == 0
    more = recipe_of(pretrained, views=3)
    found = WantedVectors(workspace, _network(more), snapshot, more)
    assert found.views == (ORIGINAL, MIRRORED, "light-1") and found.readiness(SPLITS).done == 8
    one = recipe_of(pretrained, augmentation="none")
    assert WantedVectors(workspace, _network(one), snapshot, one).views == (ORIGINAL,)


def test_class_weights_and_smoothing_change_the_head(pretrained: Path, workspace: Workspace, tmp_path: Path) -> None:
    snapshot = two_colors(tmp_path / "photos", train=6, val=4, test=0, extra_train=18)
    heads = []
    recipes: list[dict[str, Any]] = [{}, {"class_weighting": "balanced"}, {"label_smoothing": 0.2}]
    for number, changes in enumerate(recipes):
        solved(snapshot, recipe_of(pretrained, **changes), tmp_path / f"run{number}", workspace)
        heads.append(load_bundle(tmp_path / f"run{number}" / "best")[0].fc.weight.detach().numpy())
    assert not np.allclose(heads[0], heads[1], rtol=0.01) and not np.allclose(heads[0], heads[2], rtol=0.01)


def test_with_few_labels_the_nearest_mean_is_used(pretrained: Path, workspace: Workspace, tmp_path: Path) -> None:
    snapshot = two_colors(tmp_path / "photos", train=2, val=2, test=1)
    sentences: list[str] = []
    events, _ = solved(snapshot, recipe_of(pretrained), tmp_path / "run", workspace, sentences.append)
    (point,) = [event for event in events if isinstance(event, SolverIteration)]
    assert point.best and point.epochs == 1
    assert any("nearest class mean" in sentence for sentence in sentences)


def test_of_many_iterations_some_are_left_out(
    snapshot: Snapshot, pretrained: Path, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(head_run, "MOST_POINTS", 3)
    events, _ = solved(snapshot, recipe_of(pretrained), tmp_path / "run", workspace)
    points = [event for event in events if isinstance(event, SolverIteration)]
    assert len(points) == 3 and points[-1].best and points[-1].epoch == points[-1].epochs > 3


def test_a_photo_that_cannot_be_read_is_named(pretrained: Path, workspace: Workspace, tmp_path: Path) -> None:
    snapshot = two_colors(tmp_path / "photos", train=4, val=2, test=1)
    (tmp_path / "photos" / "red-1.png").write_bytes(b"no picture")
    with pytest.raises(ImageRefused, match="red-1"):
        solved(snapshot, recipe_of(pretrained), tmp_path / "run", workspace)
    assert not (tmp_path / "run" / "best").exists()


def test_the_engine_of_the_workspace_is_kept_and_fp32_is_exact(
    snapshot: Snapshot, pretrained: Path, workspace: Workspace, tmp_path: Path
) -> None:
    recipe = recipe_of(pretrained, precision="auto")
    _, found = solved(snapshot, recipe, tmp_path / "run", workspace)
    assert preferred_engine(workspace, _network(recipe)) == found.engine
    _, exact = solved(snapshot, recipe_of(pretrained), tmp_path / "exact", workspace)
    assert exact.engine == EXACT


def test_weights_in_half_precision_are_loaded_and_saved_in_full(
    snapshot: Snapshot, pretrained: Path, workspace: Workspace, tmp_path: Path
) -> None:
    """Their numbers cannot be copied as they are, since a bundle holds float32."""
    from safetensors.torch import load_file, save_file

    half = {
        name: tensor if name.endswith("num_batches_tracked") else tensor.half()
        for name, tensor in load_file(pretrained / WEIGHTS_FILE).items()
    }
    save_file(half, tmp_path / "half.safetensors")
    _, found = solved(snapshot, recipe_of(tmp_path / "half.safetensors"), tmp_path / "run", workspace)
    network, _ = load_bundle(tmp_path / "run" / "best")
    assert network.conv1.weight.dtype == torch.float32 and len(found.logits) == 8


def test_weights_with_the_names_of_another_program_become_a_bundle_with_ours(
    snapshot: Snapshot, pretrained: Path, workspace: Workspace, tmp_path: Path
) -> None:
    """The head is replaced without loading the network only where the names are ours already."""
    from safetensors.torch import load_file, save_file

    state = load_file(pretrained / WEIGHTS_FILE)
    trunk = {f"backbone.{name}": tensor for name, tensor in state.items() if not name.startswith("fc.")}
    save_file(trunk, tmp_path / "theirs.safetensors")
    solved(snapshot, recipe_of(tmp_path / "theirs.safetensors"), tmp_path / "run", workspace)
    network, _ = load_bundle(tmp_path / "run" / "best")
    assert torch.equal(network.conv1.weight, state["conv1.weight"])


def test_damaged_published_weights_are_not_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.models.weights import checked_file
    from core.models.weights_table import TABLE

    entry = next(one for one in TABLE if one.arch == "resnet18" and one.source == "torchvision")
    monkeypatch.setenv("RESNET_STUDIO_WEIGHTS", str(tmp_path))
    with pytest.raises(WeightsUnavailable, match="is damaged"):
        checked_file(entry)


def _network(recipe: Recipe) -> Any:
    start = frozen_start(recipe)
    assert start is not None
    return start.network


def test_with_kept_vectors_a_run_needs_no_torch(snapshot: Snapshot, pretrained: Path, tmp_path: Path) -> None:
    """The whole run, from the recipe in its folder to its reports: torch alone would take most of the time."""
    workspace = open_workspace(tmp_path / "workspace")
    solved(snapshot, recipe_of(pretrained), tmp_path / "first", workspace)
    loaded = loaded_by_a_run(snapshot, recipe_of(pretrained), workspace, ("torch", "scipy", "sklearn", "sqlalchemy"))
    assert loaded == []


def test_computing_vectors_needs_neither_torchvision_nor_torchs_compiler(
    snapshot: Snapshot, pretrained: Path, tmp_path: Path
) -> None:
    """Each takes 1.3 s to import, and nothing of them is used."""
    workspace, names = open_workspace(tmp_path / "workspace"), ("torch", "torchvision", "torch._dynamo", "sklearn")
    assert loaded_by_a_run(snapshot, recipe_of(pretrained), workspace, names) == ["torch"]


def test_nor_does_keeping_maps_in_the_same_pass() -> None:
    """The early model of an automatic training waited for them."""
    code = "import sys, core.training.kept.maps_in_advance; print({'torchvision', 'torch._dynamo'} & {*sys.modules})"
    ended = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert ended.stdout.strip() == "set()", ended.stdout + ended.stderr


def loaded_by_a_run(snapshot: Snapshot, recipe: Recipe, workspace: Workspace, modules: tuple[str, ...]) -> list[str]:
    """Train in a process of its own; returns which of these modules it imported."""
    from core.runs.new_run import create_run

    run = create_run(workspace.runs / "run", snapshot, recipe, title="run")
    script = f"""
import sys
from core.models.zoo import ARCHITECTURES, ResNetConfig
ARCHITECTURES["tiny"] = ResNetConfig("basic", (1, 1, 1, 1), width=8)
from core.cli import app
app(["train", "--run", {str(run.path)!r}], standalone_mode=False)
print(*[name for name in {modules} if name in sys.modules])
"""
    environment = {**os.environ, "RESNET_STUDIO_HOME": str(workspace.root)}
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=120
    )
    assert run.status().state == "finished", ended.stderr + run.log()
    assert all(run.report(split) is not None and len(run.predictions(split)) for split in SPLITS)  # type: ignore[arg-type]
    return ended.stdout.splitlines()[-1].split()
