"""Find the files of labels of a YOLO data set, and the photo of each."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.data.importing.folder_layout import suffix_of
from core.data.importing.formats.gathered_labels import Files, ImageIndex, LabelCollector, text_of
from core.data.importing.formats.reading.yolo_lines import LineRefused, lines_of, parse_line


@dataclass
class LabelFiles:
    """The files of labels."""

    texts: dict[str, list[list[str]]] = field(default_factory=dict)  # file -> its lines, each split at white space
    photos: dict[str, str] = field(default_factory=dict)  # file -> its photo
    unclear: dict[str, list[str]] = field(default_factory=dict)  # file -> the photos that it may belong to
    orphans: list[str] = field(default_factory=list)  # files that look like labels and have no photo


def find_label_files(files: Files, pictures: ImageIndex, collected: LabelCollector) -> LabelFiles:
    """Return the text files that have a photo, and those that look like labels without one."""
    found = LabelFiles()
    for path in sorted(path for path in files if suffix_of(path) == ".txt" and path not in collected.used):
        photos = photos_of(path, pictures)
        trial = LabelCollector(asking=collected.asking.trial())
        text = text_of(files[path], path, trial)
        lines = [line.split() for line in lines_of(text or "")]
        if len(photos) == 1:
            collected.problems += trial.problems
            found.texts[path], found.photos[path] = lines, photos[0]
        elif photos:
            found.unclear[path] = photos
        elif any(lines) and are_labels(lines):
            found.orphans.append(path)
    return found


def are_labels(lines: Sequence[Sequence[str]]) -> bool:
    """Return whether each line that is not empty is a class with a box or an outline."""
    try:
        return all(parse_line(cells).number >= 0 for cells in lines if cells)
    except LineRefused:
        return False


def photos_of(path: str, pictures: ImageIndex) -> list[str]:
    """Return images/train/a.jpg for labels/train/a.txt, or the image beside it; all with that name but the suffix."""
    stem = path[: -len(".txt")]  # in any case
    parts = stem.split("/")
    places = ["/".join([*parts[:place], "images", *parts[place + 1 :]]) for place in _places_of("labels", parts)]
    for place in (*places, stem):
        if photos := pictures.at_path(place):
            return photos
    return []


def _places_of(word: str, parts: Sequence[str]) -> list[int]:
    """Return where a folder of that name is in a path, the last first."""
    return [place for place in range(len(parts) - 2, -1, -1) if parts[place] == word]
