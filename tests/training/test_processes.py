"""The same recipe trains the same in one process and in several, as torchrun and accelerate launch start them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from core.data.snapshot import BOX_COLUMNS, SIZE_COLUMNS, Snapshot
from core.errors import RecipeError
from core.models.bundle import read_info
from core.models.resnet import build
from core.models.zoo import ARCHITECTURES, ResNetConfig
from core.training.events import Epoch
from core.training.network import SharedBatchNorm, share_batchnorm
from core.training.recipe import Recipe
from core.training.setup import check_processes
from core.training.trainer import fit
from tests.training.conftest import two_colors

WORKER = """
import json, os, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from core.data.snapshot import Snapshot
from core.models.zoo import ARCHITECTURES, ResNetConfig
from core.training.events import Epoch
from core.training.recipe import Recipe
from core.training.trainer import fit
ARCHITECTURES["tiny"] = ResNetConfig("basic", (1, 1, 1, 1), width=8)
folder, where, *wanted = Path(sys.argv[1]), *sys.argv[2:]
renamed = []
sys.addaudithook(lambda event, words: renamed.append(str(words[1])) if event == "os.rename" else None)
for name, values in json.loads((folder / "cases.json").read_text()).items():
    recipe = Recipe.from_json(json.dumps(values))
    if name not in wanted:
        continue
    task = "boxes" if name == "boxes" else "classes"
    snapshot, run = Snapshot.read(folder / f"{task}.csv"), folder / where / name
    lines = []
    for event in fit(snapshot, recipe, run, resume=name == "more", log=lines.append, cache=folder / "cache"):
        if name in ("resumed", "fewer") and isinstance(event, Epoch):
            break
    if name == "resumed":
        list(fit(snapshot, recipe, run, resume=True, log=lines.append, cache=folder / "cache"))
    if lines:
        print("first process:", name)
        (run / "log.txt").write_text("\\n".join(lines))
