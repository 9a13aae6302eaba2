"""A workspace with something to see on every page: the sample project with two runs and an exam, and boxes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from core.data.importing.sample_set import make_sample_project
from core.data.pictures.decoding import Decoded
from core.data.snapshot import snapshot_of_project
from core.data.store.store import BoxRow, ImageFilter, Project, Store
from core.runs import jobs
from core.runs.folder import RunFolder
from core.runs.models import evaluate_run
from core.runs.new_run import create_run
from core.training.recipe import Recipe
from core.workspace import Workspace


@dataclass(frozen=True)
class Full:
    """The ids of the two projects, and of the runs of the first."""

    birds: int
    boxes: int
    runs: tuple[str, str]


def fill(workspace: Workspace) -> Full:
    """Fill an empty workspace; the networks start from random numbers, so no weights are needed."""
    store = Store(workspace)
    birds = make_sample_project(store)
    _disagree(store, birds)
    boxes = _boxes(store)
    runs = tuple(
        _run(workspace, store, birds, name, seed=seed) for seed, name in enumerate(("First try", "Second try"))
    )
    second = RunFolder(workspace.runs / runs[1])
    evaluate_run(second, "test", device="cpu", cache=workspace.cache / "resized", who="Ana")
    _run(workspace, store, boxes, "Boxes", task="localization")
    store.close()
    return Full(birds.id, boxes.id, runs)


def _disagree(store: Store, project: Project) -> None:
    """Two people give the same photos a label, a few differently; one photo is there twice, in two classes."""
    owls = [row.id for row in store.images(project.id, ImageFilter(label="owl"))][:8]
    store.annotate(project.id, owls, "owl", "Ana")
    store.annotate(project.id, owls[:3], "duck", "Ben")
    store.annotate(project.id, owls[:2], "owl", "Ben")
    picture = Image.open(store.image_path(store.image(project.id, owls[4]).hash)).convert("RGB")
    half = picture.resize((picture.width // 2, picture.height // 2))
    copy, _ = store.add_image(project.id, Decoded(half, (), "PNG", False), b"", "copy.png")
    store.annotate(project.id, [copy.id], "duck", "Ben")


def _boxes(store: Store) -> Project:
    project = store.create_project("Boxes", "localization", ["square", "disc"])
    dice = np.random.default_rng(0)
    for number in range(24):
        pixels = dice.integers(90, 130, (60, 80, 3), dtype=np.uint8)
        x, y = int(dice.integers(0, 50)), int(dice.integers(0, 30))
        pixels[y : y + 25, x : x + 25, number % 2] = 230
        row, _ = store.add_image(project.id, Decoded(Image.fromarray(pixels), (), "PNG", False), b"", f"{number}.png")
        if number < 20:
            store.set_boxes(project.id, row.id, [BoxRow(("square", "disc")[number % 2], x, y, 25, 25)], "Ana")
    return project


def _run(workspace: Workspace, store: Store, project: Project, title: str, **recipe: Any) -> str:
    task = recipe.pop("task", "classification")
    asked = {"arch": "resnet18", "weights": "none", "train": "all", "size": 32, "epochs": 2, "device": "cpu"}
    store.assign_splits(project.id)
    run = create_run(
        workspace.runs / jobs.new_run_id(workspace, title),
        snapshot_of_project(store, project.id),
        Recipe.for_task(task, **asked, **recipe),
        title=title,
        project_id=project.id,
        project=project.name,
    )
    status = jobs.work(run, workspace)
    assert status.state == "finished", run.log()
    return run.id
