"""A training that was killed and resumed ends with the same bits as an uninterrupted one."""

import hashlib
import io
import json
import math
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from core.data.snapshot import Snapshot
from core.errors import RunError
from core.models.resnet import build
from core.training.checkpoint import CheckpointState
from core.training.events import Epoch, Event
from core.training.network import phases
from core.training.recipe import Recipe
from core.training.trainer import fit, prepare_phase

# Kills itself in the middle of its third epoch, as a power cut would.
KILLED = """
import os, signal, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from core.data.snapshot import Snapshot
from core.models.zoo import ARCHITECTURES, ResNetConfig
from core.training.events import Step
from core.training.recipe import Recipe
from core.training.trainer import fit
ARCHITECTURES["tiny"] = ResNetConfig("basic", (1, 1, 1, 1), width=8)
folder = Path(sys.argv[1])
recipe = Recipe.from_json((folder / "recipe.json").read_bytes())
for event in fit(Snapshot.read(folder / "snapshot.csv"), recipe, folder / "killed", cache=folder / "cache"):
    if isinstance(event, Step) and (event.epoch, event.batch) == (3, 2):
        os.kill(os.getpid(), signal.SIGKILL)
"""


def recipe(**changes: object) -> Recipe:
    base = {"arch": "tiny", "weights": "none", "train": "all", "epochs": 4, "batch_size": 8, "size": 32}
    fixed = {"device": "cpu", "precision": "fp32", "augmentation": "standard"}
    return Recipe.checked(**{**base, **fixed, **changes})


def same_end(one: Path, other: Path) -> None:
    for name in ("last", "best"):
        a, b = (load_file(run / name / "model.safetensors") for run in (one, other))
        assert all(torch.equal(a[key], b[key]) for key in a), name
    a, b = (torch.load(run / "last" / "training.pt", weights_only=True) for run in (one, other))
    assert a["standing"] == b["standing"]
    for number, memory in a["optimizer"]["state"].items():
        for key, value in memory.items():
            assert torch.equal(value, b["optimizer"]["state"][number][key])


def test_a_killed_training_goes_on_to_the_same_bits(make_snapshot: Callable[..., Snapshot], tmp_path: Path) -> None:
    snapshot, setting = make_snapshot(), recipe()
    snapshot.write(tmp_path / "snapshot.csv")
    (tmp_path / "recipe.json").write_text(setting.model_dump_json())
    root = Path(__file__).parents[2]
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=root, capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    straight = list(fit(snapshot, setting, tmp_path / "straight", cache=tmp_path / "cache"))
    resumed = list(fit(snapshot, setting, tmp_path / "killed", resume=True, cache=tmp_path / "cache"))
    same_end(tmp_path / "straight", tmp_path / "killed")

    def figures(events: list) -> list[tuple[int, float, float, bool]]:
        return [(e.epoch, e.train_loss, e.val_loss, e.best) for e in events if isinstance(e, Epoch)]

    # The second epoch is saved only if it ended some seconds after the first.
    assert figures(resumed) in (figures(straight)[1:], figures(straight)[2:])


@pytest.mark.parametrize("stop_after", [1, 2, 3])
def test_a_staged_training_stopped_anywhere_goes_on_to_the_same_bits(
    stop_after: int, make_snapshot: Callable[..., Snapshot], tmp_path: Path
) -> None:
    """Stopped within the first phase, between the two, and within the second."""
    snapshot, setting = make_snapshot(train=4, val=2), recipe(train="staged", head_epochs=2, optimizer="sgd")
    cache = tmp_path / "cache"
    list(fit(snapshot, setting, tmp_path / "straight", cache=cache))
    for event in fit(snapshot, setting, tmp_path / "stopped", cache=cache):
        if isinstance(event, Epoch) and event.epoch == stop_after:
            break
    list(fit(snapshot, setting, tmp_path / "stopped", resume=True, cache=cache))
    same_end(tmp_path / "straight", tmp_path / "stopped")


TECHNIQUES = {
    **{"ema": 0.6, "mixup": 0.4, "cutmix": 1.0, "random_erasing": 0.5, "balanced_sampling": True, "accumulation": 2},
    **{"layer_decay": 0.7, "loss": "focal", "batch_size": 4},
}


