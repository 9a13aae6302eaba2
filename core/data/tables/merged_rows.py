"""Merge the rows of a table that name the same file: several boxes of a photo, repetitions, contradictions."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from core.data.pictures.box import Box
from core.data.tables.group_cells import one_group
from core.data.tables.label_rows import PIXELS, BoxFrame, LabelledBox, LabelRow, Problem, with_objects

STRICTEST_FIRST = ("test", "val", "train")
"""The split of copies that lie in several: a test image must not be trained on."""
_WRITE_FOLDERS = "write their folders into the file names (folder/photo.jpg)"


def one_row_per_file(rows: list[LabelRow], broken: set[int]) -> tuple[list[LabelRow], list[Problem]]:
    """Return one row per file name, in the order of the table; contradictions are resolved, or their rows skipped.

    Rows with a box are objects in one image, so their labels may differ. ``broken`` are the lines whose box was
    skipped: their label belongs to a lost object, not to the image.
    """
    by_name: dict[str, list[LabelRow]] = defaultdict(list)
    for row in rows:
        by_name[row.filename].append(row)
    kept, problems = [], []
    for name, group in by_name.items():
        if len(group) == 1:
            kept.append(group[0])
            continue
        objects = _objects(group)
        whole = [row for row in group if row.box is None and not (objects and row.line in broken)]
        labels = {one.label: one.line for one in reversed(objects)} if whole else {}
        labels |= {row.label: row.line for row in reversed(whole)}
        labels.pop(None, None)
        if len(labels) > 1:
            (first, line), (second, other) = sorted(labels.items(), key=lambda item: item[1])[:2]
            text = (
                f'{name} has two labels, "{first}" (line {line}) and "{second}" (line {other}); '
                f"neither is used. If they are two photos, {_WRITE_FOLDERS}; else delete the wrong row"
            )
            problems.append(Problem(other, text))
            continue
        first_row = next((row for row in group if row.label is not None), group[0])
        splits = {row.split for row in group if row.split}
        split = next((split for split in STRICTEST_FIRST if split in splits), None)
        group_name, differ = one_group(group)
        if differ:
            text = f"{name} has {differ}; none of them is used. If they are two photos, {_WRITE_FOLDERS}"
            problems.append(Problem(group[1].line, text))
        tags = tuple(dict.fromkeys(tag for row in group for tag in row.tags))
        frame = _one_frame(name, group, problems)
        row = replace(first_row, split=split, group=group_name, tags=tags, frame=frame)
        kept.append(with_objects(row, objects) if objects else row)
        problems += _repeated_boxes(name, objects)
        if len(objects) > 1 and len(splits) < 2:  # several boxes are fine
            continue
        lines = _listed([row.line for row in group])
        text = f"{name} is in lines {lines}; one row is kept"
        if len(objects) > 1:
            text = f"{name} has {len(objects)} boxes (lines {lines})"
        if len(splits) > 1:
            text += f", in {split}, because a photo must not be in several splits"
        problems.append(Problem(group[1].line, text))
    return kept, problems


def _one_frame(name: str, group: Sequence[LabelRow], problems: list[Problem]) -> BoxFrame:
    """Return the photo's size that all rows of a file agree on; where they differ, none is used."""
    found = {row.frame: row.line for row in reversed(group) if row.frame.size is not None}
    unsure = next((row.frame for row in group if row.frame.read_as), PIXELS)
    if len(found) < 2:
        return replace(next(iter(found), PIXELS), read_as=unsure.read_as)
    (one, line), (other, further) = sorted(found.items(), key=lambda item: item[1])[:2]
    differ = f"{_pixels(one)} (line {line}) and {_pixels(other)} (line {further})"
    problems.append(Problem(further, f"{name} has two sizes, {differ}; its boxes are read without a size"))
    return replace(PIXELS, read_as=unsure.read_as)


def _pixels(frame: BoxFrame) -> str:
    width, height = frame.size or (0, 0)
    return f"{width:,} × {height:,}"


def _objects(group: list[LabelRow]) -> tuple[LabelledBox, ...]:
    """Return the boxes of an image's rows."""
    return tuple(LabelledBox(row.label, row.box, row.line) for row in group if row.box is not None)


def _repeated_boxes(name: str, objects: tuple[LabelledBox, ...]) -> list[Problem]:
    """Report equal boxes: a mistake, or two objects in one place. Only a person can tell, so both are kept."""
    first_of: dict[tuple[str | None, Box], int] = {}
    problems = []
    for one in objects:
        line = first_of.setdefault((one.label, one.box), one.line)
        if line != one.line:
            text = f"{name} has the same box as in line {line}; both are kept"
            problems.append(Problem(one.line, text, harmless=True))
    return problems


def _listed(lines: list[int]) -> str:
    shown = [str(line) for line in lines[:5]] + (["..."] if len(lines) > 5 else [])
    return f"{', '.join(shown[:-1])} and {shown[-1]}"
