"""How far a class is as a whole, for everybody to see: sums and counts, nobody's own figures."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from core.people.overview import Overview
from core.people.records import Person

HERE_SECONDS = 90.0


@dataclass(frozen=True)
class ClassProgress:
    """The sums of a class; ``joined`` and the counts after it are pupils."""

    pupils: int
    joined: int
    here: int
    with_photos: int
    with_labels: int
    with_models: int
    photos: int
    labelled: int
    runs: int
    training: int
    waiting: int
    groups: int = 0
    groups_with_models: int = 0


def class_progress(found: Sequence[Overview], groups: Sequence[Overview] = ()) -> ClassProgress:
    """Add up what the pupils of a class have made; photos, labels and runs of its groups count too."""
    everybody = [*found, *groups]
    return ClassProgress(
        pupils=len(found),
        joined=sum(one.person.joined for one in found),
        here=sum(is_here(one.person) for one in found),
        with_photos=sum(one.photos > 0 for one in found),
        with_labels=sum(one.labelled > 0 for one in found),
        with_models=sum(one.best is not None for one in found),
        photos=sum(one.photos for one in everybody),
        labelled=sum(one.labelled for one in everybody),
        runs=sum(one.runs for one in everybody),
        training=sum(one.training for one in everybody),
        waiting=sum(one.waiting for one in everybody),
        groups=len(groups),
        groups_with_models=sum(one.best is not None for one in groups),
    )


def is_here(person: Person) -> bool:
    """Return whether somebody's browser has opened a page a moment ago."""
    return person.seen is not None and time.time() - person.seen < HERE_SECONDS
