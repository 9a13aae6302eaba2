"""An experiment computed from arguments that went through JSON is the same as one computed directly."""

import json
from pathlib import Path

import pytest

from core.lessons import experiments
from core.lessons.experiments import compute, photos_input, snapshot_input, steps_of
from core.lessons.preprocessing import LabelledPhotos
from core.lessons.result_cache import cached
from core.lessons.sample_birds import bird_snapshot
from core.lessons.skips import TrainingSettings
from core.lessons.skips_training import sample_photos, train_both
from core.progress import Progress
from core.workspace import Workspace
from tests.lessons.experiment_steps import run_to_end

SETTING = TrainingSettings(size=8, width=4, epochs=1)
ARGUMENTS = {"version": 1, "depth": 8, "seed": 0, **vars(SETTING)}


def test_photos_arrive_with_their_digests() -> None:
    snapshot = bird_snapshot()
    sent = json.loads(json.dumps(snapshot_input(snapshot)))
    assert experiments._snapshot(sent).digest == snapshot.digest
    photos = LabelledPhotos.of(snapshot.frame)
    assert experiments._photos({"photos": photos.digest}, json.loads(json.dumps(photos_input(photos)))) == photos


def test_the_table_is_that_of_the_experiment_and_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Progress] = []
    task = {"workspace": str(tmp_path), "experiment": "skips", "arguments": ARGUMENTS, "inputs": {}}
    compute(json.loads(json.dumps(task)), seen.append)
    kept = cached(Workspace(tmp_path), "skips", ARGUMENTS)
    assert kept is not None
    _, direct = run_to_end(train_both(8, 0, sample_photos(8), SETTING))
    assert list(kept["loss"]) == pytest.approx(list(direct["loss"]), rel=1e-4)
    assert seen[0] == Progress("loading", 0, None)
    monkeypatch.setattr(experiments, "steps_of", lambda *_: pytest.fail("computed although it is there"))
    compute(task, seen.append)


def test_every_experiment_begins_with_the_arguments_of_its_lesson(tmp_path: Path) -> None:
    """Nothing is computed here: torch and photos are loaded after the first report."""
    for name in experiments._EXPERIMENTS:
        assert next(steps_of(name, {}, {}, tmp_path)) == Progress("loading", 0, None)
