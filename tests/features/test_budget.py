"""The disk budget: counted without looking twice, cleaned by age and kind, never what is in use."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.cache_use import in_use, mark_used
from core.data.pictures.decoding import DECODER
from core.errors import WorkspaceError
from core.features import budget, held_files
from core.features.budget import clean, empty, limit_of, room_for_features, set_limit, total_held
from core.features.held_files import held_bytes
from core.workspace import REPOSITORY, Workspace, open_workspace

DAY = 86_400
MEGABYTE = 10**6
MAPS, VECTORS = "maps/net/fp32/original/layer3", "vectors/net/fp32/original"
RESIZED, OLD_RESIZED, OLD_VECTORS = f"resized/view-crop-224-256-{DECODER}/ab", "resized/view-9-0/ab", "vectors/net"

Put = Callable[..., Path]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.delenv(budget.SETTING, raising=False)
    return open_workspace(tmp_path / "workspace")


@pytest.fixture
def put(workspace: Workspace) -> Put:
    """Write a file of a megabyte that was last used so many days ago; the marker says so where there is one."""

    def write(folder: str, name: str, days: float = 1, *, marked: float | None = None) -> Path:
        path = workspace.cache / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(MEGABYTE))
        os.utime(path, (time.time() - days * DAY,) * 2)
        if marked is not None:
            (path.parent / "used").touch()
            os.utime(path.parent / "used", (time.time() - marked * DAY,) * 2)
        return path

    return write


def left(*paths: Path) -> list[bool]:
    return [path.exists() for path in paths]


def test_the_caches_are_counted_by_kind(workspace: Workspace, put: Put) -> None:
    for place in (MAPS, VECTORS, RESIZED, "engines", OLD_RESIZED, OLD_VECTORS):
        put(place, "one.npy")
    (workspace.cache / "resized" / "notes.txt").write_text("not ours", encoding="utf-8")
    counted = {"maps": 1, "vectors": 1, "resized": 1, "engines": 1, "outdated": 2}
    assert held_bytes(workspace) == {kind: count * MEGABYTE for kind, count in counted.items()}


def test_a_folder_that_has_not_changed_is_not_looked_through_again(
    workspace: Workspace, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(MAPS, "one.npy")
    for folder in [workspace.cache, *workspace.cache.rglob("*")]:
        os.utime(folder, (time.time() - DAY,) * 2)
    looked: list[Path] = []
    listed = held_files._listed
    monkeypatch.setattr(held_files, "_listed", lambda folder: looked.append(folder) or listed(folder))
    assert total_held(workspace) == MEGABYTE and looked
    looked.clear()
    assert total_held(workspace) == MEGABYTE and not looked
    put(MAPS, "two.npy")
    assert total_held(workspace) == 2 * MEGABYTE
    (workspace.cache / "sizes.json").write_text("{damaged", encoding="utf-8")
    assert total_held(workspace) == 2 * MEGABYTE


def test_maps_go_first_then_resized_photos_then_vectors_and_the_oldest_of_each(workspace: Workspace, put: Put) -> None:
    vectors = put(VECTORS, "one.npy", 30)
    resized_old, resized_new = put(RESIZED, "old.npy", 20), put(RESIZED, "new.npy", 10)
    # The marker counts, not the time at which a map was made.
    maps_old, maps_new = put(MAPS, "a.npy", 1, marked=9), put("maps/net/fp32/mirrored/layer3", "b.npy", 9, marked=1)
    engine = put("engines", "one.onnx", 90)
    everything = (maps_old, maps_new, resized_old, resized_new, vectors, engine)
    for megabytes, expected in ((5.6, 5), (4.6, 4), (3.6, 3), (2.6, 2), (1.6, 1)):
        set_limit(workspace, megabytes / 1000)
        clean(workspace)
        assert left(*everything) == [False] * (6 - expected) + [True] * expected


def test_what_is_within_the_budget_stays(workspace: Workspace, put: Put) -> None:
    path = put(MAPS, "one.npy", 400)
    set_limit(workspace, 1)
    assert clean(workspace).files == 0 and path.exists()


def test_what_earlier_versions_left_goes_first_and_after_two_weeks_in_any_case(workspace: Workspace, put: Put) -> None:
    old, recent, maps = put(OLD_VECTORS, "old.npy", 15), put(OLD_RESIZED, "recent.npy", 3), put(MAPS, "one.npy", 99)
    set_limit(workspace, 1)
    assert clean(workspace).files == 1
    assert left(old, recent, maps) == [False, True, True]
    set_limit(workspace, 0.0015)
    clean(workspace)
    assert left(recent, maps) == [False, True]


def test_what_a_live_run_uses_is_never_deleted(workspace: Workspace, put: Put) -> None:
    used, unused = put(MAPS, "one.npy", 9), put("maps/net/fp32/mirrored/layer3", "one.npy", 1)
    resized = put(RESIZED, "one.npy", 9)
    set_limit(workspace, 0)
    with in_use([used.parent, resized.parent.parent]):
        clean(workspace)
        assert left(used, unused, resized) == [True, False, True]
        assert empty(workspace).files == 0
    assert not list(used.parent.glob(".in-use-*"))
    assert empty(workspace).bytes == 2 * MEGABYTE
    assert left(used, resized) == [False, False]


def test_what_a_process_holds_is_free_when_it_ends(workspace: Workspace, put: Put) -> None:
    path = put(MAPS, "one.npy", 9)
    code = "import sys; from pathlib import Path; from core.cache_use import hold_until_exit\n"
    code += "hold_until_exit([Path(sys.argv[1])]); print('held', flush=True); input()"
    command = [sys.executable, "-c", code, str(path.parent)]
    process = subprocess.Popen(
        command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ
    )
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    assert empty(workspace).files == 0
    process.communicate("\n", timeout=60)
    assert not list(path.parent.glob(".in-use-*"))
    assert empty(workspace).files == 1


def test_a_file_used_a_minute_ago_is_spared_by_cleaning(workspace: Workspace, put: Put) -> None:
    path = put(MAPS, "one.npy", 9)
    mark_used(path.parent)
    set_limit(workspace, 0)
    clean(workspace)
    assert path.exists()


def test_the_lock_of_a_killed_process_protects_nothing(workspace: Workspace, put: Put) -> None:
    path = put(MAPS, "one.npy", 9)
    (path.parent / ".in-use-1-dead.lock").touch()
    set_limit(workspace, 0)
    clean(workspace)
    assert not path.exists()


def test_files_of_others_and_links_are_left_alone(workspace: Workspace, put: Put, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    photo = outside / "photo.npy"
    photo.write_bytes(b"mine")
    put(MAPS, "one.npy")
    (workspace.cache / "maps" / "link").symlink_to(outside, target_is_directory=True)
    (workspace.cache / MAPS / "link.npy").symlink_to(photo)
    notes = workspace.cache / "resized" / "notes.txt"
    notes.parent.mkdir(exist_ok=True)
    notes.write_text("mine", encoding="utf-8")
    choice = workspace.cache / "vectors" / "net" / "engine.json"
    choice.parent.mkdir(parents=True)
    choice.write_text("{}", encoding="utf-8")
    assert empty(workspace).files == 1
    assert left(photo, notes, choice) == [True, True, True]


def test_a_file_that_is_being_written_is_left_alone(workspace: Workspace, put: Put) -> None:
    now, killed = put(VECTORS, "now.part", 0), put(VECTORS, "killed.part", 1)
    empty(workspace)
    assert left(now, killed) == [True, False]


def test_the_limit_comes_from_the_environment_then_the_setting_then_the_disk(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert limit_of(workspace).source == "default" and 0 < limit_of(workspace).gigabytes <= 20
    set_limit(workspace, 7.5)
    assert (limit_of(workspace).gigabytes, limit_of(workspace).source) == (7.5, "setting")
    monkeypatch.setenv(budget.SETTING, "3")
    assert (limit_of(workspace).gigabytes, limit_of(workspace).source) == (3, "environment")
    monkeypatch.setenv(budget.SETTING, "much")
    with pytest.raises(WorkspaceError, match="'much', but must be a number of gigabytes"):
        limit_of(workspace)


@pytest.mark.parametrize("wrong", [-1, float("nan"), float("inf"), "x", True])
def test_a_limit_that_is_no_number_is_refused(workspace: Workspace, wrong: float) -> None:
    with pytest.raises(WorkspaceError, match="must be a number of gigabytes"):
        set_limit(workspace, wrong)
    assert not (workspace.root / "settings.json").exists()


def test_other_settings_are_kept_and_a_damaged_file_is_replaced(workspace: Workspace) -> None:
    path = workspace.root / "settings.json"
    path.write_text('{"other": 1}', encoding="utf-8")
    set_limit(workspace, 2)
    assert json.loads(path.read_text(encoding="utf-8")) == {"other": 1, "feature_gigabytes": 2.0}
    set_limit(workspace, None)
    assert limit_of(workspace).source == "default"
    path.write_text("[", encoding="utf-8")
    assert limit_of(workspace).source == "default"
    set_limit(workspace, 2)
    assert limit_of(workspace).source == "setting"


def test_room_is_made_for_new_features(workspace: Workspace, put: Put) -> None:
    old = put(MAPS, "one.npy", 9)
    set_limit(workspace, 0.002)
    assert room_for_features(workspace.cache) == MEGABYTE and old.exists()
    assert room_for_features(workspace.cache, MEGABYTE) == MEGABYTE and old.exists()
    assert room_for_features(workspace.cache, 2 * MEGABYTE) == 2 * MEGABYTE and not old.exists()
    kept = put(MAPS, "two.npy", 9)
    assert room_for_features(workspace.cache, 3 * MEGABYTE) == MEGABYTE
    assert kept.exists()  # it would not fit anyway


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="this user may write everywhere")
def test_a_cache_without_write_permission_is_a_sentence(workspace: Workspace, put: Put) -> None:
    path = put(MAPS, "one.npy")
    path.parent.chmod(0o555)
    try:
        with pytest.raises(WorkspaceError, match=r"could not be emptied \(Permission denied\)"):
            empty(workspace)
    finally:
        path.parent.chmod(0o755)


def test_a_file_that_cannot_be_deleted_is_a_sentence(
    workspace: Workspace, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(MAPS, "one.npy")

    def refuse(self: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(WorkspaceError, match=r"could not be emptied \(Permission denied\)"):
        empty(workspace)
