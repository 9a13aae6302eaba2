"""A small server's folder: a project with labelled photos, a finished run, and a person with a workspace."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.data.pictures.decoding import Decoded
from core.data.store.store import Project, Store
from core.workspace import Workspace, open_workspace


def project_of(store: Store, photos: int, seed: int = 0) -> Project:
    made = store.create_project("Birds", classes=["owl", "duck"])
    dice = np.random.default_rng(seed)
    for number in range(photos):
        image = Image.fromarray(dice.integers(0, 255, (12, 16, 3), dtype=np.uint8))
        store.add_image(made.id, Decoded(image, (), "PNG", False), b"", f"bird {number}.png")
    return made


@pytest.fixture
def server(tmp_path: Path) -> Workspace:
    """What a class has after a lesson: the folder of the server, with one pupil's workspace in it."""
    root = tmp_path / "server"
    server = open_workspace(root)
    for workspace, seed in ((server, 0), (open_workspace(root / "people" / "ada"), 1)):
        store = Store(workspace)
        project = project_of(store, 6, seed)
        for number, image in enumerate(store.images(project.id)[:4]):
            store.annotate(project.id, [image.id], ("owl", "duck")[number % 2], "Ada")
        store.close()
        run = workspace.runs / "first"
        (run / "best").mkdir(parents=True)
        for name, text in {
            "status.json": "{}", "metrics.jsonl": '{"epoch": 1}\n', "log.txt": "epoch 1\n", ".worker.lock": "",
            "status.json.part": "{", "best/bundle.json": "{}", "best/model.safetensors": "weights",
        }.items():  # fmt: skip
            (run / name).write_text(text)
        (workspace.cache / "vectors").mkdir()
        (workspace.cache / "vectors" / "a.npy").write_bytes(b"derived")
    with closing(sqlite3.connect(root / "people.db")) as people:
        people.execute("PRAGMA journal_mode = WAL")
        people.execute("CREATE TABLE people (id TEXT)")
        people.execute("INSERT INTO people VALUES ('ada')")
        people.commit()
    (root / "server").mkdir()
    (root / "server" / "key.pem").write_text("secret")
    return server


Facts = dict[str, object]


@pytest.fixture
def facts_of() -> Callable[[Path], Facts]:
    def facts(root: Path) -> Facts:
        """What a person would miss: names, labels, who gave them, the history, the photos' bytes, the runs' files."""
        store = Store(Workspace(root))
        (project,) = store.projects()
        labels = [(one.filename, one.label, one.annotated_by, one.annotated_at) for one in store.images(project.id)]
        history = [(one.kind, one.text, one.who, one.when) for one in store.history(project.id)]
        pixels = {path.name: path.read_bytes() for path in sorted((root / "images").rglob("*.png"))}
        store.close()
        return {"project": project.name, "labels": labels, "history": history, "pixels": pixels}

    return facts
