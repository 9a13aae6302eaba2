"""The command check: what it prints, its exit status, and a lost photo's way back through the import."""

import json
import shutil
from pathlib import Path

import pytest

from core.data.store.store import Store
from core.workspace import open_workspace
from tests.cli.conftest import Core


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A workspace for this test alone."""
    return tmp_path / "home"


@pytest.fixture
def damaged(home: Path, here: Core, labels: Path) -> list[str]:
    """A project of which two photos are empty and one is missing; their names."""
    assert here("import", labels, "--images", labels.parent / "images", "--project", "Squares").returncode == 0
    store = Store(open_workspace(home))
    first, second, third, *_ = store.images(store.projects()[0].id)
    for row in (first, second):
        store.image_path(row.hash).write_bytes(b"")
    store.image_path(third.hash).unlink()
    store.close()
    return [first.filename, second.filename, third.filename]


def test_a_sound_workspace_exits_with_0(here: Core, home: Path) -> None:
    done = here("check")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "Checked 0 photos and 0 runs.\nNo problems found.\n"


def test_problems_are_listed_by_area_and_end_with_2(here: Core, home: Path, damaged: list[str]) -> None:
    done = here("check")
    assert done.returncode == 2
    assert done.stderr == f"3 problems found in {home}. With --repair, something is done about 2 of them.\n"
    assert done.stdout.startswith("Photos:\n")
    assert all(f"  {name} (Squares) " in done.stdout for name in damaged)
    found = json.loads(here("check", "--json").stdout)
    assert found["left"] == 3 and found["checked"]["runs"] == 0 and found["workspace"] == str(home)
    assert sorted(one["problem"] for one in found["problems"]) == ["has lost its file", "is empty", "is empty"]
    assert set(found["problems"][0]) == {"area", "subject", "problem", "advice", "repairable", "repaired"}


def test_importing_the_photos_again_restores_them(here: Core, home: Path, labels: Path, damaged: list[str]) -> None:
    repaired = here("check", "--repair")
    assert repaired.returncode == 2 and "--repair" not in repaired.stderr
    assert len(list((home / "damaged").iterdir())) == 2
    assert here("import", labels, "--images", labels.parent / "images", "--project", "Squares").returncode == 0
    assert here("check").returncode == 0


def test_an_export_names_the_photos_that_are_lost(here: Core, home: Path, tmp_path: Path, damaged: list[str]) -> None:
    done = here("labels", "--project", "Squares", "--out", tmp_path / "out.zip", "--json")
    assert done.returncode == 0
    result = json.loads(done.stdout)
    assert sorted(result["missing"]) == sorted(damaged)
    assert "3 photos are not included, because their files are missing or empty" in done.stderr
    shutil.rmtree(home / "images")
    done = here("labels", "--project", "Squares", "--out", tmp_path / "none.zip")
    assert done.returncode == 2 and "Restore the folder images from a backup" in done.stderr
    assert "choose another" not in done.stderr.lower()


def test_a_disk_that_is_full_is_told_as_such_by_the_export(here: Core, home: Path, damaged: list[str]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    folder = home / "full"
    folder.mkdir()
    (folder / ".out.zip.part").symlink_to("/dev/full")
    done = here("labels", "--project", "Squares", "--out", folder / "out.zip")
    assert done.returncode == 2
    assert done.stderr.startswith("The disk is full, so ") and "Free some space, then export again" in done.stderr
