"""The learning-rate finder: it finds the decade of a known good rate, and leaves nothing behind."""

import json
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, TypeVar

import pytest
import torch

from core.data.snapshot import Snapshot
from core.errors import RecipeError
from core.progress import Progress
from core.training.events import Epoch
from core.training.recipe import Recipe
from core.training.techniques.rate_finder import STEPS, compute, find_rate, range_test, suggested_rate
from core.training.trainer import fit

T = TypeVar("T")


def ended(search: Generator[Progress, None, T]) -> tuple[list[Progress], T]:
    """Return all progress and the result."""
    seen = []
    while True:
        try:
            seen.append(next(search))
        except StopIteration as end:
            return seen, end.value


@pytest.mark.parametrize("steepness", [0.3, 4.0, 300.0])
def test_it_finds_the_decade_below_the_best_rate_of_a_quadratic(steepness: float) -> None:
    """Gradient descent on steepness / 2 * x² is best with a rate of 1 / steepness and diverges beyond twice that."""
    place = torch.tensor([3.0, -2.0])

    def step(number: int, rate: float) -> float:
        loss = float(steepness / 2 * (place**2).sum())
        place.sub_(rate * steepness * place)
        return loss

    seen, found = ended(range_test(step, 1))
    assert found.suggestion is not None
    assert 0.05 / steepness < found.suggestion < 1 / steepness
    assert found.rates[-1] < 30 / steepness, "it ends soon after the loss has grown"
    assert seen[-1].total == 1 + STEPS
    assert all(a < b for a, b in zip(found.rates, found.rates[1:], strict=False))


def test_batches_of_different_difficulty_make_no_noise() -> None:
    """Each loss counts relative to the first loss of its own batch."""
    levels = (1.0, 9.0, 4.0)
    _, found = ended(range_test(lambda number, rate: levels[number % 3], 3))
    assert found.losses == pytest.approx([14 / 3] * STEPS)
    assert found.suggestion is None, "the loss never fell"


def test_the_suggestion_is_where_the_loss_falls_fastest() -> None:
    rates = [10 ** (-5 + number / 12) for number in range(60)]
    losses = [1.0 if rate < 1e-3 else 0.8 if rate < 2e-3 else 0.2 if rate < 0.1 else 50.0 for rate in rates]
    found = suggested_rate(rates, losses)
    assert found is not None and 1e-3 < found < 3e-3
    assert suggested_rate([], []) is None
    assert suggested_rate([1e-5], [1.0]) is None


def recipe(**changes: object) -> Recipe:
    base = {"arch": "tiny", "weights": "none", "train": "head", "epochs": 1, "batch_size": 8, "size": 32}
    return Recipe.checked(**{**base, "device": "cpu", "precision": "fp32", **changes})


@pytest.mark.parametrize("changes", [{"train": "all", "optimizer": "sgd"}, {"train": "staged", "epochs": 2}])
def test_it_finds_a_rate_for_a_network_and_leaves_all_as_it_was(
    make_snapshot: Callable[..., Snapshot], tmp_path: Path, changes: dict[str, Any]
) -> None:
    snapshot, setting, cache = make_snapshot(train=6, val=2), recipe(**changes), tmp_path / "cache"
    (before,) = [e for e in fit(snapshot, setting, cache=tmp_path / "other") if isinstance(e, Epoch)][:1]
    random = torch.get_rng_state()
    seen, found = ended(find_rate(snapshot, setting, cache))
    assert torch.equal(torch.get_rng_state(), random)
    assert {path.name for path in tmp_path.iterdir()} <= {"images", "other", "cache", "vectors", "maps", "kept"}
    (after,) = [e for e in fit(snapshot, setting, cache=tmp_path / "other") if isinstance(e, Epoch)][:1]
    assert (after.train_loss, after.val_loss) == (before.train_loss, before.val_loss)
    assert found.suggestion is not None and 1e-4 < found.suggestion < 3
    assert min(found.losses) < found.losses[0]
    assert {one.phase for one in seen} >= {"trying learning rates"}
    _, again = ended(find_rate(snapshot, setting, cache))
    assert again == found


def test_the_worker_task_reads_its_files_and_answers_in_json(
    make_snapshot: Callable[..., Snapshot], tmp_path: Path
) -> None:
    snapshot, folder = make_snapshot(train=4, val=2), tmp_path / "request"
    folder.mkdir()
    snapshot.write(folder / "snapshot.csv")
    (folder / "recipe.json").write_text(recipe().model_dump_json())
    seen: list[Progress] = []
    found = compute({"folder": str(folder), "cache": str(tmp_path / "cache")}, seen.append)
    assert set(found) == {"rates", "losses", "suggestion"}
    assert json.loads(json.dumps(found)) == found
    assert seen[-1].phase == "trying learning rates"


def test_logistic_regression_has_no_rate_to_find(make_snapshot: Callable[..., Snapshot], tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="optimizer is logistic"):
        ended(find_rate(make_snapshot(), recipe(optimizer="logistic"), tmp_path / "cache"))
