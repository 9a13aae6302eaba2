"""The sample project: the bird photos that come with the studio, most labelled, the rest to label by hand."""

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
    """The sample project: 120 labelled birds of five classes with their splits, and 42 more without a label.

    Where it exists it is opened as it is; where making it was cut short, it is completed. Takes two seconds or so.
    Raises DataError where the sample photos are not there.
    """
    folder = SAMPLE_IMAGES / "birds"
    label_of = _labels(folder / "labels.csv")
    # The remaining photos show other birds too: in the project are those that one of its classes fits.
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
    # Not under the person's own name: they gave none of these labels, and their first undo must not take all away.
    store.apply_labels(
        project.id, rows, SAMPLE_AUTHOR, f"sample project: {len(rows)} labels" + (f", opened by {who}" if who else "")
    )
    store.assign_splits(project.id)
    return project


def is_incomplete(store: Store, project: Project) -> bool:
    """Whether this is the sample project, and making it was cut short."""
    # Giving the labels comes last, so with a history all photos are in.
    return project.name == SAMPLE_NAME and not store.history(project.id, limit=1)


def _labels(path: Path) -> dict[str, str]:
    if not path.is_file():
        raise DataError(f"The sample photos are not there: {path} is missing. Fetch the whole repository again.")
    return {row.filename: row.label for row in read_labels(path, path.name).rows if row.label is not None}
