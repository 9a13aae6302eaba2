"""Choose the photo of each Pascal VOC XML file: by the file's own name, else by its <filename>.

People renumber photos together with their XML files, and the <filename> inside then names another photo.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from core.data.importing.formats.gathered_labels import Files, ImageIndex, LabelCollector
from core.data.importing.formats.gathering.image_index import folders_agree, nearest
from core.data.importing.formats.gathering.other_splits import FOLDERS, SKIP, USE
from core.data.importing.formats.gathering.untrusted_values import number_of
from core.data.importing.formats.reading.voc_xml import Annotation
from core.data.pictures.box import Box
from core.data.tables.questions import SAMPLED, Choice, Question, SamplePhoto

ROOTS = ("JPEGImages/", "images/")
_ANNOTATIONS = re.compile("(.*/)?[Aa]nnotations/(.*)", re.DOTALL)
_MOST_ALIKE = 1_000  # photos of one name that are compared one by one
_LONGEST = 200  # characters of a name that is shown


@dataclass
class Chosen:
    """The photos of the XML files, and what has to be said about the choice."""

    photos: dict[str, str] = field(default_factory=dict)  # XML file -> photo
    contradicted: dict[str, str] = field(default_factory=dict)  # XML file -> the other photo that it names
    stale: dict[str, str] = field(default_factory=dict)  # XML file -> the photo that it names, which is not there
    elsewhere: dict[str, str] = field(default_factory=dict)  # XML file -> a photo in a folder of another name


def choose_photos(
    annotations: Sequence[Annotation], files: Files, pictures: ImageIndex, collected: LabelCollector
) -> dict[str, str]:
    """Return the photo of each XML file that has one; the others are problems, and what is unclear is asked."""
    chosen = Chosen()
    for one in annotations:
        pictures.keep(_beside(one.path, pictures))
        pictures.reserve([one.filename.strip()] if one.filename.strip() else [], one.path)
    for one in annotations:
        reason = _choose(one, pictures, chosen)
        if reason:
            collected.add_problem(one.path, reason)
    for named, what in (
        (chosen.contradicted, "names another photo in its <filename>; the photo of the file's own name is used"),
        (chosen.stale, "names a photo in its <filename> that is not there; the photo of the file's own name is used"),
    ):
        if named:
            who = "1 XML file" if len(named) == 1 else f"{len(named):,} XML files: each"
            shown = [f"{path} ({name[:_LONGEST]})" for path, name in named.items()]
            collected.add_remark_on(f"{who} {what}", shown)
    if chosen.elsewhere:
        _ask_elsewhere(annotations, files, collected, chosen)
    _report_empty(annotations, chosen, collected)
    return chosen.photos


def _choose(one: Annotation, pictures: ImageIndex, chosen: Chosen) -> str | None:
    """Note the photo of an XML file; return the reason where it has none."""
    path, name = one.path, one.filename.strip()
    named = _at_places(path, one.filename, pictures) or _at_places(path, name, pictures)
    if named is None and (agreed := _agreed(path, name, pictures)) is not None:
        chosen.photos[path] = agreed
        return None
    named = named or (pictures.find(name, path) if name else None)
    own, beside = _own_photos(path, named, pictures)
    if named is None and "/" in name.replace("\\", "/") and not beside:
        own = []  # the folder in the name is that of another photo
    if named in own or (named is not None and not own):
        file = named
    elif len(own) == 1:
        file = own[0]
        if named is not None:
            chosen.contradicted[path] = named
        elif name and _stem(name.replace("\\", "/")) not in (_stem(file), PurePosixPath(file).name):
            chosen.stale[path] = name
    elif own:
        return (
            f"its photo could be {' or '.join(own[:SAMPLED])}; write the right one into its <filename>; it is skipped"
        )
    else:
        return (
            f"its photo {pictures.missing(name, path)}" if name else "its photo has no name and is not among the files"
        )
    if file is not None:
        chosen.photos[path] = file
        if "/" not in name.replace("\\", "/") and not folders_agree(path, file):
            chosen.elsewhere[path] = file
    return None


def _report_empty(annotations: Sequence[Annotation], chosen: Chosen, collected: LabelCollector) -> None:
    """Report photos of which one XML file says objects and another one says none."""
    by_photo: dict[str, list[Annotation]] = {}
    for one in annotations:
        if one.path in chosen.photos:
            by_photo.setdefault(chosen.photos[one.path], []).append(one)
    for photo, several in by_photo.items():
        filled = [one.path for one in several if one.objects]
        empty = [one.path for one in several if not one.objects]
        if filled and empty:
            text = f"it has objects in {filled[0]} and none in {empty[0]}; the objects are used"
            collected.add_problem(photo, text)


def _agreed(path: str, name: str, pictures: ImageIndex) -> str | None:
    """Return the photo beside the XML file of the same name, if the <filename> is that photo's too, in any case."""
    base = PurePosixPath(name.replace("\\", "/")).name.casefold()
    own = [one for one in _beside(path, pictures) if PurePosixPath(one).name.casefold() == base]
    return own[0] if len(own) == 1 else None


