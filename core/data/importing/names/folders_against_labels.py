"""Find photos in a folder that is called like another class than their label: ``cat/1.jpg``, labelled dog."""

from collections.abc import Sequence

from core.data.importing.import_plan import Candidate
from core.data.importing.names.split_folders import split_name
from core.data.tables.label_rows import Problem
from core.data.tables.names import name_key


def remark_on_folders(candidates: Sequence[Candidate]) -> list[Problem]:
    """Return a remark on the photos whose folder is another of the classes; ``candidates`` are named by their paths."""
    own = {one.name: _classes(one) for one in candidates if not one.by_folder}
    known = frozenset().union(*own.values())
    against = [one for one in candidates if own.get(one.name) and _in_another(one.name, own[one.name], known)]
    if not against:
        return []
    first = against[0]
    example = f"{first.name}, which is labelled {first.label or first.objects[0].label}"
    if len(against) == 1:
        text = f"1 photo lies in a folder with the name of another class: {example}; the label counts"
    else:
        where = f"{len(against):,} photos lie in a folder with the name of another class, such as"
        text = f"{where} {example}; the labels count"
    return [Problem(None, text, harmless=True)]


def _classes(one: Candidate) -> frozenset[str]:
    labels = [one.label, *(box.label for box in one.objects)]
    return frozenset(name_key(label) for label in labels if label is not None)


def _in_another(path: str, own: frozenset[str], known: frozenset[str]) -> bool:
    """Return whether a folder of the photo is a class, and none of its own; a folder called train is a split."""
    names = {name_key(name) for name in path.split("/")[:-1] if not ((split := split_name(name)) and not split.rest)}
    return bool(names & known) and not names & own
