"""A head on the vectors of several stages: solved, the same as in the whole network, and trained further."""

import json
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from safetensors.numpy import save

from core.data.pictures.decoding import decode
from core.data.pictures.transforms import Preprocessing
from core.data.snapshot import Snapshot
from core.errors import BundleError, ModelError, RecipeError, UnknownArchitecture
from core.export.bundle_zip import export_bundle
from core.features.engines.engine import arrays_of
from core.features.engines.int8_engine import calibrate
from core.features.engines.ort_engine import OrtEngine, fp32_engine
from core.features.engines.torch_engine import TorchEngine
from core.features.vectors import Vectors, vectors_name
from core.features.views import MIRRORED, ORIGINAL
from core.inspection.explaining.cam import explain, heatmap_of
from core.inspection.predicting.features import features_of
from core.inspection.predicting.predictor import Predictor
from core.models import zoo
from core.models.bundle import load_bundle, read_info
from core.models.zoo import STAGE_VECTORS, STAGES
from core.training.events import Epoch
from core.training.initial_model import InitialModel, build_initial_model
from core.training.linear import kept_vectors
from core.training.linear.frozen_start import frozen_start
from core.training.linear.kept_vectors import WantedVectors
from core.training.linear.several_stages import side_by_side
from core.training.recipe import Recipe
from core.training.saving.last_stage_head import FILE, copy_last_stage_head, read_last_stage_head
from core.training.setup import check_start
from core.training.trainer import fit
from core.workspace import Workspace, open_workspace
from tests.inspection.conftest import write_bundle
from tests.training.conftest import two_colors
from tests.training.linear.test_head_run import SPLITS, recipe_of, solved

TINY = zoo.ResNetConfig("basic", (1, 1, 1, 1), width=8)
WIDTHS = (16, 32, 64)  # of layer2, layer3 and layer4
SEEN = Preprocessing(size=64, resize=73)


@pytest.fixture
def pretrained(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "pretrained", "tiny", SEEN)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "workspace")


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    return two_colors(tmp_path / "photos", train=12, val=4, test=3)


@pytest.fixture(scope="module")
def solved_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("once")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(zoo.ARCHITECTURES, "tiny", TINY)
        pretrained = write_bundle(folder / "pretrained", "tiny", SEEN)
        snapshot = two_colors(folder / "photos", train=12, val=4, test=3)
        recipe = recipe_of(pretrained, head_features="stages")
        solved(snapshot, recipe, folder / "run", open_workspace(folder / "workspace"))
        yield folder / "run"


@pytest.fixture
def run(solved_once: Path, pretrained: Path, tmp_path: Path) -> Path:
    """A run whose head takes several stages."""
    return Path(shutil.copytree(solved_once, tmp_path / "run"))


def finished(steps: Generator[Any, None, InitialModel]) -> InitialModel:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def pictures_of(snapshot: Snapshot, split: str = "val") -> list[Image.Image]:
    part = snapshot.part(split)
    return [decode(Path(path), name).image for path, name in zip(part["path"], part["filename"], strict=True)]


def test_kept_vectors_and_the_whole_network_give_the_same_logits(
    snapshot: Snapshot, pretrained: Path, workspace: Workspace, tmp_path: Path
) -> None:
    sentences: list[str] = []
    recipe = recipe_of(pretrained, head_features="stages")
    _, found = solved(snapshot, recipe, tmp_path / "run", workspace, sentences.append)
    assert found.arch == read_info(tmp_path / "run" / "best").arch == "tiny+stages"
    predictor = Predictor.load(tmp_path / "run" / "best", "cpu")
    assert predictor.network.fc.in_features == sum(WIDTHS)
    logits = predictor.logits(pictures_of(snapshot))
    np.testing.assert_allclose(found.logits, logits, rtol=0, atol=1e-5 * np.abs(logits).max())
    assert "The head takes the vectors of stages 2 to 4 side by side, as chosen." in sentences
    averaged = Predictor.load(tmp_path / "run" / "best", "cpu", test_time_views=2).probabilities(pictures_of(snapshot))
    mirrored = predictor.probabilities([ImageOps.mirror(one) for one in pictures_of(snapshot)])
    plain = predictor.probabilities(pictures_of(snapshot))
    np.testing.assert_allclose(averaged, (plain + mirrored) / 2, rtol=0, atol=1e-5)


