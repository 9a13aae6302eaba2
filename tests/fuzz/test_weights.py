"""No weight file of a stranger ends in a traceback, takes long or takes much memory."""

import json
import os
import random
import subprocess
import sys
from itertools import pairwise
from typing import Any

import pytest

from core.workspace import REPOSITORY
from tests.fuzz import hostile_weights

# Bits may be flipped in the numbers themselves; only a hash can tell that, and these files have none.
MAY_LOAD = ("flip",)
# Messages about files from package registries are half a sentence, which NotFetched completes.
HALF_SENTENCES = ".tgz"

LONGEST_SECONDS = 30
MOST_EXTRA_MB = 600


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("hostile")
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.hostile_weights", str(folder)],
        cwd=REPOSITORY,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_every_hostile_weight_file_is_refused_with_a_sentence(outcomes: list[dict[str, Any]]) -> None:
    assert len(outcomes) > 240
    traced = [one for one in outcomes if one["error"] is not None and not one["studio"]]
    assert not traced, "these are tracebacks for a user"
    loaded = [one["name"] for one in outcomes if one["error"] is None and not any(n in one["name"] for n in MAY_LOAD)]
    assert not loaded, "these were taken as sound"
    for one in outcomes:
        if one["error"] is None:
            continue
        assert one["text"].isprintable() and len(one["text"]) < 600, one
        assert one["text"].endswith(".") or one["name"].endswith(HALF_SENTENCES), one
        assert one["error"] in ("BundleError", "UnknownArchitecture", "SourceFailed"), one


def test_no_hostile_weight_file_takes_long(outcomes: list[dict[str, Any]]) -> None:
    slow = [one for one in outcomes if one["seconds"] > LONGEST_SECONDS]
    assert not slow


def test_no_hostile_weight_file_takes_much_memory(outcomes: list[dict[str, Any]]) -> None:
    before, after = outcomes[0]["peak_mb"], outcomes[-1]["peak_mb"]
    jumps = {b["name"]: b["peak_mb"] for a, b in pairwise(outcomes) if b["peak_mb"] > a["peak_mb"]}
    assert after - before < MOST_EXTRA_MB, jumps


def test_the_files_are_the_same_every_time() -> None:
    for cases in (hostile_weights.safetensors_cases, hostile_weights.torch_cases, hostile_weights.keras_cases):
        one, other = (dict(cases(random.Random(hostile_weights.SEED))) for _ in range(2))
        assert [name for name in one if "flip" in name and one[name] != other[name]] == []
