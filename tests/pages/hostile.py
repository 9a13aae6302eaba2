"""A workspace in which everything that a user names is named to do harm: as Markdown, as HTML, as an address."""

import io
import shutil
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from core.data.pictures.decoding import Decoded
from core.data.snapshot import snapshot_of_project
from core.data.store.records import BoxRow
from core.data.store.store import Project, Store
from core.features.vectors import Vectors, default_vectors
from core.runs.folder import RunFolder
from core.runs.jobs import work
from core.runs.models import evaluate_run
from core.runs.new_run import create_run
from core.runs.table import write_note
from core.training.recipe import Recipe
from core.workspace import Workspace

PROJECT = "# x http://evil.test [x](https://evil.test/p) :material/home: <b>x</b>"
BOX_PROJECT = "1. one ![x](https://evil.test/b.png) snow_leopard_x"
LOST_PROJECT = "$x$ &amp; www.evil.test a*b*c"
CLASSES = (
    "![x](https://evil.test/a.png) :material/home: <b>x</b> snow_leopard_x",
    "1. one $x$ a*b*c :red[x] &amp; www.evil.test",
)
PEOPLE = ("<b>x</b> :material/home: www.evil.test snow_leopard_x", "a*b*c $x$ :red[x] http://evil.test &amp;")
RUN = '1. one http://evil.test <a href="https://evil.test">x</a> :material/home: a*b*c'
OTHER_RUN = "# x www.evil.test snow_leopard_x $x$ :red[x] ![x](https://evil.test/r.png)"
NOTE = "![x](https://evil.test/n.png) <b>x</b> $x$"
MESSAGE = "No space is left on <b>x</b> ![x](https://evil.test/m.png) :material/home: a*b*c."
FILE = "# x {} <b>x</b> www.evil.test me@evil.test snow_leopard_x :material_home: $x$ a*b*c.png"
GROUPS = ("<b>x</b> :material/home: [x](https://evil.test/g)", "# x www.evil.test a*b*c $x$")
TAGS = ("![x](https://evil.test/t.png) <b>x</b>", "snow_leopard_x :red[x] 1. one")
UNLABELLED = "# x new <b>x</b> www.evil.test ![x](x.png) :red[x] &amp; a*b*c"

# Each is one way in which a name could be more than its letters.
FRAGMENTS = (
    "](https://evil.test",
    ":material/home:",
    ":material_home:",
    "http://evil.test",
    "www.evil.test",
    "me@evil.test",
    "snow_leopard_x",
    "<b>x</b>",
    '<a href="https://evil.test">',
    "$x$",
    "a*b*c",
    ":red[x]",
    "&amp;",
    "1. one",
    "# x",
)
RUN_ID, OTHER_ID, FAILED_ID, BOX_RUN_ID = (f"20260101-12000{number}-names" for number in range(4))
EACH = 8
SMALLEST = Recipe.checked(
    arch="resnet18", weights="none", train="all", epochs=1, size=32, batch_size=8, augmentation="none", device="cpu",
    precision="fp32", workers=0,
)  # fmt: skip


def make_workspace(workspace: Workspace) -> None:
    """Fill an empty workspace: three projects, five photos of each class and more, two people, four runs, an exam."""
    store = Store(workspace)
    project = _photos(store)
    run = _trained(workspace, store, project, RUN_ID, RUN)
    write_note(run, NOTE)
    for name in (OTHER_ID, FAILED_ID):
        shutil.copytree(run.path, workspace.runs / name)
    other = RunFolder(workspace.runs / OTHER_ID)
    other.write_status(title=OTHER_RUN, corrected_from=RUN_ID)
    evaluate_run(other, "test", device="cpu", cache=workspace.cache / "resized", who=PEOPLE[1])
    RunFolder(workspace.runs / FAILED_ID).write_status(title=RUN, state="failed", message=MESSAGE)
    _features(store, project)
    boxes = _boxes(store)
    _trained(workspace, store, boxes, BOX_RUN_ID, RUN, mode="letterbox")
    lost = store.create_project(LOST_PROJECT, classes=CLASSES)
    row = _add(store, lost, 500, FILE.format(500))
    store.image_path(store.image(lost.id, row).hash).unlink()
    store.close()