def test_each_engine_computes_the_stages_of_the_network(pretrained: Path, snapshot: Snapshot) -> None:
    start = frozen_start(recipe_of(pretrained))
    assert start is not None
    arrays, network = arrays_of(start.network), load_bundle(pretrained)[0]
    views = np.stack([np.asarray(SEEN.view(one)) for one in pictures_of(snapshot)])
    batch = SEEN.normalise(torch.from_numpy(views).permute(0, 3, 1, 2))
    with torch.inference_mode():
        expected = [network.forward_to(batch, stage).mean((2, 3)).numpy() for stage in zoo.HEAD_STAGES]
    engines = (fp32_engine(arrays, STAGE_VECTORS), TorchEngine(arrays, "fp32", STAGE_VECTORS))
    for engine in engines:
        found = engine.run(views, STAGE_VECTORS)
        for name, values, width in zip(STAGE_VECTORS, expected, WIDTHS, strict=True):
            assert values.shape == (8, width)
            np.testing.assert_allclose(found[name], values, rtol=0, atol=1e-5 * np.abs(values).max())
    rounded = OrtEngine(calibrate(arrays, views, STAGE_VECTORS), "int8-1").run(views, STAGE_VECTORS)
    for name, values in zip(STAGE_VECTORS, expected, strict=True):
        assert np.abs(rounded[name] - values).mean() < 0.1 * np.abs(values).mean()


def test_vectors_of_the_last_stage_stay_and_the_others_lie_beside_them(
    snapshot: Snapshot, pretrained: Path, workspace: Workspace, tmp_path: Path
) -> None:
    last, several = (recipe_of(pretrained, head_features=kind) for kind in ("last", "stages"))
    solved(snapshot, last, tmp_path / "one", workspace)
    start = frozen_start(last)
    assert start is not None
    store = Vectors(workspace, vectors_name(start.network, "fp32"))
    before = {path.name for path in store.folder.glob("*.npy")}
    assert WantedVectors(workspace, start.network, snapshot, several).readiness(SPLITS).done == 0
    solved(snapshot, several, tmp_path / "two", workspace)
    assert {path.name for path in store.folder.glob("*.npy")} == before, "the last stage's vectors were stored twice"
    for view in (ORIGINAL, MIRRORED):
        for stage, width in zip(("layer2", "layer3"), WIDTHS, strict=False):
            known, vectors = Vectors(workspace, f"{vectors_name(start.network, 'fp32', view)}/{stage}").known(
                [str(one) for one in snapshot.part("train")["image"]]
            )
            assert (len(known), vectors.shape[1]) == (24, width)
    assert WantedVectors(workspace, start.network, snapshot, several).readiness(SPLITS).share == 1
    assert WantedVectors(workspace, start.network, snapshot, last).readiness(SPLITS).share == 1


