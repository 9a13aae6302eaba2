"""Say which columns are not used, and warn where their numbers look like those of boxes."""

import re
from collections.abc import Sequence

from core.data.tables.boxes.number_cells import numbers_in
from core.data.tables.csv_cells import restore, rows_of
from core.data.tables.label_columns import NAMELESS, Header, plain_column
from core.data.tables.label_rows import Problem

FEWEST = 4
"""So many columns of numbers with the words of a box in their names may be one."""
_MOST_JUDGED, _SHOWN = 64, 8
_CAPITAL = re.compile("(?<=[a-z0-9])(?=[A-Z])")  # the border of words in startX
_PLACES = "left|right|top|bottom|upper|lower"
_CORNERS = rf"[ulrtb]{{2}}|min|max|start|end|begin|c|cent(?:er|re)|mid|(?:{_PLACES})+"
_OF_A_BOX = re.compile(
    rf"(?:^|_)(?:[xywh]|width|height|{_PLACES}|[xy]_?(?:{_CORNERS})|(?:{_CORNERS})[xy])_?[0-9]*(?:_|$)"
)


def unused_columns(header: Header, text: str) -> list[Problem]:
    """Return a remark about the columns that are not used, and a problem where their numbers may be boxes."""
    used = header.used
    unused = [place for place in range(header.cells) if place not in used]
    named = [place for place in unused if _is_named_like_a_box(header.names[place])][:_MOST_JUDGED]
    problems = []
    if len(named) >= FEWEST and len(numbers := _with_numbers(header, text, named)) >= FEWEST:
        unused = [place for place in unused if place not in numbers]
        shown = [header.names[place] for place in numbers[:_SHOWN]] + (["..."] if len(numbers) > _SHOWN else [])
        what = "further boxes or points, which are" if header.boxes.places else "a box, which is"
        said = f"the columns {', '.join(shown)} may hold {what} not read"
        problems.append(Problem(header.line, f"{said}; call those of a box xmin, ymin, xmax and ymax"))
    if unused:
        names = ", ".join(header.names[place] or NAMELESS for place in unused)
        problems.append(Problem(header.line, f"unused columns: {names}", harmless=True))
    return problems


def _is_named_like_a_box(name: str) -> bool:
    return _OF_A_BOX.search(plain_column(_CAPITAL.sub("_", name[:200]))) is not None


def _with_numbers(header: Header, text: str, places: Sequence[int]) -> list[int]:
    """Return the columns in which numbers stand, and nothing else."""
    filled: set[int] = set()
    left = [*places]
    for line, cells in rows_of(text, header.delimiter, header.spaced):
        if line <= header.line or isinstance(cells, str):
            continue
        for place in [place for place in left if place < len(cells)]:
            if cell := restore(cells[place]):
                filled.add(place)
                if numbers_in(cell) == (None, None):
                    left.remove(place)
        if len(left) < FEWEST:
            break
    return [place for place in left if place in filled]
