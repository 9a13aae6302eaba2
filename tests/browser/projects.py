"""Names for projects that tests create: a test that is repeated after a failure finds its first name taken."""

from itertools import count

from core.data.store.store import Store


def unused_name(store: Store, name: str) -> str:
    """Return the name, with the first free number after it if there is such a project already."""
    taken = {project.name for project in store.projects()}
    return next(one for number in count(1) if (one := name if number == 1 else f"{name} {number}") not in taken)