def test_cross_validation_decides_and_says_why(
    snapshot: Snapshot, pretrained: Path, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archs = {}
    for errors in (-1e9, 1e9):  # any gain is enough; none is
        sentences: list[str] = []
        monkeypatch.setattr("core.training.linear.several_stages._ERRORS", errors)
        recipe, folder = recipe_of(pretrained, head_features="auto"), tmp_path / f"run{errors}"
        _, found = solved(snapshot, recipe, folder, workspace, sentences.append)
        archs[errors] = read_info(folder / "best").arch
        assert found.arch == archs[errors]
        said = next(one for one in sentences if "stages 2 to 4" in one)
        assert "of 24 held-out photos were correct with the vectors of the last stage (loss" in said
        assert said.endswith("takes several stages." if errors < 0 else "takes the last stage alone.")
        assert (folder / "best" / FILE).exists() == (errors < 0)
        logits = Predictor.load(folder / "best", "cpu").logits(pictures_of(snapshot))
        np.testing.assert_allclose(found.logits, logits, rtol=0, atol=1e-5 * np.abs(logits).max())
    assert list(archs.values()) == ["tiny+stages", "tiny"]


def test_few_labels_take_several_stages_only_if_told_to(pretrained: Path, workspace: Workspace, tmp_path: Path) -> None:
    snapshot = two_colors(tmp_path / "few", train=3, val=4)
    for kind, arch in (("stages", "tiny+stages"), ("auto", "tiny")):
        _, found = solved(snapshot, recipe_of(pretrained, head_features=kind), tmp_path / kind, workspace)
        assert found.arch == arch
        logits = Predictor.load(tmp_path / kind / "best", "cpu").logits(pictures_of(snapshot))
        np.testing.assert_allclose(found.logits, logits, rtol=0, atol=1e-5 * np.abs(logits).max())


@pytest.mark.parametrize("stage", STAGES[1:])
def test_a_heatmap_shows_what_goes_through_its_stage(run: Path, snapshot: Snapshot, stage: str) -> None:
    predictor = Predictor.load(run / "best", "cpu")
    picture = torch.randn(1, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    network = predictor.network
    found = heatmap_of(network, picture, method="gradcam", stage=stage, target=1)
    with torch.enable_grad():
        maps, below = network.forward_split(picture, stage)
        maps = maps.detach().requires_grad_()
        logits = network.forward_from(maps, stage, below)
        gradient = torch.autograd.grad(logits[0, 1], maps)[0]
    np.testing.assert_allclose(found.scores, logits[0].detach().numpy(), rtol=0, atol=1e-5)
    np.testing.assert_allclose(found.scores, network(picture)[0].numpy(), rtol=0, atol=1e-5)
    coarse = (gradient.mean((2, 3), keepdim=True) * maps).sum(1)[0].relu()
    assert found.stage == stage and (coarse.max() > 0) == (found.values.max() > 0)
    if coarse.max() > 0:
        fine = torch.nn.functional.interpolate(coarse[None, None].detach(), (128, 128), mode="bilinear")[0, 0]
        np.testing.assert_allclose(found.values, (fine / fine.max()).numpy(), rtol=0, atol=1e-4)


def test_the_methods_and_the_features_work_for_such_a_model(run: Path, snapshot: Snapshot) -> None:
    predictor, picture = Predictor.load(run / "best", "cpu"), pictures_of(snapshot)[0]
    expected = predictor.predict([picture])[0]
    for method in ("gradcam", "scorecam", "eigencam"):
        found = explain(predictor, picture, method=method, stage="layer2")
        assert found.prediction.name == expected.name
        assert found.probability == pytest.approx(expected.probability, abs=1e-5)
    plain = load_bundle(run.parent / "pretrained")[0]
    with torch.inference_mode():
        pooled = plain.forward_to(predictor.batch_of_views([predictor.view(picture)]), "layer4").mean((2, 3))
    np.testing.assert_allclose(features_of(predictor, [picture]), pooled.numpy(), rtol=1e-4, atol=1e-5)


def test_deeper_layers_start_from_the_head_on_the_last_stage(
    run: Path, snapshot: Snapshot, pretrained: Path, workspace: Workspace, tmp_path: Path
) -> None:
    """Kept maps are those of one stage, so such a training has a head on the last one."""
    _, last = solved(snapshot, recipe_of(pretrained, head_features="last"), tmp_path / "last", workspace)
    values = {"arch": "tiny", "weights": str(run / "best"), "train": "layer4", "size": 64, "precision": "fp32"}
    recipe = Recipe.checked(**values, epochs=1, batch_size=8, device="cpu")
    sentences: list[str] = []
    start = finished(build_initial_model(recipe, snapshot.classes))
    assert start.arch == "tiny" and start.knows_classes
    pixels = np.stack([np.asarray(start.preprocessing.view(one)) for one in pictures_of(snapshot)])
    with torch.inference_mode():
        batch = start.preprocessing.normalise(torch.from_numpy(pixels).permute(0, 3, 1, 2))
        logits = start.model.eval()(batch).numpy()
    assert ((logits.argmax(1)) == last.logits.argmax(1)).all()
    events = list(fit(snapshot, recipe, tmp_path / "deeper", log=sentences.append, workspace=workspace))
    assert isinstance(events[-1], Epoch)
    assert read_info(tmp_path / "deeper" / "best").arch == "tiny"
    assert any(one.endswith("goes on with one on the last stage, which was solved with it.") for one in sentences)


def test_without_that_head_deeper_layers_start_with_a_new_one(run: Path, snapshot: Snapshot) -> None:
    (run / "best" / FILE).unlink()
    recipe = Recipe.checked(arch="tiny", weights=str(run / "best"), train="all", size=64)
    start = finished(build_initial_model(recipe, snapshot.classes))
    assert start.sentences[-1].endswith("so training goes on with a new one on the last stage.")
    assert start.model.fc.weight.shape == (2, 64) and not start.model.fc.weight.is_meta and not start.knows_classes


def test_an_export_keeps_the_head_that_deeper_layers_start_from(run: Path, snapshot: Snapshot, tmp_path: Path) -> None:
    """So weights from an export can be mixed with the tuned ones; one of an earlier version says what is missing."""
    (run / "status.json").write_text("{}")
    exported = export_bundle(run, tmp_path / "exported")
    export_bundle(run, exported)  # the head does not count as somebody else's file
    for folder in (run / "last", exported):
        assert (folder / FILE).read_bytes() == (run / "best" / FILE).read_bytes()
        recipe = Recipe.checked(arch="tiny", weights=str(folder), train="layer4", size=64, interpolate=True)
        start = finished(build_initial_model(recipe, snapshot.classes))
        check_start(recipe, start)
        assert start.knows_classes
    (exported / FILE).unlink()
    with pytest.raises(RecipeError, match="takes several stages, and its folder has no head on the last stage"):
        check_start(recipe, finished(build_initial_model(recipe, snapshot.classes)))


def test_the_head_is_found_while_its_bundle_is_replaced(run: Path, snapshot: Snapshot) -> None:
    (run / "best").rename(run / ".best.old")
    assert read_last_stage_head(run / "best", 2, 64) is not None


def test_a_head_of_other_weights_or_classes_is_refused(run: Path, tmp_path: Path) -> None:
    path = run / "best" / "bundle.json"
    info = json.loads(path.read_text())
    for changes in ({"model_sha256": "0" * 64}, {"classes": info["classes"][::-1]}):
        path.write_text(json.dumps(info | changes))
        with pytest.raises(BundleError, match="does not fit its bundle"):
            read_last_stage_head(run / "best", 2, 64)
    path.write_text(json.dumps(info))
    other = write_bundle(tmp_path / "other", "tiny", SEEN)
    copy_last_stage_head(run / "best", other)  # the same network in a file that was written otherwise
    assert read_last_stage_head(other, 2, 64) is not None
    # Files of the first such runs say nothing of their bundle.
    head = read_last_stage_head(run / "best", 2, 64)
    assert head is not None
    (run / "best" / FILE).write_bytes(save({name: tensor.numpy() for name, tensor in head.items()}))
    assert read_last_stage_head(run / "best", 2, 64) is not None


def test_a_bundle_with_such_a_head_asks_earlier_versions_for_an_update(run: Path, pretrained: Path) -> None:
    assert read_info(run / "best").schema_version == read_info(run / "last").schema_version == 2
    assert read_info(pretrained).schema_version == 1
    path = run / "best" / "bundle.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema_version": 1}))
    assert load_bundle(run / "best")[1].arch == "tiny+stages", "of a version that wrote 1"


