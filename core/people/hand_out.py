"""Hand out a project: a copy for each pupil of a class."""

from collections.abc import Iterator
from contextlib import suppress

from core.data.project_copy import copy_project
from core.data.store.store import Store
from core.features.frozen_network import FrozenNetwork
from core.features.vectors_of_others import hand_on
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
                _share_vectors(source, target, project.name)
        finally:
            target.close()
    yield Progress("handed out", len(people), len(people))


def _share_vectors(source: Store, target: Store, name: str) -> None:
    """Give a copy the features that the server has of its photos: else each pupil's would be computed again."""
    network, copied = FrozenNetwork.of_imagenet(), target.find_project(name)
    if network is None or copied is None:
        return
    hashes = [one.hash for one in target.image_labels(copied.id)]
    with suppress(OSError):  # a full disk: they are computed when somebody needs them
        hand_on(source.workspace, target.workspace, network, hashes)


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
