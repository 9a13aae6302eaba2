"""Export everything that is stored of one pupil: photos, labels, runs with their models, what the register knows."""

import io
import json
import secrets
import shutil
import tempfile
import time
import zipfile
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, cast

from core.backup.archive_writers import Archive, open_archive
from core.backup.contents import contents, photos
from core.backup.held_files import held_files
from core.data.importing.formats.write_zip import missing_in_words, missing_photos, write_zip
from core.data.store.records import Project
from core.data.store.store import Store
from core.data.tables.labels_csv import write_labels
from core.errors import PeopleError
from core.people.door import folder_of
from core.people.exporting.history_csv import history_csv
from core.people.exporting.known_of_person import known_of_person
from core.people.exporting.readme import readme
from core.people.records import Person
from core.people.register import Register
from core.people.sharing.attempts import attempts_by
from core.progress import Progress
from core.runs.exams.locked import FILE as LOCK
from core.runs.exams.locked import SENTENCE, exam_locked
from core.storage_errors import storage_error
from core.workspace import Workspace

_MADE_OF_EXAMS = ("report.html", "web-page/", "onnx.zip")
"""What a run's figures were drawn into; see ``core.runs.folder``."""


def export_person(
    register: Register, person: Person, out: Path, *, for_themselves: bool = False
) -> Generator[Progress]:
    """Write a zip (or, without the ending .zip, a folder), which appears at ``out`` when it is complete.

    Yields how many projects and runs are done. ``for_themselves`` leaves out the figures of an exam that the teacher
    has locked. Raises PeopleError for the teacher and for an ``out`` that exists, StorageError, and DataError if
    photos are changed meanwhile.
    """
    if person.teaches:
        raise PeopleError("The teacher's work is that of the server. Save it with python -m core backup.")
    out = out.absolute()
    if out.exists() or out.is_symlink():
        raise PeopleError(f"{out} already exists. Choose a new name, or delete it first.")
    part = out.with_name(f".{out.name}.{secrets.token_hex(4)}.part")
    so = f"the data of {person.name} could not be written to {out.name}"
    try:
        with (
            tempfile.TemporaryDirectory(prefix=f".{out.name}.", suffix=".part", dir=out.parent) as staging,
            open_archive(part, out.name, lambda count: None) as archive,
        ):
            yield from _Export(register, person, archive, Path(staging), for_themselves=for_themselves).write()
        part.rename(out)
    except OSError as error:
        raise storage_error(error, so) or PeopleError(f"{so[0].upper()}{so[1:]} ({error}). Try again.") from error
    finally:
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink(missing_ok=True)


class _Export:
    """The state of one export."""

    def __init__(
        self, register: Register, person: Person, archive: Archive, staging: Path, *, for_themselves: bool
    ) -> None:
        self._register, self._person, self._archive, self._staging = register, person, archive, staging
        self._workspace = Workspace(folder_of(person))
        self._closed = for_themselves and exam_locked(self._workspace)
        self._remarks: list[str] = []
        self._exported: set[Path] = set()

    def write(self) -> Iterator[Progress]:
        found = contents(self._workspace.root)
        projects = 0
        if (self._workspace.root / "studio.db").exists():
            store = Store(self._workspace)
            try:
                listed = store.projects()
                projects = len(listed)
                total = projects + len(found.runs)
                for done, project in enumerate(listed):
                    yield Progress(f"photos and labels of {project.name}", done, total)
                    self._add_project(store, project)
            finally:
                store.close()
        for done, name in enumerate(found.runs):
            yield Progress(f"training {Path(name).name}", projects + done, projects + len(found.runs))
            self._add_run(name)
        others = self._add_other_photos()
        for name in found.files:
            if name != LOCK:
                self._add_file(f"other/{name}", self._workspace.root / name)
        known = known_of_person(self._register, self._person)
        for one in attempts_by(self._register, self._person):
            self._add_file(f"game/{one.id}.jpg", one.photo)
        self._add_text("about.json", json.dumps(known, indent=1, ensure_ascii=False))
        if self._closed:
            self._remarks.append(f"{SENTENCE} Its figures are not included.")
        text = readme(self._person.name, known["class"], datetime.now(UTC), other_photos=others, remarks=self._remarks)
        self._add_text("README.txt", text)
        yield Progress("written", projects + len(found.runs), projects + len(found.runs))

    def _add_project(self, store: Store, project: Project) -> None:
        folder = f"projects/{_folder_name(project)}"
        self._exported.update(store.image_paths(project.id).values())
        missing = missing_photos(store, project.id)
        if len(missing) < store.count(project.id):
            packed = self._staging / "project.zip"
            for _ in write_zip(store, project.id, "csv", packed):
                continue
            with zipfile.ZipFile(packed) as photos_and_labels:
                for one in photos_and_labels.infolist():
                    changed = time.mktime((*one.date_time, 0, 0, -1))
                    with photos_and_labels.open(one) as source:
                        self._archive.add(f"{folder}/{one.filename}", cast(BinaryIO, source), one.file_size, changed)
            packed.unlink()
        else:  # there is no photo to write
            self._add_text(f"{folder}/labels.csv", write_labels(store.label_rows(project.id, sources=True)))
        self._add_text(f"{folder}/history.csv", history_csv(store, project.id))
        if missing:
            self._remarks.append(f"{project.name}: {missing_in_words(missing)}")

    def _add_run(self, name: str) -> None:
        with held_files(self._workspace.root / name) as held:
            examined = any(one.name == "report-test.json" for one in held)
            for one in held:
                of_exam = "-test." in one.name or (examined and one.name.startswith(_MADE_OF_EXAMS))
                if not (self._closed and of_exam):
                    self._archive.add(f"{name}/{one.name}", one.source, one.size, one.changed)

    def _add_other_photos(self) -> int:
        """Add the photos that no project shows any more, and return how many there are."""
        others = 0
        for name in photos(self._workspace.root):
            path = self._workspace.root / name
            if path not in self._exported:
                self._add_file(f"other-photos/{path.name}", path)
                others += 1
        return others

    def _add_file(self, name: str, path: Path) -> None:
        try:
            with path.open("rb") as source:
                about = path.stat()
                self._archive.add(name, source, about.st_size, about.st_mtime)
        except FileNotFoundError:
            return  # deleted since it was listed

    def _add_text(self, name: str, text: str) -> None:
        data = text.encode()
        self._archive.add(name, io.BytesIO(data), len(data), time.time())


def _folder_name(project: Project) -> str:
    """Return a name that every system allows, and no other project has."""
    kept = "".join(letter if letter.isalnum() or letter in "-_ " else "_" for letter in project.name).strip()
    return f"{project.id} {kept[:60]}".strip()
