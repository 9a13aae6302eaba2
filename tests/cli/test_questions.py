"""Data that can be read in more than one way: the commands ask, and go on with --answer."""

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Core


@pytest.fixture
def boxed(tmp_path: Path) -> Path:
    """A table whose boxes are fractions of two photos of 80 by 60 pixels."""
    lines = ["filename,label,x,y,width,height"]
    for number, label in enumerate(("owl", "duck")):
        Image.new("RGB", (80, 60), (number * 90, 120, 60)).save(tmp_path / f"{label}.png")
        lines.append(f"{label}.png,{label},0.25,0.5,0.5,0.25")
    table = tmp_path / "labels.csv"
    table.write_text("\n".join(lines))
    return table


def test_import_asks_with_samples_and_takes_the_answer(here: Core, boxed: Path) -> None:
    done = here("import", boxed, "--project", "Boxes", "--yes")
    assert done.returncode == 2 and not done.stdout
    assert "2 boxes lie in the first pixel of the photo, such as (0.25, 0.5, 0.5, 0.25) of owl.png" in done.stderr
    assert "owl.png: owl (20, 30, 40, 15)" in done.stderr, "the sample shows the box of the choice"
    assert '--answer "box-unit=fractions"' in done.stderr and "Traceback" not in done.stderr
    done = here("import", boxed, "--project", "Boxes", "--answer", "box-unit=fractions", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["counts"]["taken"] == 2


def test_a_dry_run_lists_the_questions(here: Core, boxed: Path) -> None:
    done = here("import", boxed, "--project", "Boxes", "--dry-run", "--json")
    assert done.returncode == 2
    [question] = json.loads(done.stdout)["questions"]
    assert question["id"] == "box-unit" and [one["key"] for one in question["choices"]] == [
        "fractions",
        "fractions-centre",
        "pixels",
        "skip",
    ]


def test_answers_that_fit_no_question_are_errors(here: Core, boxed: Path) -> None:
    for answer, said in (
        ("box-unit=inches", '"inches" does not answer box-unit'),
        ("box-unit", "between the question and the choice"),
    ):
        done = here("import", boxed, "--project", "Boxes", "--answer", answer)
        assert done.returncode == 2 and said in done.stderr, done.stderr
    done = here("import", boxed, "--project", "Boxes", "--answer", "box-unit=fractions", "--answer", "box-size=scale")
    assert done.returncode == 2 and "There is no question box-size" in done.stderr


def test_train_asks_before_it_makes_a_run(here: Core, boxed: Path, tmp_path: Path) -> None:
    done = here("train", boxed, "--out", tmp_path / "run")
    assert done.returncode == 2 and '--answer "box-unit=fractions"' in done.stderr, done.stderr
    assert not (tmp_path / "run").exists()


def test_classes_alone_need_no_answer_about_boxes(here: Core, boxed: Path, tmp_path: Path) -> None:
    done = here("train", boxed, "--out", tmp_path / "run", "--task", "classification")
    assert done.returncode == 2 and "box-unit" not in done.stderr, "two photos are too few, and that is said"
