"""Trainable layers and their learning rates."""

import pytest
import torch

from core.models.resnet import ResNet, build
from core.models.zoo import ResNetConfig
from core.training.network import (
    PARTS,
    FineTuned,
    Phase,
    modules_of,
    parameter_groups,
    phases,
    trainable_sentence,
)
from core.training.recipe import Recipe
from core.training.techniques.optimizers import make_optimizer


@pytest.mark.parametrize(
    ("train", "learning"),
    [("head", ["head"]), ("layer4", ["layer4", "head"]), ("layer3", ["layer3", "layer4", "head"]), ("all", PARTS)],
)
def test_one_phase_where_nothing_is_staged(train: str, learning: list[str]) -> None:
    (phase,) = phases(Recipe(train=train, epochs=5))  # type: ignore[arg-type]
    assert list(phase.rates) == list(learning)
    assert (phase.first, phase.end) == (1, 5)
    assert phase.rates["head"] == 1.0
    assert all(rate == 0.1 for part, rate in phase.rates.items() if part != "head")
    network = FineTuned(build("resnet18", 2), tuple(phase.rates))
    for part in PARTS:
        parameters = [p for module in modules_of(network.model, part) for p in module.parameters()]
        assert {p.requires_grad for p in parameters} == {part in learning}


def test_staged_is_the_head_first_and_then_smaller_rates_the_lower_the_stage() -> None:
    head, rest = phases(Recipe(train="staged", epochs=8))
    assert (head.first, head.end, list(head.rates)) == (1, 2, ["head"])
    assert (rest.first, rest.end) == (3, 8)
    rates = [rest.rates[part] for part in PARTS]
    assert rates == sorted(rates)
    assert len(set(rates)) == len(PARTS)


def test_sgd_takes_larger_steps_in_pretrained_stages_than_adam() -> None:
    rates = [phases(Recipe(train="all", optimizer=name))[0].rates["layer1"] for name in ("adamw", "sgd")]
    assert rates[0] < rates[1] < 1


def test_layer_decay_multiplies_the_rate_for_each_stage_below_the_head() -> None:
    (phase,) = phases(Recipe(train="all", layer_decay=0.5))
    assert [phase.rates[part] for part in reversed(PARTS)] == [1, 1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32]
    (phase,) = phases(Recipe(train="layer3", layer_decay=0.5))
    assert phase.rates == {"head": 1.0, "layer4": 0.5, "layer3": 0.25}
    first, second = phases(Recipe(train="staged", layer_decay=0.5))
    assert first.rates == {"head": 1.0}
    assert (second.rates["head"], second.rates["layer4"], second.rates["stem"]) == (0.5, 0.25, 0.5**6)
    (scratch,) = phases(Recipe(train="all", weights="none", layer_decay=0.5))
    assert scratch.rates["layer4"] == 0.5


def test_from_scratch_every_part_takes_the_full_rate() -> None:
    for train in ("all", "staged"):
        assert set(phases(Recipe(train=train, weights="none"))[-1].rates.values()) == {1.0}


def test_the_cut_network_computes_what_the_whole_one_computes() -> None:
    model = build("resnet18", 3)
    images = torch.randn(2, 3, 32, 32)
    expected = model.eval()(images)
    for train in ("head", "layer4", "layer3", "all"):
        network = FineTuned(model, tuple(phases(Recipe(train=train))[0].rates)).eval()
        assert torch.equal(network(images), expected)


@pytest.mark.parametrize(
    "config",
    [
        ResNetConfig("basic", (1, 1, 1, 1), width=8, stem="small"),
        ResNetConfig("bottleneck", (1, 2, 1, 1), width=8, preactivation=True),
        ResNetConfig("bottleneck", (1, 1, 0, 1), width=8, squeeze=True, conv_bias=True),
    ],
)
def test_the_parts_are_the_whole_of_every_kind_of_network(config: ResNetConfig) -> None:
    model = ResNet(config, 3)
    parts = [p for part in PARTS for module in modules_of(model, part) for p in module.parameters()]
    assert sorted(map(id, parts)) == sorted(map(id, model.parameters()))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    network = FineTuned(model, ("layer4", "head")).train()
    optimizer = make_optimizer(
        "sgd", parameter_groups(model, Phase(1, 1, {"layer4": 1.0, "head": 1.0}), 0.0), torch.device("cpu")
    )
    for group in optimizer.param_groups:
        group["lr"] = 0.1
    network(torch.randn(4, 3, 64, 64)).square().sum().backward()
    optimizer.step()
    changed = {
        name.split(".")[0] for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])
    }
    assert changed == {"layer4", "fc"}


def test_frozen_parts_stay_in_evaluation_mode_and_cost_no_gradient() -> None:
    network = FineTuned(build("resnet18", 3), ("layer4", "head")).train()
    assert not network.model.layer3.training and not network.model.bn1.training
    assert network.model.layer4.training
    network(torch.randn(4, 3, 64, 64)).sum().backward()
    assert {name.split(".")[1] for name, p in network.named_parameters() if p.grad is not None} == {"layer4", "fc"}
    network.train(False).train(True)
    assert not any(module.training for module in network.model.layer1.modules())


@pytest.mark.parametrize("keeps", [True, False])
def test_batchnorm_of_trained_parts_keeps_its_statistics_if_it_is_told_to(keeps: bool) -> None:
    """Its scale and offset are trained all the same."""
    torch.manual_seed(0)
    model = build("resnet18", 3)
    norm = model.layer4[0].bn1
    before = (norm.running_mean.clone(), norm.running_var.clone())
    network = FineTuned(model, ("layer4", "head"), keeps_statistics=keeps).train()
    images = torch.randn(4, 3, 64, 64)
    outputs = network(images)
    unchanged = torch.equal(norm.running_mean, before[0]) and torch.equal(norm.running_var, before[1])
    assert unchanged == keeps
    outputs.square().sum().backward()
    assert norm.weight.grad is not None and norm.bias.grad is not None
    if keeps:  # a photo's outputs do not depend on the others of its batch
        assert torch.allclose(network(images[:1]), outputs[:1], atol=1e-5)


def test_a_part_that_was_frozen_learns_again_in_the_next_phase() -> None:
    model = build("resnet18", 3)
    FineTuned(model, ("head",)).train()
    FineTuned(model, PARTS).train()
    assert all(p.requires_grad for p in model.parameters())
    assert all(module.training for module in model.modules())


@pytest.mark.parametrize("name", ["sgd", "adamw", "adam"])
def test_each_parameter_is_in_one_group_and_norms_and_biases_do_not_decay(name: str) -> None:
    model = build("resnet18", 3)
    (phase,) = phases(Recipe(train="all"))
    optimizer = make_optimizer(name, parameter_groups(model, phase, 0.05), torch.device("cpu"))
    grouped = [p for group in optimizer.param_groups for p in group["params"]]
    assert sorted(map(id, grouped)) == sorted(map(id, model.parameters()))
    for group in optimizer.param_groups:
        decays = {p.ndim > 1 for p in group["params"]}
        assert decays == {group["weight_decay"] == 0.05}


def test_what_learns_is_said_in_numbers() -> None:
    model = build("resnet18", 2)
    (phase,) = phases(Recipe(train="head"))
    assert trainable_sentence(model, phase) == "Trainable layers: head (1,026 of 11,177,538 parameters)."
