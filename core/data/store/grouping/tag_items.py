"""Tags as changes that can be undone: what gives images tags, or takes them away."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from core.data.store.grouping.tag_rows import Switched, spellings, tags_of
from core.data.store.history.changes import ChangeItem
from core.data.tables.label_columns import TAG_SEPARATOR
from core.data.tables.names import name_key, tidy_name
from core.errors import DataError


def tag_items(conn: Connection, project_id: int, wanted: Mapping[int, Mapping[str, bool]]) -> list[ChangeItem]:
    """Return the items that give images of the project tags (True) or take them away (False), where that changes any.

    A tag is spelled as the project spells it already. Raises DataError for a name that cannot be one.
    """
    if not wanted:
        return []
    spelled = spellings(conn, project_id)
    now = tags_of(conn, project_id, wanted)
    tidy = {name: _spelled(name, spelled) for switched in wanted.values() for name in switched}
    items = []
    for image_id, switched in wanted.items():
        mine = {name_key(name) for name in now.get(image_id, ())}
        after: Switched = {tidy[name]: on for name, on in switched.items() if on != (name_key(name) in mine)}
        if after:
            before = {name: not on for name, on in after.items()}
            items.append(ChangeItem("tags", image_id, {"tags": before}, {"tags": after}))
    return items


def check_tag(name: str) -> str:
    """Return the name of a tag as it is stored. Raises DataError where it cannot be one."""
    tidy = tidy_name(name, "tag")
    if TAG_SEPARATOR in tidy:
        raise DataError(f'The tag "{tidy}" has a semicolon, which separates tags in a labels.csv. Leave it out.')
    return tidy


def replacing(now: Sequence[str], wanted: Iterable[str]) -> Switched:
    """Return what turns the tags of an image into others."""
    new = {name_key(name): name for name in wanted}
    old = {name_key(name): name for name in now}
    added = {name: True for key, name in new.items() if key not in old}
    return added | {name: False for key, name in old.items() if key not in new}


def _spelled(name: str, spelled: dict[str, str]) -> str:
    tidy = check_tag(name)
    return spelled.setdefault(name_key(tidy), tidy)
