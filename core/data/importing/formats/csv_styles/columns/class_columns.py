"""Ask which column of a table holds the classes, where none is called so."""

from collections.abc import Collection, Sequence

from core.data.importing.formats.csv_styles.columns.photo_columns import column_keys
from core.data.importing.formats.csv_styles.sheet import Around, Sheet, number
from core.data.tables.questions import SAMPLED, Choice, Question

CLASS_COLUMN = "class-column"
"""The kind of the question."""
NONE = "none"

_MOST_CHOICES = 8
_LOOKED_AT = 1_000  # rows


def ask_class_column(
    sheet: Sheet, photo: int, columns: Sequence[int], around: Around, *, named: bool
) -> tuple[int | None, bool]:
    """Ask which column holds the class; returns it, None for none of them, and whether somebody has answered.

    ``named`` columns are called like a class; else none of them may be one, and the photos can stay unlabelled.
    """
    keys = column_keys(sheet, columns[:_MOST_CHOICES], (NONE,))
    shown = sheet.body[:SAMPLED]
    choices = [
        Choice(
            key,
            f"Take the column {sheet.rows[0].cell(place) or place + 1}",
            tuple((row.cell(photo), row.cell(place)) for row in shown),
        )
        for place, key in keys.items()
    ]
    if named:
        text = f"{sheet.name} has several columns that may be the class: {', '.join(keys.values())}. Which one?"
    else:
        choices.append(Choice(NONE, "Import the photos without labels", tuple((row.cell(photo), "") for row in shown)))
        rest = len(columns) - _MOST_CHOICES
        more = "1 more column is" if rest == 1 else f"{rest:,} more columns are"
        more = f" ({more} not offered)" if len(columns) > len(keys) else ""
        text = (
            f'{sheet.name} has no column that is called "label" or "class"{more}. '
            f"Which column holds the classes of the photos?"
        )
    key = around.asking.ask(Question(CLASS_COLUMN, text, tuple(choices), sheet.name, ("photo", "class")))
    return next((place for place, one in keys.items() if one == key), None), key is not None


def possible_class_columns(sheet: Sheet, taken: Collection[int]) -> list[int]:
    """Return the columns that may hold classes, the likeliest first: words that come more than once."""
    ranked = []
    for place in range(len(sheet.header)):
        cells = [cell for row in sheet.body[:_LOOKED_AT] if (cell := row.cell(place))]
        if place not in taken and cells and not are_fractions(cells):
            words = any(number(cell) is None for cell in cells)
            ranked.append((len({*cells}) == len(cells) > 1, not words, place))
    return [place for *_, place in sorted(ranked)]


def are_fractions(cells: Sequence[str]) -> bool:
    """Return whether numbers are shares or measurements: they cannot name classes."""
    numbers = [number(cell) for cell in cells if cell]
    return any(one is not None and not one.is_integer() for one in numbers) and None not in numbers
