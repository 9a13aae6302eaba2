"""Tell photos apart whose names differ only in how accents are written: in one character or in two."""

import unicodedata
from collections import defaultdict
from pathlib import PurePosixPath


def spelled(paths: list[str], name: str, *, suffix: bool = True) -> list[str]:
    """Return the paths; of those that differ only in how accents are written, the ones spelled like the name.

    Without ``suffix`` the name is that of a file of labels, whose suffix is another one.
    """
    if len(paths) < 2 or all(map(str.isascii, paths)):
        return paths
    alike: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        alike[unicodedata.normalize("NFC", path)].append(path)
    found = []
    for some in alike.values():
        exact = [path for path in some if is_spelled(path, name, suffix=suffix)] if len(some) > 1 else []
        found += exact or some
    return found


def is_spelled(path: str, name: str, *, suffix: bool = True) -> bool:
    """Return whether a path ends as the name does, with accents in as many characters; folders may be missing."""
    ends = [PurePosixPath(one.replace("\\", "/")) for one in (path, name)]
    if not suffix:
        ends = [one.with_suffix("") if one.name else one for one in ends]
    one, other = ([part for part in end.parts if part not in ("/", ".", "..")] for end in ends)
    shorter = min(len(one), len(other))
    return shorter > 0 and one[-shorter:] == other[-shorter:]
