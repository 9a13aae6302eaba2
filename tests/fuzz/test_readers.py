"""No data set of a stranger ends in a traceback, takes long or takes much memory."""

import json
import os
import random
import subprocess
import sys
from itertools import pairwise
from typing import Any

import pytest

from core.workspace import REPOSITORY
from tests.fuzz import hostile_inputs

LONGEST_SECONDS = 10
"""Of processor time, of which a busy machine takes no more; none takes two today."""

MOST_EXTRA_MB = 500
REFUSED = (
    "yaml-aliases", "yaml-merge", "yaml-int-tag", "yaml-python", "yaml-hundred-thousand", "yaml-huge-number",
    "yaml-negative", "yaml-nested", "yaml-deep-lists", "yaml-deep-dashes", "yaml-long-name", "yaml-binary",
    "yaml-large", "yaml-many", "yaml-two-documents", "coco-categories", "coco-lists", "manifest-classes", "csv-labels",
    "csv-rows", "csv-excel", "voc-classes", "image-JPEG2000-89mp", "image-scans", "image-bomb-64k", "image-bomb-2g",
    "image-png-text", "image-eps", "image-heic", "npz-version-9", "npz-claims", "npz-objects", "npz-code",
    "npz-deep", "npz-many-classes", "npz-not", "h5-huge", "zip-cut", "zip-not", "zip-nothing",
)  # fmt: skip
"""Cases that no reader may take as sound; in others a flipped byte cannot be told from a right one."""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("hostile")
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.hostile_inputs", str(folder)],
        cwd=REPOSITORY,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_every_hostile_data_set_ends_in_a_sentence_or_is_read(outcomes: list[dict[str, Any]]) -> None:
    assert len(outcomes) > 230
    traced = [(one["name"], one["trace"]) for one in outcomes if not one["studio"]]
    assert not traced, "these are tracebacks for a user"
    for one in outcomes:
        for text in [one["text"], *one["texts"]]:
            assert len(text) < 1_000, one["name"]
            text.encode("utf-8")  # what a page or a database cannot encode ends in a traceback there
        if one["error"] not in (None, "ImageRefused"):  # the reason of a refused photo is half a sentence
            assert one["text"].endswith((".", "for example: filename,label")), one


def test_what_could_do_harm_is_refused(outcomes: list[dict[str, Any]]) -> None:
    error_of = {one["name"]: one["error"] for one in outcomes}
    assert [name for name in REFUSED if error_of[name] is None] == []


def test_sound_parts_of_hostile_data_sets_are_read(outcomes: list[dict[str, Any]]) -> None:
    imported = {one["name"]: one["imported"] for one in outcomes}
    assert imported["yaml-date"] == imported["coco-bad-boxes"] == 1
    assert imported["zip-bomb"] == 1, "the photo beside the bomb"
    assert {"image-icc", "image-exif", "image-odd-icc"} <= {one["name"] for one in outcomes if one["error"] is None}


def test_no_hostile_data_set_takes_long(outcomes: list[dict[str, Any]]) -> None:
    assert [(one["name"], one["seconds"]) for one in outcomes if one["seconds"] > LONGEST_SECONDS] == []


def test_no_hostile_data_set_takes_much_memory(outcomes: list[dict[str, Any]]) -> None:
    before, after = outcomes[0]["peak_mb"], outcomes[-1]["peak_mb"]
    jumps = {b["name"]: b["peak_mb"] for a, b in pairwise(outcomes) if b["peak_mb"] > a["peak_mb"]}
    assert after - before < MOST_EXTRA_MB, jumps


def test_the_cases_are_the_same_every_time() -> None:
    for family in (hostile_inputs.voc_cases, hostile_inputs.zip_cases):
        one, other = ([*family(random.Random(hostile_inputs.SEED))] for _ in range(2))
        assert [name for (name, _, files), again in zip(one, other, strict=True) if files != again[2]] == []
