"""The sample project: bird photos that come with the studio, most of them labelled, the rest to label by hand."""

from pathlib import Path

from core.data.pictures.decoding import decode
from core.data.store.records import Project
from core.data.store.store import Store
from core.data.tables.labels_csv import read_labels
from core.data.tables.names import name_key
from core.errors import DataError
from core.progress import CountCallback
from core.workspace import SAMPLE_IMAGES

SAMPLE_NAME = "Birds (sample)"
SAMPLE_AUTHOR = "sample set"


def make_sample_project(store: Store, who: str = "", progress: CountCallback | None = None) -> Project:
    """Create or open the sample project: 120 labelled birds of five classes with splits, and 42 unlabelled ones.

    An existing project is opened unchanged; an incomplete one is completed. Takes about two seconds.
    Raises DataError where the sample photos are missing.
    """
    folder = SAMPLE_IMAGES / "birds"
    label_of = _labels(folder / "labels.csv")
    # The other photos show more kinds of birds; the project has those that belong to one of its classes.
    kinds = {name_key(label) for label in label_of.values()}
    pool = [name for name, label in _labels(folder / "labels-of-the-rest.csv").items() if name_key(label) in kinds]
    project = store.find_project(SAMPLE_NAME)
    if project is None:
        project = store.create_project(SAMPLE_NAME)
    elif not is_incomplete(store, project):
        return project
    numbers = {}
    for done, filename in enumerate([*label_of, *pool], start=1):
        raw = (folder / "images" / filename).read_bytes()
        row, _ = store.add_image(project.id, decode(raw, filename), raw, filename)
        numbers[filename] = row.id
        if progress is not None:
            progress(done, len(label_of) + len(pool))
    rows = [(numbers[filename], label, None) for filename, label in label_of.items()]
    # Not under the person's own name or tab: they made none of these labels, and their undo must not remove them all.
    store.in_tab(None).apply_labels(
        project.id, rows, SAMPLE_AUTHOR, f"sample project: {len(rows)} labels" + (f", opened by {who}" if who else "")
    )
    store.assign_splits(project.id)
    return project


def is_incomplete(store: Store, project: Project) -> bool:
    """Return whether this is the sample project and its creation was interrupted."""
    # Labels are added last, so a project with a history has all photos.
    return project.name == SAMPLE_NAME and not store.history(project.id, limit=1)


def _labels(path: Path) -> dict[str, str]:
    if not path.is_file():
        raise DataError(f"The sample photos are missing: there is no {path}. Download the whole repository again.")
    return {row.filename: row.label for row in read_labels(path, path.name).rows if row.label is not None}
