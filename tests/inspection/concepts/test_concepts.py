"""The parts of a class: planted factors are found, and what they add sums to the score exactly."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.data.pictures.source import Source
from core.errors import ModelError
from core.features.frozen_network import FrozenNetwork
from core.features.half_maps import as_half
from core.features.maps import Maps
from core.inspection.concepts import last_maps as last_maps_module
from core.inspection.concepts.concepts import class_head, concepts_as_json, concepts_of, read_concepts
from core.inspection.concepts.factors import Head, factorise, factors_of, strongest_places
from core.inspection.concepts.last_maps import last_maps
from core.inspection.predicting.predictor import Predictor
from core.models.resnet import ResNet
from core.models.zoo import ResNetConfig
from core.training.kept.frozen_part import frozen_digest
from core.workspace import Workspace, open_workspace
from tests.inspection.conftest import CLASSES, SMALL, lively, photo


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "workspace")


@pytest.fixture
def sources(tmp_path: Path) -> list[Source]:
    found = []
    for number in range(5):
        path = tmp_path / f"{number}.png"
        photo(number).save(path)
        found.append(Source(f"{number:064x}", path, path.name))
    return found


def planted() -> tuple[np.ndarray, np.ndarray]:
    """Maps [n, h, w, C] that are exactly three factors with channels of their own, and those factors [K, C]."""
    dice = np.random.default_rng(0)
    basis = np.zeros((3, 12), np.float32)
    for place in range(3):
        basis[place, 4 * place : 4 * place + 4] = dice.uniform(0.5, 1, 4)
    activity = dice.uniform(0, 1, (6, 4, 4, 3)).astype(np.float32) * (dice.uniform(0, 1, (6, 4, 4, 3)) > 0.6)
    return (activity @ basis).astype(np.float32), basis


def head_of(maps: np.ndarray, weights: np.ndarray, bias: float = 0.7) -> Head:
    scores = maps.mean(axis=(1, 2)) @ weights + bias
    return Head(weights, bias, np.ones(len(maps)), scores)


def test_planted_factors_are_found_with_what_they_add() -> None:
    maps, basis = planted()
    weights = np.repeat([0.5, 3.0, -1.0], 4).astype(np.float32)
    found = factors_of(maps, head_of(maps, weights), 3)
    assert found.explained > 0.999
    # Each factor has channels of its own, so what it adds is known without any factorisation.
    own = np.stack([maps[..., 4 * place : 4 * place + 4].mean(axis=(1, 2)).sum(axis=1) for place in range(3)])
    expected = np.array([0.5, 3.0, -1.0])[:, None] * own
    np.testing.assert_allclose(found.parts, expected[[1, 0, 2]].T, atol=0.02)
    assert np.argsort(-found.mean_parts).tolist() == [0, 1, 2], "the part that adds most comes first"
    # The strongest place of the first part is where the middle channels are largest.
    photo_number, row, column = strongest_places(found.activity[0], 1)[0]
    strength = maps[..., 4:8].sum(axis=3)
    assert strength[photo_number, row, column] == pytest.approx(strength.max(), rel=0.02)
    assert basis.shape == (3, 12)


@pytest.mark.parametrize("count", [3, 6])
def test_parts_remainder_and_bias_are_the_score_exactly(count: int) -> None:
    """The remainder is what the head makes of the maps that the factors do not reproduce, and nothing else."""
    dice = np.random.default_rng(1)
    maps = dice.gamma(0.3, 1, (7, 3, 3, 20)).astype(np.float32)
    weights = dice.normal(size=20).astype(np.float32)
    found = factors_of(maps, head_of(maps, weights), count)
    activity, basis = factorise(np.ascontiguousarray(maps.reshape(-1, 20)), count)
    residual = (maps.reshape(-1, 20) - activity @ basis).reshape(7, -1, 20).mean(axis=1)
    np.testing.assert_allclose(found.remainder, residual @ weights, atol=1e-4)
    np.testing.assert_allclose(found.parts.sum(axis=1) + found.remainder + found.bias, found.scores, atol=1e-6)
    assert found.mean_score == pytest.approx(float(found.mean_parts.sum() + found.remainder.mean()), abs=1e-6)


def test_more_parts_leave_less_out() -> None:
    maps = np.random.default_rng(2).gamma(0.3, 1, (8, 3, 3, 20)).astype(np.float32)
    head = head_of(maps, np.ones(20, np.float32))
    assert factors_of(maps, head, 8).explained > factors_of(maps, head, 3).explained > 0


def test_a_score_that_is_not_positive_has_no_shares() -> None:
    maps, _ = planted()
    found = factors_of(maps, head_of(maps, np.full(12, -1.0, np.float32)), 3)
    assert found.shares is None and (found.mean_parts <= 0).all()


def test_too_few_places_and_dead_maps_are_refused() -> None:
    maps = np.ones((1, 1, 2, 5), np.float32)
    with pytest.raises(ModelError, match="too few for 3 parts"):
        factors_of(maps, head_of(maps, np.ones(5, np.float32)), 3)
    dead = np.zeros((4, 2, 2, 5), np.float32)
    with pytest.raises(ModelError, match="not active"):
        factors_of(dead, head_of(dead, np.ones(5, np.float32)), 3)


def test_the_strongest_places_are_of_different_photos() -> None:
    activity = np.zeros((3, 2, 2), np.float32)
    activity[0], activity[1, 1, 0] = [[9, 8], [7, 6]], 5
    assert strongest_places(activity, 6) == [(0, 0, 0), (1, 1, 0)], "the third photo is not active at all"


def test_a_fit_reports_its_progress_and_can_be_stopped() -> None:
    class Stopped(BaseException): ...

    def stop(done: int, total: int) -> None:
        if done:
            raise Stopped

    points = np.random.default_rng(3).gamma(0.3, 1, (40, 20)).astype(np.float32)
    with pytest.raises(Stopped):
        factorise(points, 3, stop)


def predictor_with(head: str) -> Predictor:
    network = lively(ResNet(ResNetConfig("basic", (1, 1, 1, 1), width=8, head=head), len(CLASSES)))
    return Predictor(network, SMALL, CLASSES, name="small", arch="resnet18" if head == "last" else "resnet18+stages")


@pytest.mark.parametrize("head", ["last", "stages"])
def test_the_score_follows_from_the_maps_as_the_head_says(
    head: str, sources: list[Source], workspace: Workspace
) -> None:
    predictor = predictor_with(head)
    found = last_maps(predictor, sources, workspace)
    assert found.maps.shape == (5, 2, 2, 64) and not found.kept and not found.refused
    logits = predictor.logits([Image.open(source.path) for source in sources])
    np.testing.assert_allclose(found.logits, logits, atol=1e-4)
    known = class_head(predictor, 1, found)
    from_maps = known.scales * (found.maps.mean(axis=(1, 2)) @ known.weights) + known.bias
    if head == "last":
        np.testing.assert_allclose(from_maps, logits[:, 1], atol=1e-4)
    else:  # the rest is that of the earlier stages
        weights = predictor.network.fc.weight[1].numpy()
        assert len(weights) == 16 + 32 + 64 and np.array_equal(known.weights, weights[-64:])
        vectors = found.maps.mean(axis=(1, 2)) * known.scales[:, None]
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
        assert not np.allclose(from_maps, logits[:, 1], atol=1e-2)


@pytest.mark.parametrize("head", ["last", "stages"])
def test_a_class_is_shown_by_crops_with_what_they_add(head: str, sources: list[Source], workspace: Workspace) -> None:
    predictor = predictor_with(head)
    found = concepts_of(predictor, 2, last_maps(predictor, sources, workspace), 3)
    assert found.label == "owl" and len(found.concepts) == 3 and found.photos == 5
    assert found.other_stages == (head == "stages")
    total = sum(one.adds for one in found.concepts) + found.remainder + found.bias
    assert total == pytest.approx(found.score, abs=1e-6)
    for concept in found.concepts:
        assert len({crop.name for crop in concept.crops}) == len(concept.crops)
        assert all(Image.open(io.BytesIO(crop.picture)).size == (144, 144) for crop in concept.crops)
    assert sum(len(one.crops) for one in found.concepts) > 3
    read = read_concepts(json.loads(json.dumps(concepts_as_json(found))))
    assert read == found and read.sentence == found.sentence
    assert f"{found.score - found.bias:.2f} = " in found.sentence


def test_a_broken_photo_is_named_and_left_out(sources: list[Source], workspace: Workspace) -> None:
    predictor = predictor_with("last")
    sources[1].path.write_bytes(b"no picture")
    found = last_maps(predictor, sources, workspace)
    assert len(found.maps) == 4 and found.refused[0].startswith("1.png: ")
    for source in sources:
        source.path.write_bytes(b"no picture")
    with pytest.raises(ModelError, match="None of this class's photos can be read"):
        last_maps(predictor, sources, workspace)


def test_maps_that_a_training_kept_are_used(sources: list[Source], workspace: Workspace) -> None:
    predictor = predictor_with("last")
    computed = last_maps(predictor, sources, workspace)
    weights = f"resnet18-to-layer4-{frozen_digest(predictor.network, 'layer4')[:16]}"
    name = FrozenNetwork.of_weights("resnet18", weights, SMALL.as_dict()).name
    store = Maps(workspace, f"{name}/fp32/original/layer4")
    store.add([one.hash for one in sources], [as_half(maps.transpose(2, 0, 1)) for maps in computed.maps])
    for source in sources:
        source.path.unlink()  # so that nothing can be computed
    kept = last_maps(predictor, sources, workspace)
    assert kept.kept and kept.sources == tuple(sources)
    np.testing.assert_allclose(kept.maps, computed.maps, rtol=2e-3, atol=1e-3)
    np.testing.assert_allclose(kept.logits, computed.logits, atol=0.02)
    other = predictor_with("last")
    next(other.network.layer4.parameters()).mul_(1.5)
    with pytest.raises(ModelError):  # those are not its maps
        last_maps(other, sources, workspace)


def test_of_many_photos_some_are_chosen_evenly(
    sources: list[Source], workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(last_maps_module, "MOST_PHOTOS", 3)
    found = last_maps(predictor_with("last"), sources, workspace)
    assert [one.name for one in found.sources] == ["0.png", "2.png", "4.png"]
