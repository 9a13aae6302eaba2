"""The command cache: what it shows, its limit, and what it deletes."""

import json
import os
import time
from pathlib import Path

import pytest

from core.workspace import open_workspace
from tests.cli.conftest import Core


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A workspace for this test alone."""
    return tmp_path / "home"


@pytest.fixture
def maps(home: Path) -> Path:
    """Five megabytes of feature maps, last used an hour ago."""
    folder = open_workspace(home).cache / "maps" / "net" / "fp32" / "original" / "layer3"
    folder.mkdir(parents=True)
    path = folder / "one.npy"
    path.write_bytes(bytes(5_000_000))
    os.utime(path, (time.time() - 3600,) * 2)
    return path


def test_it_shows_what_the_caches_hold_and_their_limit(here: Core, maps: Path) -> None:
    done = here("cache")
    assert (done.returncode, done.stderr) == (0, "")
    first, second = done.stdout.splitlines()
    assert first == "     5 MB  feature maps"
    assert second.startswith("5 MB of ") and second.endswith(" GB (the default)")


def test_a_limit_is_kept_and_cleaning_deletes_what_is_over_it(here: Core, maps: Path) -> None:
    done = here("cache", "--limit", "0.001")
    assert done.stdout.splitlines()[-1] == "5 MB of 1 MB (chosen)"
    assert done.stderr == "This is over the limit. --clean deletes what has not been used for longest.\n"
    assert maps.exists()
    found = json.loads(here("cache", "--clean", "--json").stdout)
    assert found["deleted"] == {"files": 1, "bytes": 5_000_000} and not maps.exists()
    assert (found["bytes"]["total"], found["limit_bytes"], found["limit_source"]) == (0, 1_000_000, "setting")


def test_everything_is_deleted_with_empty(here: Core, maps: Path) -> None:
    assert here("cache", "--empty").stdout.splitlines()[0] == "Deleted 1 file, 5 MB."
    assert not maps.exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["--limit", "-1"],
            "The limit is '-1.0', but must be a number of gigabytes, such as 20, or 0 to keep nothing.",
        ),
        (["--clean", "--empty"], "--clean and --empty contradict each other. Use one of them."),
    ],
)
def test_a_wrong_option_is_one_sentence(here: Core, words: list[str], sentence: str) -> None:
    done = here("cache", *words)
    assert (done.returncode, done.stderr) == (2, sentence + "\n")
