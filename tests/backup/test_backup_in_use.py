"""A backup while others work: no label that was stored before is missing, and every model in it can be used."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.backup.make_backup import make_backup
from core.backup.restore_backup import restore_backup
from core.data.store.store import Store
from core.models.bundle import load_bundle
from core.runs.folder import RunFolder
from core.workspace import REPOSITORY, Workspace, open_workspace
from tests.backup.conftest import project_of
from tests.runs.conftest import knowing_smallest

AT_WORK = """
import sys, threading
from pathlib import Path
from core.data.store.store import Store
from core.workspace import open_workspace
from core.data.snapshot import snapshot_of_table
from core.runs.new_run import create_run
from core.runs.worker import train
from core.training.saving import epoch_saver
from tests.runs.conftest import SMALLEST, knowing_smallest, tiny
from tests.runs.photos import write_photos

workspace, told = open_workspace(), Path(sys.argv[1])
def label():
    store, number = Store(workspace), 0
    project = store.projects()[0].id
    images = [one.id for one in store.images(project)]
    while True:
        store.annotate(project, [images[number % len(images)]], ("owl", "duck")[number // len(images) % 2], "Ada")
        number += 1
        told.write_text(str(number))
labels = write_photos(told.parent / "squares")
snapshot, _ = snapshot_of_table(labels, labels.parent / "images")[:2]
threading.Thread(target=label, daemon=True).start()
epoch_saver.PAUSE_SECONDS = 0  # every epoch is saved, so that backups meet a save
with knowing_smallest():
    run = create_run(workspace.runs / "busy", snapshot, tiny(arch=SMALLEST, epochs=1000), title="busy")
    for event in train(run, workspace):
        pass
"""


@contextmanager
def others_at_work(workspace: Workspace, told: Path) -> Iterator[None]:
    environment = {**os.environ, "RESNET_STUDIO_HOME": str(workspace.root), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen([sys.executable, "-c", AT_WORK, str(told)], cwd=REPOSITORY, env=environment)
    try:
        deadline = time.monotonic() + 120
        while not (told.exists() and RunFolder(workspace.runs / "busy").begun):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.1)
        yield
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()


def number_in(told: Path) -> int:
    while not (text := told.read_text()):  # it is being written
        time.sleep(0.001)
    return int(text)


def test_a_backup_in_use_holds_whole_files_and_every_label_of_before(tmp_path: Path) -> None:
    workspace, told = open_workspace(tmp_path / "server"), tmp_path / "labels.txt"
    store = Store(workspace)
    project = project_of(store, 5)
    store.close()
    epochs = set()
    with knowing_smallest(), others_at_work(workspace, told):
        for turn in range(4):
            before = number_in(told)
            make_backup(workspace, tmp_path / f"{turn}.zip")
            after = number_in(told)
            assert after > before  # the backup kept nobody from labelling
            restore_backup(tmp_path / f"{turn}.zip", tmp_path / f"back{turn}")
            restored = Store(Workspace(tmp_path / f"back{turn}"))
            changes = [one for one in restored.history(project.id, limit=10**6) if one.kind == "label"]
            restored.close()
            assert before <= len(changes) <= after + 1
            run = RunFolder(tmp_path / f"back{turn}" / "runs" / "busy")
            load_bundle(run.best)  # compares the SHA-256 in bundle.json with the weights
            load_bundle(run.last)
            lines = [json.loads(line) for line in run.metrics_path.read_text().splitlines()]
            epochs.add(len(lines))
            assert run.status().state == "interrupted" and run.begun  # it can be resumed
    assert len(epochs) > 1, "the training stood still"
