"""The same heatmap with random weights: what is replaced, what stays, and how similarity is measured."""

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from core.inspection.explaining.baseline_maps import centre_blob, random_places, rank_correlation
from core.inspection.explaining.cam import explain
from core.inspection.explaining.deletion_insertion import DeletionInsertion, OrderCurves
from core.inspection.explaining.map_checks import MapChecks, check_map, checks_as_json, read_checks
from core.inspection.explaining.randomised_weights import (
    STEPS,
    RandomisedMap,
    randomised_maps,
    with_random_weights,
)
from core.inspection.predicting.predictor import Predictor
from core.models.heads import Localizer
from core.models.zoo import ResNetConfig
from tests.inspection.conftest import photo
from tests.inspection.explaining.test_cam import state_of

KEPT = {
    "head": ("conv1", "bn1", "layer1", "layer2", "layer3", "layer4"),
    "layer4": ("conv1", "bn1", "layer1", "layer2", "layer3"),
    "layer3": ("conv1", "bn1", "layer1", "layer2"),
    "all": (),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_step_replaces_its_weights_and_those_of_the_steps_before(predictor: Predictor, step: str) -> None:
    before = state_of(predictor.network)
    trained = predictor.network.state_dict()
    made = with_random_weights(predictor.network, step, seed=0)
    assert state_of(predictor.network) == before
    assert not made.training and not any(parameter.requires_grad for parameter in made.parameters())
    for name, value in made.state_dict().items():
        if name.startswith(KEPT[step] or "none"):
            assert torch.equal(value, trained[name]), name
        elif name.endswith(("conv1.weight", "conv2.weight", "fc.weight")):
            assert not torch.equal(value, trained[name]), name


def test_one_seed_gives_one_network_and_another_seed_another(predictor: Predictor) -> None:
    one, same, other = (with_random_weights(predictor.network, "all", seed).fc.weight for seed in (1, 1, 2))
    assert torch.equal(one, same) and not torch.equal(one, other)


def test_the_votes_for_a_box_are_random_too(predictor: Predictor) -> None:
    """An untrained box head votes with zeros, and so had no map to compare with."""
    network = Localizer(ResNetConfig("basic", (1, 1, 1, 1), width=8), 2)
    made = with_random_weights(network, "head", 0)
    assert isinstance(made, Localizer) and made.box.votes.weight.abs().sum() > 0


def test_the_maps_of_all_steps_are_there_with_their_similarity(predictor: Predictor) -> None:
    explanation = explain(predictor, photo(3), stage="layer3")
    counts: list[tuple[int, int]] = []
    found = randomised_maps(predictor, explanation, lambda done, total: counts.append((done, total)))
    assert [one.step for one in found] == list(STEPS)
    assert counts == [(done, 12) for done in range(12)]
    for one in found:
        assert one.heatmap.shape == explanation.heatmap.shape
        assert one.similarity is None or -1 <= one.similarity <= 1


def test_similarity_is_spearman_s() -> None:
    one, other = random_places(64, 0), random_places(64, 1)
    assert rank_correlation(one, one**3) == pytest.approx(1)
    assert rank_correlation(one, 1 - one) == pytest.approx(-1)
    assert rank_correlation(one, np.zeros_like(one)) is None
    whole = spearmanr(one.ravel(), other.ravel()).statistic
    assert rank_correlation(one, other) == pytest.approx(whole, abs=0.02)  # a fourth of the places


def test_the_blob_is_in_the_centre_and_round() -> None:
    blob = centre_blob(65)
    assert blob.max() == blob[32, 32] == 1
    np.testing.assert_allclose(blob, blob.T)
    np.testing.assert_allclose(blob, blob[::-1])
    assert blob[0, 32] < blob[16, 32] < 1


def test_the_checks_come_back_from_a_worker_as_they_were(predictor: Predictor) -> None:
    explanation = explain(predictor, photo(3), stage="layer3")
    phases: list[str] = []
    checks = check_map(predictor, explanation, lambda phase, done, total: phases.append(phase))
    assert list(dict.fromkeys(phases)) == ["computing with random weights", "deleting and inserting places"]
    back = read_checks(checks_as_json(checks))
    assert back.curves == checks.curves and back.centre == checks.centre
    assert [(one.step, one.similarity) for one in back.randomised] == [
        (one.step, one.similarity) for one in checks.randomised
    ]
    np.testing.assert_array_equal(back.randomised[0].heatmap, checks.randomised[0].heatmap)


@pytest.mark.parametrize(
    ("similarity", "words"),
    [
        (0.9, "hardly depends on what the model learned; do not trust it"),
        (0.5, "depends only partly on what the model learned"),
        (-0.2, "does depend on what the model learned"),
        (None, "With random weights there is no map"),
    ],
)
def test_the_sentence_says_whether_the_map_depends_on_what_was_learned(similarity: float | None, words: str) -> None:
    flat = OrderCurves((0.5, 0.5), (0.5, 0.5))
    checks = MapChecks(
        (RandomisedMap("all", np.zeros((4, 4), np.float32), similarity),),
        0.1,
        DeletionInsertion("owl", flat, flat, flat),
    )
    assert words in checks.learned_sentence