@pytest.mark.parametrize("stop_after", [1, 2, 3])
def test_with_every_technique_a_stopped_training_goes_on_to_the_same_bits(
    stop_after: int, make_snapshot: Callable[..., Snapshot], tmp_path: Path
) -> None:
    snapshot, setting = make_snapshot(train=4, val=2, extra_train=3), recipe(train="staged", **TECHNIQUES)
    cache = tmp_path / "cache"
    straight = [e for e in fit(snapshot, setting, tmp_path / "straight", cache=cache) if isinstance(e, Epoch)]
    for event in fit(snapshot, setting, tmp_path / "stopped", cache=cache):
        if isinstance(event, Epoch) and event.epoch == stop_after:
            break
    resumed = list(fit(snapshot, setting, tmp_path / "stopped", resume=True, cache=cache))
    same_end(tmp_path / "straight", tmp_path / "stopped")
    a, b = (
        torch.load(tmp_path / name / "last" / "training.pt", weights_only=True)["average"]
        for name in ("straight", "stopped")
    )
    assert a["updates"] == b["updates"] == 8
    assert all(torch.equal(a["weights"][name], b["weights"][name]) for name in a["weights"])
    last = [e for e in resumed if isinstance(e, Epoch)][-1]
    assert (last.train_loss, last.val_loss) == (straight[-1].train_loss, straight[-1].val_loss)


def test_a_checkpoint_without_averages_of_an_older_version_is_resumed(
    begun: tuple[Path, Callable[[], list[Event]]],
) -> None:
    path, resume = begun
    state = torch.load(path, weights_only=True)
    del state["average"]
    torch.save(state, path)
    write_hash(path)
    assert [event.epoch for event in resume() if isinstance(event, Epoch)] == [2]


def test_resuming_what_never_ended_an_epoch_begins_anew(make_snapshot: Callable[..., Snapshot], tmp_path: Path) -> None:
    events = fit(make_snapshot(), recipe(epochs=1), tmp_path / "run", resume=True, cache=tmp_path / "cache")
    assert [event.epoch for event in events if isinstance(event, Epoch)] == [1]


def test_another_recipe_or_other_photos_cannot_go_on(make_snapshot: Callable[..., Snapshot], tmp_path: Path) -> None:
    snapshot, cache = make_snapshot(), tmp_path / "cache"
    list(fit(snapshot, recipe(epochs=1), tmp_path / "run", cache=cache))
    with pytest.raises(RunError, match="another recipe"):
        list(fit(snapshot, recipe(epochs=2), tmp_path / "run", resume=True, cache=cache))
    with pytest.raises(RunError, match="other photos"):
        list(fit(make_snapshot(train=5), recipe(epochs=1), tmp_path / "run", resume=True, cache=cache))


@pytest.fixture
def begun(make_snapshot: Callable[..., Snapshot], tmp_path: Path) -> tuple[Path, Callable[[], list[Event]]]:
    """A training of two epochs that ended after the first: its ``training.pt``, and what resumes it."""
    snapshot, setting = make_snapshot(train=4, val=2), recipe(epochs=2)
    for event in fit(snapshot, setting, tmp_path / "run", cache=tmp_path / "cache"):
        if isinstance(event, Epoch):
            break
    return tmp_path / "run" / "last" / "training.pt", lambda: list(
        fit(snapshot, setting, tmp_path / "run", resume=True, cache=tmp_path / "cache")
    )


