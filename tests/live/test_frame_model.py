"""The live model answers as the predictor does, with the frozen engine where the layers are frozen ones."""

from pathlib import Path

import numpy as np
import pytest
import torch

from core.features.engines.engine import arrays_of
from core.features.engines.int8_engine import calibrate, keep, name_of
from core.features.preferred_engine import record_pass
from core.inspection.predicting.predictor import Predictor
from core.live.frame_model import frame_model
from core.models.bundle import load_bundle, save_bundle
from core.models.heads import Localizer
from core.models.resnet import ResNet
from core.models.zoo import STAGE_VECTORS, ResNetConfig
from core.training.linear.frozen_start import frozen_start
from core.training.recipe import Recipe
from core.workspace import Workspace, open_workspace
from tests.inspection.conftest import CLASSES, SMALL, lively, photo, write_bundle

PHOTOS = [f"{number:064x}" for number in range(40)]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "workspace")


@pytest.fixture
def head_run(tmp_path: Path) -> Path:
    """A bundle with a new head on the layers of another bundle, as a training of the head alone leaves it."""
    start = write_bundle(tmp_path / "start", preprocessing=SMALL)
    recipe = Recipe.checked(arch="resnet18", weights=str(start), train="head", size=64)
    network, info = load_bundle(start)
    with torch.no_grad():
        network.fc.weight.mul_(0.5)
    seen = recipe.preprocessing(SMALL.mean, SMALL.std)
    save_bundle(
        tmp_path / "best", network, info.model_copy(update={"preprocessing": seen, "recipe": recipe.model_dump()})
    )
    return tmp_path / "best"


def test_a_trained_model_is_computed_in_fp32_and_answers_as_the_predictor(bundle: Path, workspace: Workspace) -> None:
    predictor = Predictor.load(bundle, "cpu")
    model = frame_model(predictor, workspace, bundle)
    assert model.engine_name == "fp32" and not model.rounds
    for seed in range(3):
        found = model.answer(photo(seed), 2.5)
        assert found.seen.at == 2.5 and found.box is None
        np.testing.assert_allclose(found.seen.probabilities, predictor.probabilities([photo(seed)])[0], atol=1e-4)


def test_a_head_on_frozen_layers_gets_8_bits_where_its_photos_have_passed(head_run: Path, workspace: Workspace) -> None:
    predictor = Predictor.load(head_run, "cpu")
    start = frozen_start(Recipe.model_validate(predictor.info.recipe if predictor.info else {}))
    assert start is not None
    pixels = np.stack([np.asarray(SMALL.view(photo(seed))) for seed in range(8)])
    rounded = calibrate(arrays_of(start.network), pixels, STAGE_VECTORS)
    keep(workspace.cache / "engines" / start.network.name, rounded)
    record_pass(workspace, start.network, name_of(rounded), PHOTOS)
    fast = frame_model(predictor, workspace, head_run, lambda: PHOTOS)
    assert fast.engine_name == name_of(rounded) and fast.rounds
    assert frame_model(predictor, workspace, head_run).engine_name != fast.engine_name, "other photos have not passed"
    exact = predictor.probabilities([photo(1)])[0]
    found = fast.answer(photo(1), 0).seen.probabilities
    np.testing.assert_allclose(found, exact, atol=0.15)
    assert not np.array_equal(found, exact)


def test_trained_layers_never_get_the_engine_of_the_layers_they_began_with(
    head_run: Path, workspace: Workspace, tmp_path: Path
) -> None:
    network, info = load_bundle(head_run)
    with torch.no_grad():
        next(network.parameters()).mul_(3.0)
    save_bundle(tmp_path / "tuned", network, info)
    predictor = Predictor.load(tmp_path / "tuned", "cpu")
    found = frame_model(predictor, workspace, tmp_path / "tuned").answer(photo(2), 0)
    np.testing.assert_allclose(found.seen.probabilities, predictor.probabilities([photo(2)])[0], atol=1e-4)


@pytest.mark.parametrize("head", ["stages", "last"])
def test_every_kind_of_head(head: str, workspace: Workspace, tmp_path: Path) -> None:
    """A head on several stages, and one with a box."""
    config = ResNetConfig("basic", (1, 1, 1, 1), width=8, head=head)  # type: ignore[arg-type]
    network = lively(ResNet(config, len(CLASSES))) if head == "stages" else Localizer(config, len(CLASSES)).eval()
    predictor = Predictor(network, SMALL, CLASSES, name="small", arch="resnet18", info=None)
    model = frame_model(predictor, workspace, write_bundle(tmp_path / "other"))
    found = model.answer(photo(3), 0)
    expected = predictor.predict([photo(3)])[0]
    chosen = CLASSES[int(found.seen.probabilities.argmax())]
    assert chosen == expected.ranked[0][0]
    assert found.seen.probabilities.max() == pytest.approx(expected.ranked[0][1], abs=1e-4)
    assert (found.box is None) == (head == "stages")
    if found.box and expected.box:
        assert vars(found.box) == pytest.approx(vars(expected.box), abs=0.05)