own = [path for path in renamed if path.startswith(str(folder / where))]
(folder / f"renamed-{where}-{os.environ['RANK']}.json").write_text(json.dumps(own))
"""

SMALL = {"arch": "tiny", "batch_size": 8, "size": 32, "device": "cpu", "precision": "fp32", "epochs": 2}
CASES: dict[str, dict[str, Any]] = {
    "head": {"train": "head"},
    "layer4": {"train": "layer4"},
    "staged": {"train": "staged", "epochs": 3, "interpolate": True, "head_size": 48},
    "all": {"train": "all"},
    "boxes": {"train": "all", "mode": "letterbox"},
    "resumed": {"train": "all", "optimizer": "sgd"},
    # Begun in two processes and resumed in one, and the other way round.
    "fewer": {"train": "all"},
    "more": {"train": "all"},
}


def environment() -> dict[str, str]:
    own = {"PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    return {**os.environ, **own}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trainings of all cases, in two processes under ``several`` and in one under ``one``."""
    folder = tmp_path_factory.mktemp("processes")
    classes = two_colors(folder / "images", train=13, val=7)
    frame = classes.frame.assign(image_width=64, image_height=48)
    for place, column in enumerate(BOX_COLUMNS):
        frame[column] = [8 + (7 * row + 5 * place) % 20 for row in range(len(frame))]
    boxes = Snapshot(frame, classes.classes, "localization")
    assert set(SIZE_COLUMNS) < set(boxes.frame.columns)
    classes.write(folder / "classes.csv")
    boxes.write(folder / "boxes.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ARCHITECTURES, "tiny", ResNetConfig("basic", (1, 1, 1, 1), width=8))
        torch.manual_seed(0)
        save_file({k: v.contiguous() for k, v in build("tiny", 7).state_dict().items()}, folder / "weights.safetensors")
        recipes = {
            name: Recipe.checked(**SMALL | {"weights": str(folder / "weights.safetensors")} | changes)
            for name, changes in CASES.items()
        }
        (folder / "cases.json").write_text(json.dumps({n: r.model_dump(mode="json") for n, r in recipes.items()}))
        (folder / "worker.py").write_text(WORKER)
        launch = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
        for event in fit(classes, recipes["more"], folder / "several" / "more", cache=folder / "cache"):
            if isinstance(event, Epoch):
                break
        done = subprocess.run(
            [*launch, str(folder / "worker.py"), str(folder), "several", *CASES],
            env=environment(),
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines() == [f"first process: {name}" for name in CASES]
        list(fit(classes, recipes["fewer"], folder / "several" / "fewer", resume=True, cache=folder / "cache"))
        for name, recipe in recipes.items():
            list(fit(boxes if name == "boxes" else classes, recipe, folder / "one" / name, cache=folder / "cache"))
    return folder


@pytest.mark.parametrize("case", CASES)
def test_two_processes_train_what_one_trains(case: str, folder: Path) -> None:
    """Also where BatchNorm learns: its mean and variance are those of both processes' photos together."""
    one, several = (load_file(folder / name / case / "last" / "model.safetensors") for name in ("one", "several"))
    # Measured: 2e-6, for boxes 1e-4.
    tolerance = 1e-3 if case == "boxes" else 2e-5
    for name in one:
        torch.testing.assert_close(several[name], one[name], rtol=0, atol=tolerance, msg=f"{case}: {name}")
    figures = [read_info(folder / name / case / "last").metrics for name in ("one", "several")]
    assert figures[1] == pytest.approx(figures[0], abs=1e-5)


def test_accelerate_launch_trains_what_torchrun_trains(folder: Path, tmp_path: Path) -> None:
    """Its --multi_gpu starts processes on the CPU too; with --cpu, it starts several only through MPI.

    The device is auto: without a GPU, each process once trained alone, and both wrote the same files.
    """
    values = json.loads((folder / "cases.json").read_text())["all"]
    for name in ("cases.json", "classes.csv"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / "cases.json").write_text(json.dumps({"all": values | {"device": "auto"}}))
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"]
    ours = ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"]
    done = subprocess.run(
        [*launch, *ours, str(folder / "worker.py"), str(tmp_path), "launched", "all"],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["first process: all"]
    assert "in 2 processes" in (tmp_path / "launched" / "all" / "log.txt").read_text()
    launched = load_file(tmp_path / "launched" / "all" / "last" / "model.safetensors")
    for name, tensor in load_file(folder / "several" / "all" / "last" / "model.safetensors").items():
        torch.testing.assert_close(launched[name], tensor, rtol=0, atol=2e-5, msg=name)
    assert json.loads((tmp_path / "renamed-launched-1.json").read_text()) == []


def test_the_first_process_alone_writes_checkpoints(folder: Path) -> None:
    first, second = (json.loads((folder / f"renamed-several-{rank}.json").read_text()) for rank in (0, 1))
    assert any("last" in path for path in first) and any("best" in path for path in first)
    assert second == []


def test_two_processes_refine_their_model_as_one_does(folder: Path) -> None:
    """Mixed weights and a refitted head, from the best epoch's weights of the first process."""
    one, several = (load_file(folder / name / "staged" / "best" / "model.safetensors") for name in ("one", "several"))
    for name in one:
        # The head is fitted to its optimum on vectors that differ in rounding, with a small penalty.
        tolerance = 0.05 if name.startswith("fc.") else 2e-5
        torch.testing.assert_close(several[name], one[name], rtol=0, atol=tolerance, msg=name)
    figures = [read_info(folder / name / "staged" / "best").metrics for name in ("one", "several")]
    assert {"interpolation", "head_size"} <= set(figures[0]) and figures[1] == pytest.approx(figures[0], abs=1e-3)


@pytest.mark.parametrize("case", CASES)
def test_the_log_says_what_several_processes_share(case: str, folder: Path) -> None:
    log = (folder / "several" / case / "log.txt").read_text()
    assert "in 2 processes" in log
    assert "BatchNorm layers that are trained see the photos of all processes together, as in one process." in log


class OneOfTwo:
    """What share_batchnorm asks of Accelerate."""

    num_processes = 2

    def __init__(self, device: str) -> None:
        self.device = torch.device(device)


@pytest.mark.parametrize(("device", "kind"), [("cuda", torch.nn.SyncBatchNorm), ("cpu", SharedBatchNorm)])
def test_gpus_use_torchs_own_shared_batchnorm(
    device: str, kind: type[torch.nn.Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.distributed.is_initialized", lambda: True)
    model = build("tiny", 2)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    assert "all processes together" in share_batchnorm(model, OneOfTwo(device))  # type: ignore[arg-type]
    norms = [module for name, module in model.named_modules() if "bn" in name or "downsample.1" in name]
    assert len(norms) == 12 and all(type(norm) is kind for norm in norms)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    model.eval()
    plain = build("tiny", 2).eval()
    plain.load_state_dict(before)
    x = torch.randn(2, 3, 32, 32)
    assert torch.equal(model(x), plain(x)), "what is evaluated stays the same"


def test_a_device_without_shared_batchnorm_says_so() -> None:
    model = build("tiny", 2)
    sentence = share_batchnorm(model, OneOfTwo("cpu"))  # type: ignore[arg-type]
    assert "only the photos of their own process" in sentence
    assert type(model.bn1) is torch.nn.BatchNorm2d


def test_too_few_photos_for_so_many_processes_are_told() -> None:
    check_processes(Recipe(batch_size=8), n=8, processes=4)
    check_processes(Recipe(batch_size=2), n=2, processes=1)
    for recipe, n in ((Recipe(batch_size=6), 100), (Recipe(batch_size=32), 7)):
        with pytest.raises(RecipeError, match="at least 8 of both"):
            check_processes(recipe, n, processes=4)
