"""The state dict in a checkpoint is found, whatever program wrote it; what else is there is said, or it is refused."""

import argparse
import datetime
import types
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from core.errors import BundleError
from core.models.resnet import ResNet
from core.models.weight_files import read_weights
from tests.models.foreign.networks import SMALL, WIDTH, State, check_same, prefixed, saved, state_of, trunk_of

STATE = state_of()


@pytest.mark.parametrize(
    "prefix",
    [
        *("module.", "_orig_mod.", "model.", "backbone.", "encoder.", "net.", "network.", "resnet.", "base_model."),
        *("feature_extractor.", "module._orig_mod.", "_orig_mod.module.", "model.net.resnet.", "my_own_name.trunk."),
    ],
)
def test_any_prefix_is_removed(tmp_path: Path, prefix: str) -> None:
    found = read_weights(saved(prefixed(prefix, STATE), tmp_path), "tiny")
    check_same(found.state, STATE)
    assert not found.notes


def test_names_that_compilation_puts_inside_are_removed(tmp_path: Path) -> None:
    compiled = {name.replace("layer2.", "layer2._orig_mod."): tensor for name, tensor in STATE.items()}
    check_same(read_weights(saved(compiled, tmp_path), "tiny").state, STATE)
    sharded = {name.replace(".conv", "._fsdp_wrapped_module.conv"): tensor for name, tensor in STATE.items()}
    check_same(read_weights(saved(sharded, tmp_path), "tiny").state, STATE)


@pytest.mark.parametrize(
    "path",
    [
        *(["state_dict"], ["model_state_dict"], ["model"], ["net"], ["network"], ["params"], ["weights"], ["teacher"]),
        *(["ema"], ["model_ema"], ["ema_state_dict"], ["checkpoint", "model", "state_dict"], ["a key of my own"]),
    ],
    ids="-".join,
)
def test_any_table_around_it_is_opened(tmp_path: Path, path: list[str]) -> None:
    content: object = STATE
    for key in reversed(path):
        content = {key: content, "epoch": 3, "loss": torch.tensor(0.5)}
    check_same(read_weights(saved(content, tmp_path), "tiny").state, STATE)


def trained() -> tuple[ResNet, torch.optim.Optimizer, Any]:
    """Return a small network after one step of training, with its optimizer and schedule."""
    model = ResNet(SMALL["tiny"], 3)
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [1, 2])  # its state has a Counter
    model(torch.randn(2, 3, 64, 64)).sum().backward()
    optimizer.step()
    schedule.step()
    return model, optimizer, schedule


def test_a_checkpoint_of_pytorchs_imagenet_example_is_read(tmp_path: Path) -> None:
    """As https://github.com/pytorch/examples/blob/main/imagenet/main.py saves it, with DataParallel."""
    model, optimizer, schedule = trained()
    content = {
        "epoch": 5,
        "arch": "resnet18",
        "state_dict": nn.DataParallel(model).state_dict(),
        "best_acc1": torch.tensor(71.5),
        "optimizer": optimizer.state_dict(),
        "scheduler": schedule.state_dict(),
    }
    found = read_weights(saved(content, tmp_path, "model_best.pth.tar"), "tiny")
    check_same(found.state, model.state_dict())
    assert found.notes == ("The file calls its network resnet18, and its tensors fit tiny.",)


def test_a_checkpoint_of_pytorchs_tutorials_is_read(tmp_path: Path) -> None:
    """https://pytorch.org/tutorials/beginner/saving_loading_models.html: a general checkpoint, named .tar."""
    model, optimizer, _ = trained()
    content = {
        "epoch": 5,
        "model_state_dict": model.state_dict(),
        "optimizer_state_dict": optimizer.state_dict(),
        "loss": torch.tensor(0.4, requires_grad=True),
    }
    check_same(read_weights(saved(content, tmp_path, "model.tar"), "tiny").state, model.state_dict())