def test_one_flipped_bit_of_the_state_is_noticed(begun: tuple[Path, Callable[[], list[Event]]]) -> None:
    path, resume = begun
    content = bytearray(path.read_bytes())
    written = path.with_name("training.pt.sha256").read_text()
    assert written == f"{hashlib.sha256(content).hexdigest()}  training.pt\n"
    content[len(content) // 2] ^= 4
    path.write_bytes(content)
    with pytest.raises(RunError, match=r"training\.pt was changed or damaged .* Start a new run instead\.$"):
        resume()


def test_a_state_of_a_version_without_a_hash_is_resumed(begun: tuple[Path, Callable[[], list[Event]]]) -> None:
    path, resume = begun
    path.with_name("training.pt.sha256").unlink()
    assert [event.epoch for event in resume() if isinstance(event, Epoch)] == [2]


def without(names: str) -> Callable[[dict[str, Any]], None]:
    """Return what deletes a value of a nested dict."""

    def delete(state: dict[str, Any]) -> None:
        *outer, last = names.split(".")
        for name in outer:
            state = state[int(name) if name.isdigit() else name]
        del state[int(last) if last.isdigit() else last]

    return delete


def with_(names: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Return what sets a value of a nested dict."""

    def put(state: dict[str, Any]) -> None:
        *outer, last = names.split(".")
        for name in outer:
            state = state[int(name) if name.isdigit() else name]
        state[int(last) if last.isdigit() else last] = value

    return put


ODD_STATES: dict[str, Callable[[dict[str, Any]], None]] = {
    "no epoch": without("epoch"),
    "epoch as text": with_("epoch", "1"),
    "epoch 0": with_("epoch", 0),
    "epoch beyond the end": with_("epoch", 10**30),
    "phase -1": with_("phase", -1),
    "finished as a number": with_("finished", 0),
    "standing as a list": with_("standing", [1.0]),
    "standing of texts": with_("standing.score", "high"),
    "standing not a number": with_("standing.loss", math.nan),
    "standing of other fields": with_("standing.momentum", 1.0),
    "no optimizer": with_("optimizer", None),
    "no memory": without("optimizer.state.0"),
    "memory of an unknown parameter": with_("optimizer.state.999", {}),
    "memory as a list": with_("optimizer.state.0", []),
    "memory of another shape": with_("optimizer.state.0.exp_avg", torch.zeros(3)),
    "memory of one value for all": with_("optimizer.state.0.exp_avg", torch.zeros(1).expand(8, 3, 7, 7)[..., :1]),
    "memory of whole numbers": with_("optimizer.state.0.exp_avg", torch.zeros(8, 3, 7, 7, dtype=torch.int8)),
    "sparse memory": with_("optimizer.state.0.exp_avg", torch.zeros(8, 3, 7, 7).to_sparse()),
    "memory not a number": with_("optimizer.state.0.exp_avg", torch.full((8, 3, 7, 7), math.nan)),
    "memory of another optimizer": with_("optimizer.state.0", {"momentum_buffer": torch.zeros(1)}),
    "memory of no optimizer": with_("optimizer.state.0", {"square_avg": torch.zeros(8, 3, 7, 7)}),
    "scale as text": with_("scaler", "large"),
    "averages of a recipe without": with_("average", {"updates": 1, "weights": {}}),
}


def test_an_odd_state_is_one_sentence(begun: tuple[Path, Callable[[], list[Event]]]) -> None:
    path, resume = begun
    sound = path.read_bytes()
    for name, change in ODD_STATES.items():
        state = torch.load(io.BytesIO(sound), weights_only=True)
        change(state)
        torch.save(state, path)
        write_hash(path)
        with pytest.raises(RunError, match=r"cannot be resumed\. Start a new run instead\.$"):
            resume()
            pytest.fail(name)
    for content in (b"", b"no state", sound[:100], pickle.dumps({"epoch": 1}, 2), pickle.dumps(Path("x"), 2)):
        path.write_bytes(content)
        write_hash(path)
        with pytest.raises(RunError, match=r"cannot be resumed\. Start a new run instead\.$"):
            resume()
    # Odd options of the optimizer do not matter: they follow from the recipe.
    state = torch.load(io.BytesIO(sound), weights_only=True)
    state["optimizer"]["param_groups"] = [{"lr": "fast", "betas": None}]
    torch.save(state, path)
    write_hash(path)
    assert [event.epoch for event in resume() if isinstance(event, Epoch)] == [2]


def write_hash(path: Path) -> None:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_name("training.pt.sha256").write_text(f"{digest}  training.pt\n")


class Boundary:
    """What ``prepare_phase`` needs of a run in fp16 that was interrupted between its two phases."""

    def __init__(self, state: CheckpointState, scaler: torch.amp.GradScaler) -> None:
        self.recipe, self.state, self.accelerator, self.scaler = recipe(train="staged"), state, self, scaler
        self.model, self.device, self.log = build("tiny", 2), torch.device("cpu"), print

    def prepare(self, *both: Any, device_placement: list[bool]) -> tuple[Any, ...]:
        return both


@pytest.mark.parametrize("epoch", [1, 2])
def test_the_loss_scale_of_fp16_is_kept_within_a_phase_and_between_two(epoch: int) -> None:
    """The scale was lost when a training was resumed exactly at the boundary of two phases."""
    first, second = phases(recipe(train="staged", head_epochs=2))
    scaler = torch.amp.GradScaler("cpu")
    saved = {**scaler.state_dict(), "scale": 128.0, "_growth_tracker": 7}
    run: Any = Boundary(CheckpointState(epoch, 0, False, {}, {"state": {}}, saved), scaler)
    if epoch == 1:
        prepare_phase(run, first, 0)
    else:
        prepare_phase(run, second, 1)
    assert (scaler.get_scale(), scaler.state_dict()["_growth_tracker"]) == (128.0, 7)
    scaler.scale(torch.ones(1))
    scaler.update(256.0)
    if epoch == 1:
        prepare_phase(run, second, 1)
        assert scaler.get_scale() == 256.0, "what it has become meanwhile is kept"
    for odd in (math.nan, -1.0, "much", None):
        run.state = CheckpointState(2, 0, False, {}, {"state": {}}, {**saved, "scale": odd})
        with pytest.raises(RunError, match="loss scale"):
            prepare_phase(run, second, 1)


FULL = """
import resource, signal, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from core.data.snapshot import Snapshot
from core.errors import StorageError
from core.models.zoo import ARCHITECTURES, ResNetConfig
from core.training.events import Epoch
from core.training.recipe import Recipe
from core.training.trainer import fit
ARCHITECTURES["tiny"] = ResNetConfig("basic", (1, 1, 1, 1), width=8)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
folder = Path(sys.argv[1])
recipe = Recipe.from_json((folder / "recipe.json").read_bytes())
for name in ("bundle", "state"):
    events = fit(Snapshot.read(folder / "snapshot.csv"), recipe, folder / name, cache=folder / "cache")
    try:
        for event in events:
            if isinstance(event, Epoch):
                # The state is larger than the bundle: with the second limit it fails alone.
                file = "model.safetensors" if name == "bundle" else "training.pt"
                size = (folder / name / "last" / file).stat().st_size
                resource.setrlimit(resource.RLIMIT_FSIZE, (size - 1000, resource.RLIM_INFINITY))
    except StorageError as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print([name for name in ("torch._dynamo", "torch.distributed.fsdp", "sympy") if name in sys.modules])
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a limit of the file size stands for a full disk")
def test_a_full_disk_is_a_sentence_and_the_epoch_before_can_be_resumed(
    make_snapshot: Callable[..., Snapshot], tmp_path: Path
) -> None:
    snapshot, setting = make_snapshot(train=4, val=2), recipe(epochs=3, augmentation="none")
    snapshot.write(tmp_path / "snapshot.csv")
    (tmp_path / "recipe.json").write_text(setting.model_dump_json())
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", FULL, str(tmp_path)], cwd=root, capture_output=True, text=True)
    sentence = (
        "The disk is full, so this epoch could not be saved; the epochs before it are kept. "
        "Free some space, then resume the run."
    )
    *said, compilers = done.stdout.splitlines()
    assert said == [sentence, sentence], done.stderr
    assert compilers == "[]", "they take three seconds and 140 MB, and only torchvision's augmentations need them"
    for name in ("bundle", "state"):
        assert sorted(path.name for path in (tmp_path / name).iterdir()) == ["best", "epochs", "last"]
        resumed = fit(snapshot, setting, tmp_path / name, resume=True, cache=tmp_path / "cache")
        assert [event.epoch for event in resumed if isinstance(event, Epoch)] == [2, 3]


def test_a_setting_that_is_newer_than_the_run_does_not_stop_it(
    make_snapshot: Callable[..., Snapshot], tmp_path: Path
) -> None:
    snapshot, setting, cache = make_snapshot(), recipe(epochs=2), tmp_path / "cache"
    for event in fit(snapshot, setting, tmp_path / "run", cache=cache):
        if isinstance(event, Epoch):
            break
    path = tmp_path / "run" / "last" / "bundle.json"
    info = json.loads(path.read_text())
    del info["recipe"]["patience"]
    path.write_text(json.dumps(info))
    resumed = fit(snapshot, setting, tmp_path / "run", resume=True, cache=cache)
    assert [event.epoch for event in resumed if isinstance(event, Epoch)] == [2]
