"""The command groups, and group columns of import and train on the command line."""

import json
from pathlib import Path

import pytest

from core.data.snapshot import GROUP, Snapshot
from tests.cli.conftest import TINY, Core
from tests.data.builders import picture


def write_drivers(folder: Path, drivers: int = 4, columns: str = "driver") -> Path:
    """Photos called driver_number.png, four of each driver, with a labels.csv."""
    folder.mkdir()
    lines = [f"filename,label,{columns}"]
    for driver in range(drivers):
        for number in range(4):
            name = f"d{driver}_{number}.png"
            (folder / name).write_bytes(picture(10 * driver + number))
            cells = [name, "awake" if number % 2 else "drowsy", *[f"d{driver}"] * len(columns.split(","))]
            lines.append(",".join(cells))
    table = folder / "labels.csv"
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return table


@pytest.fixture
def drivers(here: Core, tmp_path: Path) -> str:
    """A project of drivers in no groups yet."""
    name = f"Drivers {tmp_path.name}"
    done = here("import", write_drivers(tmp_path / "in"), "--project", name, "--group-column", "none")
    assert done.returncode == 0, done.stderr
    return name


def test_groups_are_shown_first_and_made_with_apply(here: Core, drivers: str) -> None:
    assert "has no groups" in here("groups", drivers).stdout
    shown = here("groups", drivers, "--rule", "before-underscore")
    assert shown.returncode == 0, shown.stderr
    assert "d0     d0_0.png, d0_1.png, d0_2.png       4" in shown.stdout
    assert "4 groups found; nothing was changed. Add --apply to use them." in shown.stdout
    assert json.loads(here("groups", drivers, "--json").stdout)["groups"] == {}

    made = json.loads(here("groups", drivers, "--rule", "before-underscore", "--apply", "--json").stdout)
    assert made["groups"] == {f"d{number}": 4 for number in range(4)} and made["without_group"] == 0
    assert made["found"] == {"groups": made["groups"], "unmatched": []} and made["applied"]

    cleared = here("groups", drivers, "--clear")
    assert "16 photos were taken out of their groups" in cleared.stderr
    by_pattern = json.loads(here("groups", drivers, "--pattern", "d{number}_*", "--apply", "--json").stdout)
    assert sorted(by_pattern["groups"]) == ["0", "1", "2", "3"]


def test_what_does_not_match_is_named_and_a_rule_for_nothing_is_an_error(here: Core, drivers: str) -> None:
    done = here("groups", drivers, "--pattern", "d{number}_0")
    assert "12 photos do not match the rule, such as d0_1.png, d0_2.png, d0_3.png" in done.stderr
    for words, said in (
        (["--rule", "folder", "--apply"], "matches no file name"),
        (["--rule", "guess"], "Use one of: before-underscore"),
        (["--rule", "pattern", "--pattern", "x"], "must have one place for the group"),
        (["--apply"], "--apply needs a --rule"),
        (["--rule", "folder", "--clear"], "either --rule or --clear"),
    ):
        done = here("groups", drivers, *words)
        assert done.returncode == 2 and said in done.stderr, (words, done.stderr)
    assert here("groups", "no such project").returncode == 2


def test_a_split_by_chance_is_reported_and_made_again_by_group(here: Core, tmp_path: Path) -> None:
    table = write_drivers(tmp_path / "in")
    lines = table.read_text(encoding="utf-8").splitlines()
    parts = ["train", "val", "test", "train"]
    split = [f"{line},{parts[number % 4]}" for number, line in enumerate(lines[1:])]
    table.write_text("\n".join([f"{lines[0]},split", *split]), encoding="utf-8")
    name = f"Torn {tmp_path.name}"
    assert here("import", table, "--project", name).returncode == 0
    told = here("groups", name)
    assert "4 groups are in several splits, such as d0, which is in training, validation and test" in told.stderr
    assert "--split-again" in told.stderr
    again = json.loads(here("groups", name, "--split-again", "--json").stdout)
    assert again["on_several_sides"] == {} and again["moved"] > 0 and again["remarks"] == []


def test_an_import_asks_which_of_two_columns_names_the_groups(here: Core, tmp_path: Path) -> None:
    table = write_drivers(tmp_path / "in", columns="driver,camera")
    name = f"Asked {tmp_path.name}"
    done = here("import", table, "--project", name)
    assert done.returncode == 2
    assert 'Choose the column of the groups: --group-column "driver" or --group-column "camera"' in done.stderr
    done = here("import", table, "--project", name, "--group-column", "camera")
    assert done.returncode == 0, done.stderr
    assert json.loads(here("groups", name, "--json").stdout)["groups"] == {f"d{number}": 4 for number in range(4)}
    wrong = here("import", table, "--project", name, "--group-column", "person")
    assert wrong.returncode == 2 and "Its free columns are: driver, camera" in wrong.stderr


def test_training_keeps_each_driver_in_one_split_and_does_not_guess(here: Core, tmp_path: Path) -> None:
    table = write_drivers(tmp_path / "in", drivers=7)
    settings = [*TINY, "--train", "head", "--epochs", 1]
    done = here("train", table, *settings, "--out", tmp_path / "run", "--json")
    assert done.returncode == 0, done.stderr
    assert "the column driver is read as the group" in done.stderr
    made = Snapshot.read(tmp_path / "run" / "snapshot.csv")
    assert made.grouped_by == "user"
    assert (made.frame.groupby(GROUP)["split"].nunique() == 1).all() and made.frame["split"].nunique() == 3

    two = write_drivers(tmp_path / "two", drivers=7, columns="driver,camera")
    asked = here("train", two, *settings, "--out", tmp_path / "no run")
    assert asked.returncode == 2 and "Choose one with --group-column" in asked.stderr
    assert not (tmp_path / "no run").exists()
