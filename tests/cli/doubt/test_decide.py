"""The command decide: it fits, changes, prints and deletes the decision of a run, and predict follows it."""

import csv
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.data.snapshot import snapshot_of_table
from core.inspection.measuring.logit_report import report_of_logits, save
from core.models.bundle import read_info, save_decision
from core.models.decision import Decision
from core.runs.folder import RunFolder
from core.runs.jobs import work
from core.runs.new_run import create_run
from core.runs.process import process_fields
from core.workspace import open_workspace
from tests.cli.conftest import Core
from tests.runs.conftest import SMALLEST, tiny


@pytest.fixture(scope="module")
def run(home: Path, labels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one epoch, trained in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RESNET_STUDIO_HOME", str(home))
        snapshot = snapshot_of_table(labels, labels.parent / "images")[0]
        made = create_run(
            tmp_path_factory.mktemp("runs") / "first", snapshot, tiny(arch=SMALLEST, epochs=1), title="first"
        )
        assert work(made, open_workspace()).state == "finished"
    return made.path


@pytest.fixture
def own(run: Path, tmp_path: Path) -> Path:
    """A copy of the run, with a report on 60 validation photos in place of its four."""
    own = Path(shutil.copytree(run, tmp_path / "runs" / "own"))
    save_decision(own / "best", None)
    dice = np.random.default_rng(0)
    logits = dice.normal(0, 3, (60, 2)).astype(np.float32)
    labels = np.where(dice.random(60) < 0.75, logits.argmax(axis=1), dice.integers(0, 2, 60))
    names = [("green", "red")[label] for label in labels]
    frame = pd.DataFrame(dict.fromkeys(("filename", "image", "path", "label"), names))
    save(*report_of_logits(("green", "red"), frame, logits, split="val"), own, logits)
    return own


def decision_of(run: Path) -> Decision:
    return read_info(run / "best").decision or Decision()


def test_a_training_fits_its_decision_and_says_what_was_too_little(run: Path, here: Core) -> None:
    found = decision_of(run)
    assert found.temperature is None and found.fitted_on is not None and found.fitted_on.n == 4
    assert "There are 4 validation photos" in found.remarks[0]
    assert "The probabilities are not calibrated. There are 4" in (run / "log.txt").read_text()
    done = here("decide", run, "--json")
    assert json.loads(done.stdout)["decision"]["temperature"] is None
    assert (run / "logits-val.npy").is_file()


def test_without_options_nothing_is_saved_and_the_figures_are_printed(own: Path, here: Core) -> None:
    done = here("decide", own)
    assert done.returncode == 0 and "Calibrate them with --temperature on." in done.stdout
    assert "accuracy on all photos" in done.stdout and read_info(own / "best").decision is None
    assert here("decide", own, "--leave-below", "off", "--foreign", "off").returncode == 0
    assert read_info(own / "best").decision is None, "to switch off what is off fits nothing"
    done = here("decide", own, "--temperature", "on")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("The probabilities are calibrated: temperature ")
    found = decision_of(own)
    assert found.temperature is not None and set(found.conformal) == {90, 95}
    assert "accuracy on all photos" in done.stdout and "true class in the 90% sets" in done.stdout
    assert here("decide", own).stdout == done.stdout, "nothing is fitted twice"
    assert decision_of(own) == found


def test_options_change_their_part_alone_and_predict_follows(
    own: Path, here: Core, labels: Path, tmp_path: Path
) -> None:
    first = json.loads(here("decide", own, "--leave-below", "80%", "--json").stdout)
    assert first["decision"]["leave_below"] == 0.8
    rates = first["validation"]
    assert rates["answered"]["n"] == 60 and rates["accuracy"]["n"] == rates["answered"]["correct"]
    assert here("decide", own, "--temperature", "off").returncode == 0
    assert here("decide", own, "--threshold", "red=0.9").returncode == 0
    found = decision_of(own)
    assert (found.leave_below, found.use_temperature) == (0.8, False)
    assert found.threshold is not None and (found.threshold.class_name, found.threshold.at) == ("red", 0.9)
    table = tmp_path / "predictions.csv"
    images = labels.parent / "images"
    assert here("predict", own, images, "--csv", table).returncode == 0
    rows = list(csv.DictReader(table.open()))
    for row in rows:
        shares = {row["prediction"]: float(row["probability"]), row["prediction_2"]: float(row["probability_2"])}
        assert row["prediction"] == ("red" if shares["red"] >= 0.9 else "green")
        assert row["unsure"] == str(float(row["probability"]) < 0.8)
    answers = json.loads(here("predict", own, images, "--json").stdout)["answers"]
    assert {one["filename"]: one["unsure"] for one in answers} == {
        row["filename"]: row["unsure"] == "True" for row in rows
    }
    assert here("decide", own, "--leave-below", "off", "--threshold", "off", "--temperature", "on").returncode == 0
    found = decision_of(own)
    assert found.leave_below is None and found.threshold is None and found.use_temperature


def test_a_class_alone_gets_the_threshold_that_costs_least(own: Path, here: Core) -> None:
    plain = json.loads(here("decide", own, "--json").stdout)["validation"]["chosen"]
    done = json.loads(here("decide", own, "--threshold", "red", "--miss-cost", "10", "--json").stdout)
    rule = done["decision"]["threshold"]
    assert rule["class_name"] == "red" and rule["miss_cost"] == 10 and rule["at"] < 0.5
    assert done["validation"]["chosen"]["correct"] <= plain["correct"]


def test_clear_deletes_the_decision(own: Path, here: Core) -> None:
    here("decide", own, "--leave-below", "0.9")
    done = here("decide", own, "--clear", "--json")
    assert json.loads(done.stdout) == {"decision": None}
    assert read_info(own / "best").decision is None
    assert json.loads((own / "best" / "bundle.json").read_text())["schema_version"] == 1
    assert json.loads(here("decide", own, "--json").stdout)["decision"]["temperature"] is None
    assert read_info(own / "best").decision is None, "printing fits nothing again"


def test_limits_that_were_chosen_for_other_probabilities_are_named(own: Path, here: Core) -> None:
    assert here("decide", own, "--leave-below", "0.8", "--threshold", "red").stderr == ""
    done = here("decide", own, "--temperature", "off")
    assert done.returncode == 0 and "choose again with --leave-below and --threshold." in done.stderr
    assert "chosen" not in here("decide", own, "--temperature", "off").stderr, "nothing has changed"
    again = here("decide", own, "--temperature", "on", "--threshold", "red").stderr
    assert "choose again with --leave-below." in again


def test_a_run_of_an_earlier_version_is_evaluated_first(run: Path, tmp_path: Path, here: Core) -> None:
    old = Path(shutil.copytree(run, tmp_path / "runs" / "old"))
    save_decision(old / "best", None)
    (old / "logits-val.npy").unlink()
    done = here("decide", old, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["validation"]["chosen"]["n"] == 4 and (old / "logits-val.npy").is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--leave-below", "2"], "--leave-below is '2', but must be a number from 0 to 1"),
        (["--leave-below", "nan"], "--leave-below is 'nan'"),
        (["--temperature", "hot"], "--temperature is 'hot', but must be one of on, off"),
        (["--threshold", "blue=0.5"], "The model has no class 'blue'. Its classes are: green, red."),
        (["--threshold", "red=much"], "The threshold is 'much', but must be a number from 0 to 1"),
        (["--threshold", "red=off"], "Give a number after the class"),
        (["--miss-cost", "3"], "--miss-cost is about a class"),
        (["--threshold", "red", "--miss-cost", "0"], "--miss-cost is 0, but must be more than 0"),
        (["--clear", "--leave-below", "0.5"], "Use --clear alone"),
        (["--foreign", "on"], "has 8 training and 4 validation photos. This score needs 10 of each"),
    ],
)
def test_what_cannot_be_decided_is_a_sentence(own: Path, here: Core, words: list[str], said: str) -> None:
    done = here("decide", own, *words)
    assert done.returncode == 2 and said in done.stderr, done.stderr
    assert decision_of(own).leave_below is None and decision_of(own).threshold is None


def test_a_run_that_still_trains_cannot_be_decided(own: Path, here: Core) -> None:
    RunFolder(own).write_status(state="running", **process_fields(os.getpid()))
    done = here("decide", own, "--leave-below", "0.5")
    assert done.returncode == 2 and "is still training" in done.stderr
