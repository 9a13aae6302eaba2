"""A project with a finished run: trained once, then copied into the workspace of each test."""

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.data.pictures.decoding import Decoded
from core.data.snapshot import snapshot_of_project
from core.data.store.add_images import prepare_image
from core.data.store.store import Project, Store
from core.runs.folder import RunFolder
from core.runs.new_run import create_run
from core.training.recipe import Recipe
from core.workspace import Workspace, open_workspace

RUN = "20260101-120000-colors"
COLORS = {"red": (200, 60, 40), "blue": (40, 70, 200), "green": (60, 170, 60)}
EACH = 10


def tiny(**changes: Any) -> Recipe:
    """A recipe that trains in seconds."""
    values = {
        "arch": "resnet18",
        "weights": "none",
        "train": "all",
        "epochs": 2,
        "size": 64,
        "batch_size": 8,
        "augmentation": "none",
        "device": "cpu",
        "precision": "fp32",
        "workers": 0,
    }
    return Recipe.checked(**{**values, **changes})


def picture(color: tuple[int, int, int], seed: int) -> Image.Image:
    """A coloured square with noise."""
    noise = np.random.default_rng(seed).integers(-40, 40, (40, 48, 3))
    return Image.fromarray(np.clip(np.asarray(color) + noise, 0, 255).astype(np.uint8))


def color_project(store: Store) -> Project:
    """Ten photos of each of three colours, and two without a label."""
    project = store.create_project("Colors", classes=list(COLORS))
    pictures = {
        f"{name} {number}.png": picture(color, 100 * place + number)
        for place, (name, color) in enumerate(COLORS.items())
        for number in range(EACH)
    }
    pictures |= {f"n{number}": picture((120, 120, 120), 900 + number) for number in range(2)}
    # All at once and not one by one, which takes ten times as long.
    prepared = [
        prepare_image(store.workspace, Decoded(image, (), "PNG", False), b"", name) for name, image in pictures.items()
    ]
    ids = [row.id for row, _ in store.add_images(project.id, prepared)]
    for place, name in enumerate(COLORS):
        store.annotate(project.id, ids[EACH * place : EACH * (place + 1)], name, "teacher")
    return project


def queued_run(workspace: Workspace, store: Store, project: Project, name: str = RUN, **recipe: Any) -> RunFolder:
    """A queued run of this process; nothing is started."""
    store.assign_splits(project.id)  # as the Train button does
    snapshot = snapshot_of_project(store, project.id)
    title = recipe.pop("title", "First colors")
    return create_run(
        workspace.runs / name, snapshot, tiny(**recipe), title=title, project_id=project.id, project=project.name
    )


def finished_run(factory: pytest.TempPathFactory) -> RunFolder:
    """The finished run of the color project, in the workspace that RESNET_STUDIO_HOME names."""
    template = factory.getbasetemp() / "finished-run"
    if not template.exists():
        _train(template)
    home = open_workspace().root
    shutil.copytree(template, home, dirs_exist_ok=True, copy_function=_copy)
    return RunFolder(home / "runs" / RUN)


def _copy(source: str, target: str) -> None:
    """Link weights instead of copying them; they are never changed in place."""
    if source.endswith(".safetensors"):
        os.link(source, target)
    else:
        shutil.copy2(source, target)


def _train(template: Path) -> None:
    import torch

    from core.runs.jobs import work

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    building = open_workspace(template.with_name("finished-run-building"))
    store = Store(building)
    run = queued_run(building, store, color_project(store))
    status = work(run, building)
    store.close()
    torch.set_num_threads(threads)
    assert status.state == "finished", run.log()
    building.root.rename(template)
