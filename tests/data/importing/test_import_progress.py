"""Everybody sees that an import is running and how far it is; it can be cancelled, and one runs at a time."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.data.importing import store_photos
from core.data.importing.import_plan import Candidate, ImportPlan
from core.data.importing.import_progress import cancel_import, claim_import, import_progress
from core.data.importing.photo_files import decode_ahead
from core.data.importing.plan_import import plan_folder
from core.data.importing.run_import import run_import
from core.data.pictures.decoding import content_hash, decode
from core.data.store.store import Store
from core.errors import DataError
from core.workspace import REPOSITORY
from tests.data.builders import open_store, picture


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path)
    yield opened
    opened.close()


def plan(count: int) -> ImportPlan:
    files = [Candidate(f"{n}.png", "owl", None, None, lambda n=n: picture(n)) for n in range(count)]
    return ImportPlan(tuple(files), (), (), "flowers", ("owl",))


def test_a_running_import_says_how_far_it_is_and_an_ended_one_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_photos, "BATCH_PHOTOS", 4)
    project, other = store.create_project("Birds").id, store.create_project("Others").id
    assert import_progress(store.workspace, project) is None
    going = run_import(plan(10), store, project, "ann")
    next(going)
    found = import_progress(store.workspace, project)
    assert found is not None
    assert (found.source, found.total, found.labelled) == ("flowers", 10, True)
    assert 1 <= found.done <= 4
    assert import_progress(store.workspace, other) is None
    list(going)
    assert import_progress(store.workspace, project) is None
    assert [path.suffix for path in (store.workspace.cache / "imports").iterdir()] in ([".lock"], [])


def test_the_remaining_time_follows_from_the_time_since_the_first_photos(store: Store) -> None:
    """Until then several photos are decoded at once: with large ones, that made it four times too long."""
    with claim_import(store.workspace, 1, "flowers", 3119, labelled=False) as claim:
        claim.note(64)
        first = import_progress(store.workspace, 1)
        assert claim._first is not None
        claim._started, claim._first = claim._started - 100, (claim._first[0] - 90, 64)
        claim.note(812)
        later = import_progress(store.workspace, 1)
    assert first is not None and first.seconds_left is None
    assert later is not None and later.seconds_left == pytest.approx(90 / 748 * (3119 - 812), rel=0.1)


def test_an_import_whose_process_was_killed_is_not_running(store: Store) -> None:
    code = (
        "import sys, time; from pathlib import Path; from core.workspace import open_workspace\n"
        "from core.data.importing.import_progress import claim_import\n"
        "with claim_import(open_workspace(Path(sys.argv[1])), 7, 'flowers', 9, False):\n"
        "    print('claimed', flush=True); time.sleep(600)"
    )
    command = [sys.executable, "-c", code, str(store.workspace.root)]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"claimed"
        seen_elsewhere = import_progress(store.workspace, 7)
        assert seen_elsewhere is not None and seen_elsewhere.source == "flowers"
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert (store.workspace.cache / "imports" / "7.json").is_file()
    assert import_progress(store.workspace, 7) is None
    with claim_import(store.workspace, 7, "again", 1, labelled=False):
        assert import_progress(store.workspace, 7) is not None


def test_a_second_import_into_the_same_project_waits_for_the_first(store: Store) -> None:
    """Two clicks, or a click and a command, both started."""
    project, other = store.create_project("Birds").id, store.create_project("Others").id
    with claim_import(store.workspace, project, "flowers", 3119, labelled=False) as claim:
        claim.note(812)
        with pytest.raises(DataError, match=r"is running \(812 of 3,119 files\)\. Wait until it has ended or cancel"):
            list(run_import(plan(2), store, project, "ann"))
        assert store.count(project) == 0
        assert len(list(run_import(plan(2), store, other, "ann"))) == 2
    assert len(list(run_import(plan(2), store, project, "ann"))) == 2


def test_a_cancelled_import_keeps_photos_with_labels_as_one_step_and_can_be_completed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_photos, "BATCH_PHOTOS", 4)
    project = store.create_project("Birds").id
    going = run_import(plan(60), store, project, "ann")
    first = next(going)
    assert first.added == store.images(project)[0].id
    cancel_import(store.workspace, project)
    kept = 1 + len(list(going))
    assert 4 <= kept <= 4 + 2 * decode_ahead.MAX_THREADS
    assert [row.label for row in store.images(project)] == ["owl"] * kept
    assert len([path for path in store.workspace.images.rglob("*") if path.is_file()]) == kept, "no file without a row"
    (change,) = store.history(project)
    assert change.text == f"labels of {kept} photos from flowers"
    store.undo(project)
    assert {row.label for row in store.images(project)} == {None}
    kinds = [result.kind for result in run_import(plan(60), store, project, "ann")]
    assert (kinds.count("duplicate"), kinds.count("taken")) == (kept, 60 - kept)
    assert [row.label for row in store.images(project)] == ["owl"] * 60


def test_cancelling_without_an_import_does_nothing_and_the_next_import_is_not_cancelled(store: Store) -> None:
    project = store.create_project("Birds").id
    cancel_import(store.workspace, project)
    with claim_import(store.workspace, project, "first", 1, labelled=False) as claim:
        cancel_import(store.workspace, project)
        assert claim.cancelled
    assert len(list(run_import(plan(3), store, project, "ann"))) == 3


@pytest.mark.parametrize(
    "changed",
    [
        {"token": "../../x"},
        {"done": -1},
        {"total": 10**12},
        {"source": 5},
        {"seconds_left": "soon"},
        {"labelled": None},
    ],
)
def test_fields_of_a_progress_file_are_not_believed(store: Store, changed: dict[str, object]) -> None:
    folder = store.workspace.cache / "imports"
    with claim_import(store.workspace, 1, "flowers", 9, labelled=False):
        stored = json.loads((folder / "1.json").read_text())
        (folder / "1.json").write_text(json.dumps(stored | changed))
        assert import_progress(store.workspace, 1) is None
        cancel_import(store.workspace, 1)
    assert not list(store.workspace.root.rglob("*.cancel"))


IMPORT = """
import sys, time
from pathlib import Path
from core.data.importing import store_photos
from core.data.importing.plan_import import plan_folder, run_import
from core.data.limited.photos import prepared_photo
from core.data.store.store import Store
from core.workspace import open_workspace