def test_a_checkpoint_of_lightning_is_read_with_its_classes(tmp_path: Path) -> None:
    """Its contents: https://lightning.ai/docs/pytorch/stable/common/checkpointing_basic.html."""
    model, optimizer, schedule = trained()
    state = prefixed("model.", model.state_dict()) | {"criterion.weight": torch.ones(3)}
    content = {
        "epoch": 4,
        "global_step": 120,
        "pytorch-lightning_version": "2.5.0",
        "state_dict": OrderedDict(state),
        "loops": {"fit_loop": {"state_dict": {}, "epoch_progress": {"total": {"ready": 5}}}},
        "callbacks": {"ModelCheckpoint{'monitor': None}": {"best_model_score": torch.tensor(0.9), "dirpath": "/x"}},
        "optimizer_states": [optimizer.state_dict()],
        "lr_schedulers": [schedule.state_dict()],
        "hparams_name": "kwargs",
        "hyper_parameters": {"lr": 1e-3, "class_names": ["cat", "dog", "owl"]},
    }
    found = read_weights(saved(content, tmp_path, "epoch=4-step=120.ckpt"), "tiny")
    check_same(found.state, model.state_dict())
    assert found.classes == ("cat", "dog", "owl")
    assert found.notes == ("Also left out: criterion.", "Its classes: cat, dog, owl.")


def test_of_a_checkpoint_of_timm_the_average_is_taken_and_that_is_said(tmp_path: Path) -> None:
    average = state_of(seed=1)
    content = {
        "epoch": 9,
        "arch": "resnet18",
        "state_dict": STATE,
        "optimizer": trained()[1].state_dict(),
        "version": 2,
        "args": argparse.Namespace(model="resnet18", data_dir="/data", lr=0.1, mean=None, opt_betas=[0.9, 0.99]),
        "amp_scaler": {"scale": 65536.0, "growth_factor": 2.0},
        "state_dict_ema": average,
        "metric": 71.2,
        "saver": {"checkpoint_files": [("last.pth.tar", 71.2)], "best_epoch": 9},
    }
    found = read_weights(saved(content, tmp_path, "checkpoint-9.pth.tar"), "tiny")
    check_same(found.state, average)
    assert found.notes[0] == "state_dict_ema, the average of the weights, is used, not state_dict."


def test_an_average_without_statistics_is_passed_over_and_that_is_said(tmp_path: Path) -> None:
    """Some averages hold parameters alone; without the norms' statistics they are no network."""
    shadow = {name: tensor for name, tensor in state_of(seed=1).items() if "running" not in name}
    found = read_weights(saved({"model": STATE, "ema": {"shadow": shadow}}, tmp_path), "tiny")
    check_same(found.state, STATE)
    assert found.notes == (
        "model is used, not ema/shadow.",
        "ema/shadow does not fit tiny, so it was passed over.",
    )


def test_torchs_own_average_is_read(tmp_path: Path) -> None:
    model = ResNet(SMALL["tiny"], 3)
    found = read_weights(saved(AveragedModel(model).state_dict(), tmp_path), "tiny")
    check_same(found.state, model.state_dict())
    assert not found.notes


def test_of_dinos_teacher_and_student_the_teacher_is_taken(tmp_path: Path) -> None:
    """https://github.com/facebookresearch/dino: the keys of its checkpoints; the head is not a classifier."""
    head = {"head.mlp.0.weight": torch.ones(4, WIDTH), "head.last_layer.weight_g": torch.ones(5, 1)}
    student, teacher = trunk_of(STATE), trunk_of(state_of(seed=1))
    content = {
        "student": prefixed("module.", prefixed("backbone.", student) | head),
        "teacher": prefixed("backbone.", teacher) | head,
        "args": argparse.Namespace(arch="resnet50", out_dim=5),
        "epoch": 100,
    }
    found = read_weights(saved(content, tmp_path), "tiny")
    check_same(found.state, teacher)
    assert found.notes == (
        "teacher/backbone, the teacher, is used, not student/module.backbone.",
        "Only the trunk is used; other layers (head) were left out.",
    )


@pytest.mark.parametrize("version", [1, 2])
def test_of_moco_the_query_encoder_is_taken_without_its_projection(tmp_path: Path, version: int) -> None:
    """https://github.com/facebookresearch/moco; its first version projects with one layer, named fc as a classifier."""
    query, key = trunk_of(STATE), trunk_of(state_of(seed=1))
    if version == 1:
        head: State = {"fc.weight": torch.ones(128, WIDTH), "fc.bias": torch.ones(128)}
    else:
        head = {"fc.0.weight": torch.ones(WIDTH, WIDTH), "fc.0.bias": torch.ones(WIDTH)}
        head |= {"fc.2.weight": torch.ones(128, WIDTH), "fc.2.bias": torch.ones(128)}
    state = prefixed("module.encoder_q.", query | head) | prefixed("module.encoder_k.", key | head)
    state |= {"module.queue": torch.ones(128, 4), "module.queue_ptr": torch.zeros(1, dtype=torch.long)}
    found = read_weights(saved({"epoch": 200, "arch": "resnet50", "state_dict": state}, tmp_path, "m.pth.tar"), "tiny")
    check_same(found.state, query)
    said = " ".join(found.notes)
    assert "state_dict/module.encoder_q is used, not state_dict/module.encoder_k." in said
    projection = "Its last layer module.encoder_q.fc is a projection of self-supervised training, and was left out."
    assert (projection if version == 1 else "Only the trunk is used; other layers (fc) were left out.") in said
    assert "Also left out: queue, queue_ptr." in said


