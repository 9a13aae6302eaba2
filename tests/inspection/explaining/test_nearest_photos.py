"""The nearest training photos: in what the classifier gets, kept or computed once, by class."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from core.data.pictures.decoding import content_hash
from core.data.pictures.resized_cache import ResizedCache
from core.data.pictures.source import Source
from core.data.pictures.transforms import Preprocessing
from core.errors import ImageRefused
from core.features.frozen_pass import Refused
from core.features.vectors import Vectors, vectors_name
from core.inspection.explaining.head_inputs import HeadInputs, compute_missing, head_inputs, vector_of
from core.inspection.explaining.nearest_photos import nearest_photos
from core.inspection.predicting.features import features_of
from core.inspection.predicting.predictor import Predictor
from core.models.bundle import load_bundle, save_bundle
from core.models.resnet import ResNet
from core.models.zoo import ResNetConfig
from core.training.linear.frozen_start import frozen_start
from core.training.recipe import Recipe
from core.workspace import Workspace, open_workspace
from tests.inspection.conftest import CLASSES, SMALL, photo, write_bundle

OWN = Recipe.checked(arch="resnet18", weights="none", train="all", size=64)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "workspace")


def sources(folder: Path, many: int = 5) -> list[Source]:
    found = []
    for seed in range(many):
        path = folder / f"{seed}.png"
        photo(seed).save(path)
        found.append(Source(content_hash(photo(seed)), path, path.name))
    return found


def test_a_model_s_own_vectors_are_what_its_classifier_gets(bundle: Path, workspace: Workspace, tmp_path: Path) -> None:
    predictor = Predictor.load(bundle, "cpu")
    some = sources(tmp_path)
    hashes = [one.hash for one in some]
    inputs = head_inputs(bundle, OWN, workspace, hashes)
    assert inputs.missing(hashes) == hashes
    counts: list[tuple[int, int]] = []
    cache = ResizedCache(None, predictor.preprocessing)
    compute_missing(inputs, predictor, some, cache, lambda *pair: counts.append(pair))
    assert counts[-1] == (5, 5)
    known, vectors = inputs.known(hashes)
    assert known == hashes
    expected = features_of(predictor, [photo(seed) for seed in range(5)])
    np.testing.assert_allclose(vectors, expected, atol=1e-4)
    np.testing.assert_allclose(vector_of(predictor, photo(2)), expected[2], atol=1e-4)
    logits = vectors @ predictor.network.fc.weight.numpy().T + predictor.network.fc.bias.numpy()
    np.testing.assert_allclose(logits, predictor.logits([photo(seed) for seed in range(5)]), atol=1e-3)


def test_they_are_computed_once(bundle: Path, workspace: Workspace, tmp_path: Path) -> None:
    predictor = Predictor.load(bundle, "cpu")
    some = sources(tmp_path)
    cache = ResizedCache(None, predictor.preprocessing)
    inputs = head_inputs(bundle, OWN, workspace, [])
    compute_missing(inputs, predictor, some[:3], cache)
    passes: list[int] = []
    predictor.network.conv1.register_forward_hook(lambda module, inputs, output: passes.append(len(output)))
    again = head_inputs(bundle, OWN, workspace, [])  # as after a restart
    compute_missing(again, predictor, some, cache)
    assert sum(passes) == 2
    assert not again.missing([one.hash for one in some])


def test_an_unreadable_photo_is_named_and_stops_no_other(bundle: Path, workspace: Workspace, tmp_path: Path) -> None:
    predictor = Predictor.load(bundle, "cpu")
    some = sources(tmp_path, 3)
    some[1].path.write_bytes(b"no picture")
    cache = ResizedCache(None, predictor.preprocessing)
    inputs = head_inputs(bundle, OWN, workspace, [])
    refused: list[Refused] = []
    compute_missing(inputs, predictor, some, cache, refused=refused.append)
    assert [one.name for one in refused] == ["1.png"]
    assert inputs.missing([one.hash for one in some]) == [some[1].hash]
    with pytest.raises(ImageRefused, match=r"1\.png"):
        compute_missing(inputs, predictor, some, cache)


def test_a_head_on_several_stages_gets_all_their_vectors(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = ResNet(ResNetConfig("basic", (1, 1, 1, 1), width=8, head="stages"), 3).eval()
    predictor = Predictor(network, SMALL, CLASSES, name="several", arch="resnet18+stages")
    vector = vector_of(predictor, photo(1))
    assert vector.shape == (network.config.head_width,)
    logits = network.fc.weight.numpy() @ vector + network.fc.bias.numpy()
    np.testing.assert_allclose(logits, predictor.logits([photo(1)])[0], atol=1e-4)


@pytest.fixture
def head_run(tmp_path: Path) -> tuple[Path, Recipe]:
    """A bundle whose head was trained on the frozen layers of another one, and its recipe."""
    recipe = Recipe.checked(arch="resnet18", weights=str(write_bundle(tmp_path / "start")), train="head", size=64)
    network, info = load_bundle(tmp_path / "start")
    with torch.no_grad():
        network.fc.weight.mul_(-1)
    preprocessing = Preprocessing.model_validate(recipe.preprocessing(SMALL.mean, SMALL.std)).as_dict()
    save_bundle(tmp_path / "best", network, info.model_copy(update={"preprocessing": preprocessing}))
    return tmp_path / "best", recipe


def test_features_kept_for_trainings_serve_a_model_with_frozen_layers(
    head_run: tuple[Path, Recipe], workspace: Workspace
) -> None:
    bundle, recipe = head_run
    start = frozen_start(recipe)
    assert start is not None
    name = vectors_name(start.network, "fp32")
    kept = Vectors(workspace, name)
    hashes = [f"{number:064x}" for number in range(3)]
    kept.add(hashes[:2], np.eye(2, 512, dtype=np.float32))
    assert head_inputs(bundle, recipe, workspace, hashes[:2]).store.name == name
    assert head_inputs(bundle, recipe, workspace, hashes).store.name != name, "one photo has none"


def test_a_model_whose_layers_were_trained_takes_no_kept_features(
    head_run: tuple[Path, Recipe], workspace: Workspace, tmp_path: Path
) -> None:
    bundle, recipe = head_run
    start = frozen_start(recipe)
    assert start is not None
    name = vectors_name(start.network, "fp32")
    Vectors(workspace, name).add(["a" * 64], np.ones((1, 512), np.float32))
    network, info = load_bundle(bundle)
    with torch.no_grad():
        network.layer4[0].conv1.weight.add_(0.01)
    save_bundle(tmp_path / "tuned", network, info)
    assert head_inputs(tmp_path / "tuned", recipe, workspace, ["a" * 64]).store.name != name
    other_view = info.model_copy(update={"preprocessing": {**info.preprocessing, "mode": "squash"}})
    save_bundle(tmp_path / "squashed", load_bundle(bundle)[0], other_view)
    assert head_inputs(tmp_path / "squashed", recipe, workspace, ["a" * 64]).store.name != name


def test_the_nearest_of_each_class_come_first_and_the_photo_itself_never(workspace: Workspace) -> None:
    store = Vectors(workspace, "net/fp32/original")
    angles = {"owl 1": 0.1, "owl 2": 0.5, "owl 3": 1.0, "owl 4": 1.4, "duck 1": 0.3, "duck 2": 1.2, "itself": 0.0}
    hashes = {name: content_hash(photo(place)) for place, name in enumerate(angles)}
    lengths = np.arange(1, 8, dtype=np.float32)  # must not count
    vectors = np.array([(np.cos(angle), np.sin(angle)) for angle in angles.values()], np.float32) * lengths[:, None]
    store.add(list(hashes.values()), vectors)
    rows = [(hashes[name], f"/{name}.png", f"{name}.png", name.split()[0]) for name in angles]
    frame = pd.DataFrame(rows, columns=["image", "path", "filename", "label"])
    frame.loc[frame["label"] == "itself", "label"] = "owl"
    inputs = HeadInputs(store)
    query = np.array([2.0, 0.0], np.float32)
    found = nearest_photos(query, frame, inputs, ("owl", "duck", "owl", "swan"), without=hashes["itself"])
    assert list(found) == ["owl", "duck", "swan"]
    assert [one.filename for one in found["owl"]] == ["owl 1.png", "owl 2.png", "owl 3.png"]
    assert [one.filename for one in found["duck"]] == ["duck 1.png", "duck 2.png"]
    assert found["swan"] == ()
    assert [one.similarity for one in found["owl"]] == pytest.approx([np.cos(0.1), np.cos(0.5), np.cos(1.0)], abs=1e-5)
    assert found["owl"][0].label == "owl" and found["owl"][0].path == "/owl 1.png"