def test_maps_without_the_vectors_below_them_are_named(run: Path) -> None:
    network = load_bundle(run / "best")[0]
    maps = network.forward_to(torch.randn(1, 3, 64, 64), "layer4")
    with pytest.raises(ModelError, match=r"takes 2 vectors of stages before layer4, but got 0.*forward_split"):
        network.forward_from(maps, "layer4")


def test_with_very_many_views_the_stages_are_not_compared(
    snapshot: Snapshot, pretrained: Path, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_vectors, "MOST_VIEWS_OF_STAGES", 47)
    sentences: list[str] = []
    recipe = recipe_of(pretrained, head_features="auto")
    assert solved(snapshot, recipe, tmp_path / "run", workspace, sentences.append)[1].arch == "tiny"
    assert any("with 48 views of training photos, comparing it with several" in one for one in sentences)


def test_a_head_that_does_not_fit_is_named(run: Path, snapshot: Snapshot) -> None:
    wrong = save({"fc.weight": np.zeros((2, 5), np.float32), "fc.bias": np.zeros(2, np.float32)})
    (run / "best" / FILE).write_bytes(wrong)
    recipe = Recipe.checked(arch="tiny", weights=str(run / "best"), train="all", size=64)
    with pytest.raises(BundleError, match="does not fit its bundle"):
        list(build_initial_model(recipe, snapshot.classes))