def test_a_projection_of_simclr_is_left_out(tmp_path: Path) -> None:
    head = {"backbone.fc.0.weight": torch.ones(4, WIDTH), "backbone.fc.0.bias": torch.ones(4)}
    head |= {"backbone.fc.2.weight": torch.ones(2, 4), "backbone.fc.2.bias": torch.ones(2)}
    found = read_weights(saved({"state_dict": prefixed("backbone.", trunk_of(STATE)) | head}, tmp_path), "tiny")
    check_same(found.state, trunk_of(STATE))
    assert found.notes == ("Only the trunk is used; other layers (fc) were left out.",)


@pytest.mark.parametrize(
    "content",
    [
        lambda a, b: {"first": a, "second": b},
        lambda a, b: prefixed("photo.", a) | prefixed("sketch.", b),
        lambda a, b: a | prefixed("module.", b),
    ],
    ids=["tables", "prefixes", "with and without a prefix"],
)
def test_two_networks_of_the_same_kind_are_refused(tmp_path: Path, content: Callable[..., object]) -> None:
    path = saved(content(STATE, state_of(seed=1)), tmp_path)
    with pytest.raises(BundleError, match=r"w\.pth cannot be used: it holds several networks .*Save the state_dict of"):
        read_weights(path, "tiny")


def test_one_network_under_two_names_is_one_network(tmp_path: Path) -> None:
    """A module that another one also refers to stands twice in a state dict, with the same numbers in the file."""
    state = {name: tensor for name, tensor in STATE.items() if not name.startswith("fc.")}
    found = read_weights(saved(prefixed("model.", state) | prefixed("backbone.", state), tmp_path), "tiny")
    check_same(found.state, state)
    assert not found.notes


def test_the_network_that_fits_is_taken_of_two(tmp_path: Path) -> None:
    path = saved(prefixed("small.", STATE) | prefixed("large.", state_of(arch="tiny50", seed=1)), tmp_path)
    found = read_weights(path, "tiny")
    check_same(found.state, STATE)
    assert found.notes == ("small is used, not large.",)


def test_settings_of_every_usual_kind_do_not_hinder(tmp_path: Path) -> None:
    settings = {
        "args": argparse.Namespace(out=PurePosixPath("/out"), when=datetime.timedelta(hours=2), names={"a"}),
        "more": types.SimpleNamespace(seed=1),
        "best": np.float64(0.93),
        "curve": np.arange(3.0),
        "counts": defaultdict(list, {"a": [1]}),
        "torch": torch.__version__,
        "date": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
        "span": range(3),
        "shape": torch.Size([1, 2]),
        "none": frozenset({1}),
    }
    check_same(read_weights(saved({"model": STATE, **settings}, tmp_path), "tiny").state, STATE)


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("zipped", [True, False])
def test_both_formats_of_torch_and_its_protocols_are_read(tmp_path: Path, protocol: int, zipped: bool) -> None:
    content = {"state_dict": STATE, "args": argparse.Namespace(classes=["a", "b", "c"])}
    torch.save(content, tmp_path / "w.pth", pickle_protocol=protocol, _use_new_zipfile_serialization=zipped)
    found = read_weights(tmp_path / "w.pth", "tiny")
    check_same(found.state, STATE)
    assert found.classes == ("a", "b", "c")


def test_norms_without_counters_get_them(tmp_path: Path) -> None:
    """As in files from before torch 0.4.1, and of the frozen norms of detection networks."""
    old = {name: tensor for name, tensor in STATE.items() if not name.endswith("num_batches_tracked")}
    found = read_weights(saved(old, tmp_path), "tiny").state
    assert found["bn1.num_batches_tracked"].item() == 0 and found.keys() == STATE.keys()
