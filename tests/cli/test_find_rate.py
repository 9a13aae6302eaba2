"""The command find-rate: a suggestion as text or JSON, and nothing is trained that stays."""

import json
from pathlib import Path

from tests.cli.conftest import TINY, Core


def test_find_rate_suggests_a_rate_and_makes_no_run(here: Core, labels: Path, home: Path) -> None:
    before = sorted(path.name for path in labels.parent.iterdir())
    words = [
        "find-rate",
        labels,
        "--images",
        labels.parent / "images",
        *TINY,
        "--optimizer",
        "adamw",
        "--train",
        "head",
    ]
    done = here(*words, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found) == {"rates", "losses", "suggestion"}
    assert len(found["rates"]) == len(found["losses"]) > 20
    assert found["suggestion"] is None or found["rates"][0] < found["suggestion"] < found["rates"][-1]
    assert sorted(path.name for path in labels.parent.iterdir()) == before
    assert not list((home / "runs").glob("[!.]*"))


def test_find_rate_reports_wrong_settings_and_those_without_a_rate(here: Core, labels: Path) -> None:
    logistic = [*TINY, "--optimizer", "logistic", "--train", "head"]
    done = here("find-rate", labels, "--images", labels.parent / "images", *logistic)
    assert done.returncode == 2
    assert "optimizer is logistic" in done.stderr
    assert here("find-rate", labels, "--mixup", "-1").stderr.startswith("The recipe is not valid: mixup is")
