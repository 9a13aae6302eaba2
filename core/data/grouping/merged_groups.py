"""Join the groups that people named with those of near-duplicates."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class PhotoGroup:
    """The group in which a photo is kept together with others."""

    name: str
    named: bool  # by a person; else it is the content hash of the first of its near-duplicates
    alike: str = field(default="", compare=False)  # that hash, whoever named the group


def merged_groups(named: Mapping[str, str | None], alike: Mapping[str, str]) -> dict[str, PhotoGroup]:
    """Return the group of every photo, from the named groups and those of near-duplicates, all by content hash.

    A photo without a named group that is a near-duplicate of photos with one belongs to the first of theirs: a copy of
    a driver's photo must not be in another split. Near-duplicates that people put into different groups stay there:
    see `group_remarks.copies_remark`.
    """
    of_copies: dict[str, str] = {}
    for image, name in named.items():
        if name is not None:
            of_copies.setdefault(alike[image], name)
    groups = {}
    for image, name in named.items():
        known = name or of_copies.get(alike[image])
        groups[image] = PhotoGroup(known or alike[image], known is not None, alike[image])
    return groups
