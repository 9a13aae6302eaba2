"""Random data sets for the property tests of tables: photos with a split, and labels or boxes."""

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from core.data.importing.plan_files import plan_from_files
from core.data.tables.questions import Asking

WIDTH, HEIGHT = 64, 48
NAMES = ("a.png", "b.png", "c d.png", "e\u0301.png", "100%.png", "x.y.png", "0f9a.png", "12.png")
CLASSES = ("ant", "bee", "Katze ß", "fire ant", "b,c", "no")

Mark = tuple[str, str, tuple[float, ...]]
Marks = Counter[Mark]


@dataclass(frozen=True)
class Marked:
    """One object: its class, and left, top, right and bottom in pixels; without these, the class of the whole photo."""

    label: str
    corners: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class Picture:
    name: str
    split: str | None
    marked: tuple[Marked, ...]


@cache
def photo(number: int) -> bytes:
    """A photo that is like no other number's."""
    pixels = np.random.default_rng(number).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


@st.composite
def boxes(draw: st.DrawFn, classes: Sequence[str] = CLASSES) -> Marked:
    """A box inside the photo, in whole pixels, of at least three on each side."""
    left, top = draw(st.integers(0, WIDTH - 4)), draw(st.integers(0, HEIGHT - 4))
    right, bottom = draw(st.integers(left + 3, WIDTH - 1)), draw(st.integers(top + 3, HEIGHT - 1))
    return Marked(draw(st.sampled_from(classes)), (left, top, right, bottom))


@st.composite
def boxed(draw: st.DrawFn, splits: Sequence[str | None] = (None,)) -> list[Picture]:
    """Two to four photos with up to three boxes, and at least one box."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=4, unique=True))
    first = draw(st.integers(0, len(names) - 1))
    return [
        Picture(
            name,
            draw(st.sampled_from(splits)),
            tuple(draw(st.lists(boxes(), min_size=int(number == first), max_size=3))),
        )
        for number, name in enumerate(names)
    ]


@st.composite
def labelled(draw: st.DrawFn, splits: Sequence[str | None] = (None,)) -> list[Picture]:
    """Two to four photos with one class each."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=4, unique=True))
    label, split = st.sampled_from(CLASSES), st.sampled_from(splits)
    return [Picture(name, draw(split), (Marked(draw(label)),)) for name in names]


def photos_of(pictures: Sequence[Picture]) -> dict[str, bytes]:
    return {one.name: photo(number) for number, one in enumerate(pictures)}


def marks_of(pictures: Sequence[Picture]) -> Marks:
    return Counter(
        (one.name, each.label, (each.corners and tuple(round(side, 6) for side in each.corners)) or ())
        for one in pictures
        for each in one.marked
    )


class Reading:
    """What a plan makes of files."""

    def __init__(self, files: Mapping[str, bytes], answers: Mapping[str, str] | None = None) -> None:
        asking = Asking(answers or {})
        readers = {path: partial(bytes, data) for path, data in files.items()}
        self.plan = plan_from_files(readers, {}, "set", asking)
        self.questions = asking.open
        self.problems = [str(one) for one in self.plan.problems if not one.harmless]
        self.remarks = "\n".join(str(one) for one in self.plan.problems if one.harmless)
        self.said = bool(asking.open or self.problems)
        self.marks: Marks = Counter()
        for one in self.plan.candidates:
            for each in one.objects:
                box = each.box
                sides = (box.x, box.y, box.x + box.width, box.y + box.height)
                self.marks[one.name, each.label or "", tuple(round(side, 6) for side in sides)] += 1
            if not one.objects and one.label is not None:
                self.marks[one.name, one.label, ()] += 1
        self.splits = {one.name: one.split for one in self.plan.candidates}


def check_changed(before: Reading, after: Reading, *, label: bool, box: bool, split: bool) -> None:
    """Nothing changes without a word, except what the changed cell says itself: a label, a box or a split."""
    if after.said:
        return
    new, lost = after.marks - before.marks, before.marks - after.marks
    unlabelled = {one.name for one in before.plan.candidates} - {one[0] for one in before.marks}
    if label and new.total() == 1 and not lost and next(iter(new))[0] in unlabelled:
        return  # a photo without a label got one
    assert {one[0] for one in new} <= {one[0] for one in lost}, ("on another photo", new, lost)
    assert not lost or label or box, ("lost or changed", new, lost)
    assert new.total() == lost.total(), ("lost without a word", new, lost)
    if not label:
        assert Counter(one[1] for one in new.elements()) == Counter(one[1] for one in lost.elements()), (new, lost)
    if not box:
        assert Counter(one[2] for one in new.elements()) == Counter(one[2] for one in lost.elements()), (new, lost)
    assert split or after.splits == before.splits, (after.splits, before.splits)
