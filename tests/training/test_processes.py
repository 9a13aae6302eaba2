"""The same recipe means the same in one process and in several, as torchrun and accelerate launch start them."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from core.data.snapshot import Snapshot
from core.errors import RecipeError
from core.models.bundle import read_info
from core.models.resnet import build
from core.training.recipe import Recipe
from core.training.setup import check_processes
from core.training.trainer import fit

WORKER = """
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from core.data.snapshot import Snapshot
from core.models.zoo import ARCHITECTURES, ResNetConfig
from core.training.recipe import Recipe
from core.training.trainer import fit
ARCHITECTURES["tiny"] = ResNetConfig("basic", (1, 1, 1, 1), width=8)
folder = Path(sys.argv[1])
recipe = Recipe.from_json((folder / "recipe.json").read_bytes())
snapshot = Snapshot.read(folder / "snapshot.csv")
list(fit(snapshot, recipe, folder / "several", log=lambda line: print("log:", line), cache=folder / "cache"))
"""


def test_two_processes_train_what_one_trains(make_snapshot: Callable[..., Snapshot], tmp_path: Path) -> None:
    snapshot = make_snapshot(train=13, val=7)
    torch.manual_seed(0)
    state = {name: tensor.contiguous() for name, tensor in build("tiny", 7).state_dict().items()}
    save_file(state, tmp_path / "weights.safetensors")
    setting = Recipe.checked(
        arch="tiny",
        weights=str(tmp_path / "weights.safetensors"),
        epochs=2,
        batch_size=8,
        size=32,
        device="cpu",
        precision="fp32",
    )
    snapshot.write(tmp_path / "snapshot.csv")
    (tmp_path / "recipe.json").write_text(setting.model_dump_json())
    (tmp_path / "worker.py").write_text(WORKER)
    root = Path(__file__).parents[2]
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    done = subprocess.run(
        [*launch, str(tmp_path / "worker.py"), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(root), "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("in 2 processes") == 1, "the first process alone writes the log"
    list(fit(snapshot, setting, tmp_path / "one", cache=tmp_path / "cache"))
    one, several = (load_file(tmp_path / name / "last" / "model.safetensors") for name in ("one", "several"))
    for name in one:
        torch.testing.assert_close(several[name], one[name], rtol=0, atol=1e-6)
    figures = [read_info(tmp_path / name / "last").metrics for name in ("one", "several")]
    assert figures[1] == pytest.approx(figures[0], abs=1e-6)


def test_too_few_photos_for_so_many_processes_are_told() -> None:
    check_processes(Recipe(batch_size=8), n=8, processes=4)
    check_processes(Recipe(batch_size=2), n=2, processes=1)
    for recipe, n in ((Recipe(batch_size=6), 100), (Recipe(batch_size=32), 7)):
        with pytest.raises(RecipeError, match="at least 8 of both"):
            check_processes(recipe, n, processes=4)
