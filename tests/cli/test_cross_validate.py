"""The command cross-validate: text and JSON, from a table and from a project, with and without groups."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.data.store.store import Store
from core.workspace import open_workspace
from tests.cli.conftest import Core
from tests.inspection.conftest import write_bundle
from tests.runs.conftest import SMALLEST


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    """Options for a network with random weights."""
    return ["--arch", SMALLEST, "--weights", write_bundle(tmp_path_factory.mktemp("network") / "bundle", SMALLEST)]


@pytest.fixture
def boxes(home: Path) -> Iterator[str]:
    """A project for boxes; its name."""
    store = Store(open_workspace(home))
    name = "Boxes to cross-validate"
    made = store.find_project(name) or store.create_project(name, "localization", ["owl"])
    yield made.name
    store.close()


def test_a_table_is_cross_validated_without_its_test_photos(
    here: Core, labels: Path, network: list[object], home: Path
) -> None:
    words = ["cross-validate", labels, "--images", labels.parent / "images", *network, "--folds", 3]
    done = here(*words, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["n"], found["left_out"], found["folds"]) == (12, 4, 3)
    assert found["accuracy"]["n"] == 12 and found["accuracy"]["correct"] >= 10  # red and green squares
    assert found["classes"] == ["green", "red"] and sum(map(sum, found["confusion"])) == 12
    assert len(found["estimate"]["repeats"][0]["folds"]) == 3
    wrong = found["accuracy"]["n"] - found["accuracy"]["correct"]
    assert len(found["mistakes"]) == wrong
    assert found["random"] is None and found["comparison"] == "" and found["grouped_by"] in ("none", "near-duplicates")
    assert "95% confidence interval over photos" in found["intervals"]
    assert "too optimistic" in found["remarks"][-1]
    assert len(list((home / "cache" / "cross-validation").iterdir())) >= 1
    again = here(*words)
    assert again.returncode == 0, again.stderr
    lines = again.stdout.splitlines()
    assert lines[0] == (
        "12 training and validation photos, each predicted once, by a model trained on the other 2 of 3 folds. "
        "The 4 test photos were not used."
    )
    assert any(line.startswith("accuracy: ") and "of 12 photos" in line for line in lines)
    assert "computing features" not in again.stderr and "training on" not in again.stderr  # the kept result


def test_what_cannot_be_done_is_one_plain_sentence(
    here: Core, labels: Path, network: list[object], tmp_path: Path, boxes: str
) -> None:
    images = ["--images", labels.parent / "images", *network]
    for words, said in (
        (["no such project"], 'There is no project or file "no such project". Check the name.'),
        ([labels, *images, "--folds", 1], "folds is 1, but must be from 2 to 20."),
        ([labels, *images, "--repeat", 0], "repeats is 0, but must be from 1 to 20."),
        ([labels, *images, "--by-group"], "No groups are set"),
        ([boxes], "this data is for boxes"),
        (["a project", "--images", tmp_path], "--images, --group-column and --answer are for a labels.csv"),
    ):
        done = here("cross-validate", *words)
        assert (done.returncode, done.stdout) == (2, ""), said
        assert said in done.stderr and len(done.stderr.splitlines()) == 1


def test_by_group_compares_with_a_random_split(here: Core, labels: Path, network: list[object], tmp_path: Path) -> None:
    header, *rows = labels.read_text(encoding="utf-8").splitlines()
    drivers = [f"driver {int(row.split('.')[0].rsplit('_', 1)[1]) // 2}" for row in rows]
    table = tmp_path / "drivers.csv"
    lines = [f"{header},driver", *(f"{row},{driver}" for row, driver in zip(rows, drivers, strict=True))]
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    words = ["cross-validate", table, "--images", labels.parent / "images", *network, "--folds", 3, "--by-group"]
    done = here(*words, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["grouped_by"], found["groups"], found["n"]) == ("user", 4, 12)
    assert found["random"]["accuracy"]["n"] == 12 and found["estimate"]["over_groups"]["groups"] == 4
    assert found["comparison"].startswith("A random split would have claimed ")
    text = here(*words)
    assert found["comparison"] in text.stdout and "(4 groups)" in text.stdout
    alone = here(*words[:-1], "--group-column", "none", "--json")
    assert json.loads(alone.stdout)["grouped_by"] in ("none", "near-duplicates")