def slowly(workspace, raw, name):
    time.sleep(0.01)
    return prepared_photo(workspace, raw, name)

store_photos.prepared_photo, store_photos.BATCH_PHOTOS = slowly, 5
for result in run_import(plan_folder(Path(sys.argv[2])), Store(open_workspace(Path(sys.argv[1]))), 1, "ann"):
    print(result.name, flush=True)
"""


def test_a_kill_in_an_import_loses_nothing_acknowledged_and_importing_again_completes_it(
    store: Store, tmp_path: Path
) -> None:
    project = store.create_project("Birds").id
    photos = tmp_path / "photos" / "owl"
    photos.mkdir(parents=True)
    (photos.parent / "duck").mkdir()
    for number in range(120):
        (photos / f"{number:03}.png").write_bytes(picture(number))
    (photos.parent / "duck" / "1.png").write_bytes(picture(500))
    command = [sys.executable, "-c", IMPORT, str(store.workspace.root), str(photos.parent)]
    for after in (1, 30):
        process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        said = [process.stdout.readline().strip() for _ in range(after)]
        os.kill(process.pid, signal.SIGKILL)
        said += process.stdout.read().split()
        process.wait()
        there = {row.filename: row for row in store.images(project)}
        assert set(said) <= set(there)
        for row in there.values():
            assert content_hash(decode(store.image_path(row.hash), row.filename).image) == row.hash
    assert 0 < len(there) < 121
    list(run_import(plan_folder(photos.parent), store, project, "ann"))
    assert [(info.name, info.count) for info in store.classes(project)] == [("duck", 1), ("owl", 120)]
    assert store.count(project) == 121
    assert import_progress(store.workspace, project) is None
