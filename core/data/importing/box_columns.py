"""Tables of boxes without the usual header: what their columns seem to be, for a person to confirm."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from core.data.importing.archives import list_zip
from core.data.importing.folder_layout import TABLE_SUFFIXES, suffix_of
from core.data.importing.import_plan import ImportPlan
from core.data.importing.plan_import import Upload, plan_uploads
from core.data.pictures.decoding import IMAGE_SUFFIXES
from core.data.tables.csv_cells import as_row, read_text, restore, rows_of
from core.data.tables.label_columns import BOX, CORNERS
from core.data.tables.labels_csv import split_named
from core.errors import DataError, ImageRefused, LabelsError

SHARE = 0.8  # of the rows, that have to look like it
LINES_LOOKED_AT = 2000


@dataclass(frozen=True)
class Proposal:
    """How a table's columns may be meant: its last four are a box."""

    name: str  # the table's own
    rows: tuple[tuple[str, ...], ...]  # all lines; what could not be taken apart is one cell
    header: bool  # the first line names the columns
    filename: int
    label: int | None
    split: int | None
    corners: bool  # the four numbers look like two corners; else like a corner and a size

    def as_labels(self, corners: bool, label: str) -> bytes:
        """The table as a labels.csv; ``label`` is the class of all boxes where the table has none."""
        places = [self.filename, *([self.label] if self.label is not None else [])]
        places += [self.split] if self.split is not None else []
        names = ["filename", "label", *(["split"] if self.split is not None else []), *(CORNERS if corners else BOX)]
        lines = [as_row(names)]
        for cells in self.rows[self.header :]:
            if len(cells) < len(self.rows[0]):
                lines.append(as_row(list(cells)))
                continue
            chosen = [restore(cells[place]) for place in places]
            if self.label is None:
                chosen.insert(1, label)
            lines.append(as_row([*chosen, *(cell.strip() for cell in cells[-4:])]))
        return "".join(lines).encode()


def propose(source: bytes, name: str) -> Proposal | None:
    """What the columns of a table seem to be; None where it is no table of pictures and four numbers."""
    try:
        text, _ = read_text(source, name)
    except LabelsError:
        return None
    best: list[tuple[str, ...]] = []
    for delimiter in ",;\t":
        rows = [(cells,) if isinstance(cells, str) else tuple(cells) for _, cells in rows_of(text, delimiter, False)]
        rows = [row for row in rows if any(cell.strip() for cell in row)]
        if rows and len(rows[0]) > len(best[0] if best else ()):
            best = rows
    if not best or len(best[0]) < 5:
        return None
    header = not _is_box(best[0])
    body = [row for row in best[header:][:LINES_LOOKED_AT] if len(row) == len(best[0])]
    if not body or sum(map(_is_box, body)) < SHARE * len(body):
        return None
    others = range(len(best[0]) - 4)
    share = {place: sum(_is_picture(row[place]) for row in body) / len(body) for place in others}
    filename = max(share, key=lambda place: share[place])
    if share[filename] < SHARE:
        return None
    splits = [place for place in others if place != filename and all(split_named(row[place]) for row in body)]
    left = [place for place in others if place != filename and place not in splits]
    worded = [place for place in left if not all(_number(row[place]) is not None for row in body)] or left
    boxes = [[_number(cell) or 0.0 for cell in row[-4:]] for row in body if _is_box(row)]
    corners = all(right > x and bottom > y for x, y, right, bottom in boxes)
    return Proposal(
        name,
        tuple(best),
        header,
        filename,
        worded[0] if worded else None,
        splits[0] if splits else None,
        corners,
    )


def find_proposal(uploads: Sequence[Upload]) -> Proposal | None:
    """The first table among uploads, or on top of an uploaded zip, that may be meant so."""
    for upload in uploads:
        upload.data.seek(0)
        if suffix_of(upload.name) == ".zip":
            try:
                listed = list_zip(upload.data, upload.name)
                tables = [(path, read) for path, read in listed.files.items() if suffix_of(path) in TABLE_SUFFIXES]
                found = [propose(read(), path) for path, read in tables if path.count("/") < 2]
            except (DataError, ImageRefused):  # refused with the reason, when it is planned
                continue
        elif suffix_of(upload.name) in (*TABLE_SUFFIXES, ".txt"):
            found = [propose(upload.data.read(), upload.name)]
        else:
            continue
        if one := next((each for each in found if each is not None), None):
            return one
    return None


def find_in_folder(folder: Path) -> Proposal | None:
    """The first table on top of a folder that may be meant so."""
    for path in sorted(folder.iterdir()):
        if suffix_of(path.name) in (*TABLE_SUFFIXES, ".txt") and path.is_file():
            try:
                found = propose(path.read_bytes(), path.name)
            except OSError:  # unreadable: said with the reason, when it is planned
                continue
            if found is not None:
                return found
    return None


def uploads_with(uploads: Sequence[Upload], proposal: Proposal) -> Callable[[bytes], ImportPlan]:
    """How uploads are planned with a labels.csv in the place of the table that was found in them."""
    others = [one for one in uploads if one.name != proposal.name]
    return lambda table: plan_uploads([*others, Upload("labels.csv", io.BytesIO(table))])


def plan_proposed(
    proposal: Proposal, corners: bool, label: str, plan_with: Callable[[bytes], ImportPlan]
) -> ImportPlan:
    """The plan of photos whose table is read as proposed; problems have the lines of the table as it was.

    ``plan_with`` plans the photos by a labels.csv that it is given.
    """
    plan = plan_with(proposal.as_labels(corners, label))
    if proposal.header:
        return plan
    candidates = tuple(
        replace(one, objects=tuple(replace(each, line=max(0, each.line - 1)) for each in one.objects))
        for one in plan.candidates
    )
    problems = tuple(replace(one, line=one.line - 1 if one.line else None) for one in plan.problems)
    return replace(plan, candidates=candidates, problems=problems)


def _is_box(row: Sequence[str]) -> bool:
    return len(row) >= 5 and all(_number(cell) is not None for cell in row[-4:])


def _number(cell: str) -> float | None:
    try:
        return float(cell.strip().replace(",", "."))
    except ValueError:
        return None


def _is_picture(cell: str) -> bool:
    return PurePosixPath(cell.strip().replace("\\", "/")).suffix.lower() in IMAGE_SUFFIXES
