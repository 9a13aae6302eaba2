"""Hand out a project: a copy for each pupil of a class."""

from collections.abc import Iterator

from core.data.project_copy import copy_project
from core.data.store.store import Store
from core.people.door import workspace_of
from core.people.records import Person
from core.progress import Progress


def hand_out(source: Store, project_id: int, people: list[Person]) -> Iterator[Progress]:
    """Give everyone a copy who has no project of this name yet; yields how many of the pupils are done.

    It counts for their quota, but the quota does not prevent it. Raises DataError if a photo of the project is lost.
    """
    project = source.project(project_id)
    for done, person in enumerate(people):
        yield Progress(f"copying for {person.name}", done, len(people))
        target = Store(workspace_of(person))
        try:
            if target.find_project(project.name) is None:
                for _ in copy_project(source, project_id, target, beyond_quota=True):
                    continue
        finally:
            target.close()
    yield Progress("handed out", len(people), len(people))


def without_copy(source: Store, project_id: int, people: list[Person]) -> list[Person]:
    """Return those who have no project of this name yet."""
    name = source.project(project_id).name
    found = []
    for person in people:
        store = Store(workspace_of(person))
        try:
            if store.find_project(name) is None:
                found.append(person)
        finally:
            store.close()
    return found
