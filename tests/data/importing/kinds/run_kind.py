"""Import a kind of input by the command line, and read back what the project then holds."""

import contextlib
import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from core.cli import main
from core.cli.importing.import_sources import plan_sources
from core.data.importing.import_plan import ImportPlan
from core.data.store.store import Store
from core.workspace import open_workspace
from tests.data.importing.kinds.contents import zip_of
from tests.data.importing.kinds.kind import Kind, Look, Photo


def core(*words: object) -> tuple[int, str]:
    """Run ``core`` in this process; return its exit code and what it printed to standard error."""
    before = sys.argv
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    sys.argv = ["core", *map(str, words)]
    code = 0
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        sys.argv = before
    return code, err.buffer.getvalue().decode()


def write(kind: Kind, folder: Path) -> Path:
    """Write the files of a kind, and return what is imported."""
    if callable(kind.files):
        return kind.files(folder, core)
    if kind.zipped:
        (folder / "data.zip").write_bytes(zip_of(kind.files))
        return folder / "data.zip"
    root = folder / "data"
    for name, content in kind.files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root / kind.source if kind.source else root


def import_kind(kind: Kind, source: Path, project: str, *options: str) -> tuple[int, str]:
    """Import it into a new project."""
    images = ["--images", str(source.parent / kind.images)] if kind.images else []
    return core("import", source, "--project", project, *images, *options)


def planned(kind: Kind, source: Path) -> ImportPlan:
    """Return the plan that the command line makes of it."""
    return plan_sources([source], source.parent / kind.images if kind.images else None, None, {})


class Stored:
    """What a project holds; nothing where there is none."""

    def __init__(self, project: str) -> None:
        self.photos: dict[str, Photo] = {}
        self.classes: tuple[str, ...] = ()
        self._paths: dict[str, Path] = {}
        store = Store(open_workspace())
        try:
            found = store.find_project(project)
            self.there = found is not None
            if found is None:
                return
            images = store.images(found.id)
            boxes = store.boxes(found.id, [one.id for one in images])
            for one in images:
                marks = tuple((box.label, box.x, box.y, box.width, box.height) for box in boxes.get(one.id, []))
                self.photos[one.filename] = Photo(one.label, one.split, marks, one.group)
                self._paths[one.filename] = store.path_of(one)
            self.classes = tuple(one.name for one in store.classes(found.id))
        finally:
            store.close()

    def look(self, name: str, wanted: Look) -> Look:
        """Return how the stored photo looks at the same points."""
        with Image.open(self._paths[name]) as image:
            pixels = np.asarray(image.convert("RGB"))
        colours = {(x, y): tuple(int(value) for value in pixels[y, x]) for x, y in wanted.colours}
        return Look((pixels.shape[1], pixels.shape[0]), colours)  # type: ignore[arg-type]