def test_such_a_model_is_a_start_for_another_head(run: Path, snapshot: Snapshot, workspace: Workspace) -> None:
    recipe = recipe_of(run / "best", head_features="last")
    _, found = solved(snapshot, recipe, run.parent / "again", workspace)
    assert found.arch == read_info(run.parent / "again" / "best").arch == "tiny"
    assert load_bundle(run.parent / "again" / "best")[0].fc.in_features == 64


def test_a_version_without_such_heads_says_so(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zoo, "_ALL_OPTIONS", zoo.OPTIONS)
    with pytest.raises(UnknownArchitecture, match=r"'tiny\+stages' has the option 'stages', which is not known"):
        load_bundle(run / "best")


def test_a_box_head_on_several_stages_is_refused(run: Path) -> None:
    path = run / "best" / "bundle.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"task": "localization"}))
    with pytest.raises(BundleError, match="such heads predict no boxes"):
        load_bundle(run / "best")


def test_several_stages_are_for_a_head_that_is_solved(pretrained: Path) -> None:
    for changes in (
        {"train": "layer4", "optimizer": "auto"},
        {"optimizer": "adamw"},
        {"optimizer": "auto", "views": 0},
    ):
        with pytest.raises(RecipeError, match="head_features is stages, which is for a head that is solved exactly"):
            recipe_of(pretrained, head_features="stages", **changes)
        assert recipe_of(pretrained, head_features="auto", **changes).head_features == "auto", "it has no effect there"
    automatic = Recipe.checked(train="automatic", head_features="stages")
    assert automatic.head_features == "stages"
    with pytest.raises(RecipeError, match="a head for boxes takes the last stage"):
        Recipe.for_task("localization", train="automatic", head_features="stages")
    with pytest.raises(RecipeError, match="set arch to tiny, and head_features to stages or auto"):
        recipe_of(pretrained, arch="tiny+stages")


def test_joined_vectors_are_those_that_the_network_joins(run: Path) -> None:
    network = load_bundle(run / "best")[0]
    picture = torch.randn(3, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        stages = [network.forward_to(picture, stage).mean((2, 3)).numpy() for stage in zoo.HEAD_STAGES]
        joined = network.forward_features(picture)
        assert torch.equal(network.forward_head(joined), network(picture))
    assert joined.shape == (3, sum(WIDTHS), 1, 1)
    np.testing.assert_allclose(joined[:, :, 0, 0].numpy(), side_by_side(stages), rtol=0, atol=1e-6)