def _photos(store: Store) -> Project:
    project = store.create_project(PROJECT, classes=CLASSES)
    for number in range(2 * EACH):
        image_id = _add(store, project, number, FILE.format(number))
        store.annotate(project.id, [image_id], CLASSES[number % 2], PEOPLE[0])
        if number < 2:  # the two people disagree on the first photo and agree on the second
            store.annotate(project.id, [image_id], CLASSES[1], PEOPLE[1])
    copy = _add(store, project, 2, FILE.format("copy"), brighter=1)  # nearly the same photo with another label
    store.annotate(project.id, [copy], CLASSES[1], PEOPLE[0])
    _add(store, project, 90, UNLABELLED)
    _add(store, project, 91, '<a href="https://evil.test">x</a>.png')
    store.assign_splits(project.id)
    ids = [row.id for row in store.images(project.id)]
    store.set_groups(project.id, {number: GROUPS[place % 2] for place, number in enumerate(ids[:4])}, PEOPLE[0])
    for place, tag in enumerate(TAGS):
        store.add_tag(project.id, ids[place:8:2], tag, PEOPLE[0])
    return project


def _boxes(store: Store) -> Project:
    project = store.create_project(BOX_PROJECT, "localization", CLASSES)
    for number in range(2 * EACH):
        image_id = _add(store, project, 100 + number, FILE.format(number))
        if number < 2 * EACH - 1:
            store.set_boxes(project.id, image_id, [BoxRow(CLASSES[number % 2], 4, 4, 20, 16)], PEOPLE[0])
    store.assign_splits(project.id)
    return project


def _add(store: Store, project: Project, seed: int, name: str, brighter: int = 0) -> int:
    noise = np.random.default_rng(seed).integers(0, 60, (6, 8, 3)).repeat(7, 0).repeat(7, 1)
    noise[:, : 8 * (seed % 2 + 1)] += 150
    image = Image.fromarray((noise + brighter).astype(np.uint8))
    return store.add_image(project.id, Decoded(image, (), "PNG", False), b"", name)[0].id


def _trained(
    workspace: Workspace, store: Store, project: Project, name: str, title: str, **changes: object
) -> RunFolder:
    run = create_run(
        workspace.runs / name,
        snapshot_of_project(store, project.id),
        SMALLEST.model_copy(update=changes),
        title=title,
        project_id=project.id,
        project=project.name,
    )
    status = work(run, workspace)
    assert status.state == "finished", run.log()
    return run


def _features(store: Store, project: Project) -> None:
    """Write features of every photo, so that suggestions, the map and the checks have something to show.

    They are as long as the network's own, which are computed for photos that are added.
    """
    network = default_vectors(store.workspace)
    if network is None:
        return
    rows = store.image_labels(project.id)
    sides = np.array([row.label == CLASSES[0] for row in rows]).astype(int)
    places = np.eye(2048, dtype=np.float32)[sides]
    places[:, :8] += 0.1 * np.random.default_rng(0).normal(size=(len(rows), 8))
    names = [store.image(project.id, row.id).filename for row in rows]
    places[names.index(FILE.format("copy"))] = places[names.index(FILE.format(2))]
    Vectors(store.workspace, network).add([row.hash for row in rows], places)


def write_upload(folder: Path) -> Path:
    """Write photos and a labels.csv with such names and with faults that the preview lists."""
    folder.mkdir(parents=True)
    lines = ["filename,label"]
    for number, name in enumerate(("snow_leopard_x www.evil.test.png", "# x $x$ a*b*c &amp;.png")):
        Image.fromarray(np.full((40, 50, 3), 40 + 90 * number, np.uint8)).save(folder / name)
        lines.append(f"{name},{CLASSES[number]}")
    lines.append(f"www.evil.test a*b*c.png,{CLASSES[0]}")  # a photo that is not there
    (folder / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "1. one <b>x.png").write_bytes(b"no picture")
    return folder


def zip_of(folder: Path) -> bytes:
    """The files of a folder as a zip."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)
    return stream.getvalue()
