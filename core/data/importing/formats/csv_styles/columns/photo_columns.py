"""Find the column that names the photos by the names of the photos that are there; where several may be, ask."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from core.data.importing.formats.csv_styles.sheet import Around, Sheet, names_photo
from core.data.tables.column_choices import FILE_COLUMN
from core.data.tables.questions import SAMPLED, Choice, Question

_LOOKED_AT = 1_000  # rows
_MOST_COLUMNS = 200
_MOST_CHOICES = 8


@dataclass(frozen=True)
class _Matched:
    """A column with cells that name photos, with their suffix or without."""

    place: int
    photos: frozenset[str]  # their paths
    rows: int
    suffixes: bool  # all of these cells have a suffix, so they are certainly files


def photo_column_by_files(sheet: Sheet, named: int | None, around: Around, taken: Collection[int]) -> int | None:
    """Return the column that names the photos: ``named``, unless the photos that are there say something else.

    ``taken`` are columns with another meaning. Where the photos do not decide, that is asked. Without photos, and where
    nothing matches them, it is ``named``.
    """
    matched = _matched(sheet, around, taken)
    own = next((one for one in matched if one.place == named), None)
    if own is not None:  # numbers in another column may be names by chance
        matched = [one for one in matched if one.rows >= own.rows and len(one.photos) >= len(own.photos)]
    matched = [one for one in matched if one.suffixes] or matched
    if len(matched) > 1:
        # While nobody has answered, the first one names the photos.
        return _ask(sheet, _in_order(matched, named), around)
    return matched[0].place if matched else named


def begins_with_data(sheet: Sheet, around: Around) -> bool:
    """Return whether the first row names a photo that is there, so that it is no header."""
    return any(around.photos.paths_of(cell) for cell in sheet.rows[0].cells[:_MOST_COLUMNS])


def _matched(sheet: Sheet, around: Around, taken: Collection[int]) -> list[_Matched]:
    rows = sheet.body[:_LOOKED_AT]
    found = []
    for place in range(min(len(sheet.header), _MOST_COLUMNS)):
        cells = [row.cell(place) for row in rows] if place not in taken else []
        hits = [(cell, paths) for cell in cells if cell and (paths := around.photos.paths_of(cell))]
        if hits:
            photos = frozenset(path for _, paths in hits for path in paths)
            found.append(_Matched(place, photos, len(hits), all(names_photo(cell) for cell, _ in hits)))
    return found


def _in_order(matched: Sequence[_Matched], named: int | None) -> list[int]:
    return [one.place for one in sorted(matched, key=lambda one: (one.place != named, -one.rows, one.place))]


def _ask(sheet: Sheet, places: Sequence[int], around: Around) -> int:
    keys = column_keys(sheet, places[:_MOST_CHOICES])
    others = [at for at in range(len(sheet.header)) if at not in keys]
    shown = [(keys[at], at) for at in keys]
    choices = tuple(
        Choice(
            key,
            f"Take the column {sheet.rows[0].cell(place)}",
            tuple((row.cell(place), *(row.cell(at) for at in others[:2])) for row in sheet.body[:SAMPLED]),
        )
        for key, place in shown
    )
    text = f"Several columns of {sheet.name} name photos: {', '.join(keys.values())}. Which one counts?"
    columns = ("photo", *(sheet.rows[0].cell(at) for at in others[:2]))
    key = around.asking.ask(Question(FILE_COLUMN, text, choices, sheet.name, columns))
    return next((place for one, place in shown if one == key), places[0])


def column_keys(sheet: Sheet, places: Sequence[int], reserved: Collection[str] = ()) -> dict[int, str]:
    """Return a word for each column that an answer can name: its own name, unless it is unclear or empty."""
    names = [name.strip() for name in sheet.rows[0].cells]
    keys = {}
    for place in places:
        name = sheet.rows[0].cell(place).strip()
        simple = bool(name) and name.isprintable() and "=" not in name and name not in reserved
        keys[place] = name if simple and names.count(name) == 1 else f"column-{place + 1}"
    return keys
