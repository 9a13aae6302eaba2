"""The command live: a recording's answers as CSV, and the alarms with their times."""

import csv
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Core
from tests.inspection.conftest import CLASSES, photo, write_bundle
from tests.runs.conftest import SMALLEST


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Ten frames of one photo and ten of another."""
    (tmp_path / "frames").mkdir()
    for number in range(20):
        photo(1 if number < 10 else 2).save(tmp_path / "frames" / f"{number}.png")
    return tmp_path / "frames"


def test_a_recording_is_answered_and_its_alarms_are_told(here: Core, tmp_path: Path, recording: Path) -> None:
    model = write_bundle(tmp_path / "model", SMALLEST)
    plain = here("live", model, recording, "--csv", tmp_path / "plain.csv", "--smoothing", "none", "--json")
    assert plain.returncode == 0, plain.stderr
    with (tmp_path / "plain.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["filename"] for row in rows] == [f"{number}.png" for number in range(20)]
    assert rows[-1]["seconds"] == "1.900" and "alarm" not in rows[0]
    first, second = rows[0]["answer"], rows[10]["answer"]
    assert first != second and {first, second} <= set(CLASSES), "the two photos are to differ"
    told = json.loads(plain.stdout)
    assert told["frames"] == 20 and told["alarms"] == [] and told["latency_seconds"]["p95"] > 0

    alarm = ("--alarm-class", second, "--alarm-seconds", 0.5, "--threshold", 0.4, "--smoothing", "none")
    found = here("live", model, recording, *alarm, "--log", tmp_path / "log.csv")
    assert found.returncode == 0, found.stderr
    assert f"1.50 s  alarm: {second} for 0.5 s" in found.stdout and "1 alarm" in found.stdout
    assert "alarm" in (tmp_path / "log.csv").read_text(encoding="utf-8")


def test_what_is_wrong_is_one_sentence(here: Core, tmp_path: Path, recording: Path) -> None:
    model = write_bundle(tmp_path / "model", SMALLEST)
    unknown = here("live", model, recording, "--alarm-class", "shut")
    assert unknown.returncode == 2 and 'no class "shut"' in unknown.stderr
    wrong = here("live", model, recording, "--smoothing", "mean", "--share-limit", 0.2)
    assert wrong.returncode == 2 and "smoothing" in wrong.stderr
    broken = here("live", model, tmp_path / "none.mp4", "--csv", tmp_path / "out.csv")
    assert broken.returncode == 2 and "no video or folder" in broken.stderr
    assert not list(tmp_path.glob("out.csv*"))