def _own_photos(path: str, named: str | None, pictures: ImageIndex) -> tuple[list[str], bool]:
    """Return the photos of the XML file's own name, and whether they lie beside it or in the folder for photos."""
    if found := _beside(path, pictures):
        return found, True
    alike = pictures.with_stem(path)
    alike = alike if len(alike) <= _MOST_ALIKE else []
    alike = nearest([one for one in alike if folders_agree(path, one)] or alike, path)
    beside_named = [one for one in alike if named is not None and _folder(one) == _folder(named)]
    if beside_named or named is None:
        return beside_named or alike, False
    return [one for one in alike if folders_agree(path, one)], False


def _beside(path: str, pictures: ImageIndex) -> list[str]:
    """Return the photos of the XML file's own name beside it, or in the folder for photos."""
    stem = path.rpartition(".")[0]
    places = [stem]
    if below := _ANNOTATIONS.fullmatch(stem):
        around, rest = below.group(1) or "", below.group(2)
        places += [f"{around}{top}{rest}" for top in ROOTS]
    return list(dict.fromkeys(photo for place in places for photo in _with_stem(place, pictures)))


def _with_stem(place: str, pictures: ImageIndex) -> list[str]:
    """Return a.jpg for "a", and also for "a.jpg"."""
    whole = [place] if place in pictures.paths else []
    return whole + pictures.at_path(place)


def _at_places(path: str, name: str, pictures: ImageIndex) -> str | None:
    """Return the image of that name in the folder for photos beside Annotations."""
    around, beside, _ = path.rpartition("Annotations/")
    places = [f"{around}{top}{name}" for top in ROOTS] if beside else []
    return next((one for one in places if one in pictures.paths), None)


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _stem(path: str) -> str:
    return PurePosixPath(path).stem


def _ask_elsewhere(annotations: Sequence[Annotation], files: Files, collected: LabelCollector, chosen: Chosen) -> None:
    """Ask whether XML files belong to photos of the same name in a folder of another name."""
    path, photo = next(iter(chosen.elsewhere.items()))
    which = "1 XML file fits" if len(chosen.elsewhere) == 1 else f"{len(chosen.elsewhere):,} XML files fit"
    text = (
        f"{which} a photo by name, but their folders have different names, such as {path} and {photo}. "
        "Do they belong together?"
    )
    samples = [one for one in annotations if one.path in chosen.elsewhere][:SAMPLED]
    photos = tuple(SamplePhoto(chosen.photos[one.path], files[chosen.photos[one.path]], _boxes(one)) for one in samples)
    without = tuple(SamplePhoto(photo.name, photo.read, ()) for photo in photos)
    choices = (
        Choice(USE, "Use these labels", photos=photos),
        Choice(SKIP, "Leave these labels out", photos=without),
    )
    if collected.asking.ask(Question(FOLDERS, text, choices)) == SKIP:
        for path in chosen.elsewhere:
            del chosen.photos[path]


def _boxes(one: Annotation) -> tuple[tuple[str, Box], ...]:
    """Return the boxes of an XML file as they are drawn in a sample."""
    found = []
    for marked in one.objects:
        numbers = [number for text in marked.corners if (number := number_of(text)) is not None]
        if len(numbers) == 4 and numbers[2] > numbers[0] and numbers[3] > numbers[1]:
            left, upper, right, lower = numbers
            found.append((marked.name, Box(left, upper, right - left, lower - upper)))
    return tuple(found)
