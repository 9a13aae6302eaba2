"""Find the photo that an annotation names: never one whose folders say that it is another."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from posixpath import commonpath

from core.data.importing.folder_layout import is_picture
from core.data.importing.formats.gathering.accents import is_spelled, spelled
from core.data.importing.formats.gathering.other_splits import may_mean
from core.data.importing.names.split_folders import split_name
from core.data.tables.file_index import variants_of
from core.data.tables.questions import Asking

# Folders with these names say nothing about a photo: two that differ only by them are the same place.
_PLAIN_FOLDERS = frozenset(
    (
        *("images", "image", "imgs", "img", "photos", "photo", "pictures", "picture", "jpegimages"),
        *("annotations", "annotation", "labels", "label", "xml", "xmls", "json", "data", "dataset", "datasets"),
    )
)
_OF_MANY_PHOTOS = ("json", "jsonl", "csv", "tsv")  # suffixes of files that may label a split: instances_train.json
_SHOWN = 3
_LONGEST = 200  # characters of a name that is shown
_MOST_ALIKE = 1_000  # images of one name that are compared one by one

OTHER_CASE, ADDRESS, NO_SUFFIX = "case", "address", "suffix"
"""How a name may differ from that of its photo."""


class ImageIndex:
    """The images among the files, by every name that an annotation may use."""

    def __init__(self, files: Collection[str], asking: Asking | None = None) -> None:
        """Index the files; with ``asking``, labels of one split and photos of another are asked."""
        self._asking = asking
        self.paths = {path for path in files if is_picture(path)}
        self._by_path_without_suffix: dict[str, list[str]] = defaultdict(list)
        self.guesses: dict[str, dict[str, str]] = defaultdict(dict)  # how -> name in the labels -> photo
        self._reserved: set[str] = set()  # photos that some name says exactly: no other name may mean them
        self._wrapper = _common_folder(files)
        self._places = {_place(path) for path in self.paths}
        self._exact: dict[str, list[str]] = defaultdict(list)  # of several, only the spelling of accents differs
        self._by_name: dict[str, list[str]] = defaultdict(list)
        self._by_any_case: dict[str, list[str]] = defaultdict(list)
        self._by_stem: dict[str, list[str]] = defaultdict(list)
        self._by_variant: dict[str, list[str]] = defaultdict(list)
        self._by_end: dict[str, list[str]] = defaultdict(list)  # every ending of a path
        for path in sorted(self.paths):
            name = _name(_composed(path))
            self._exact[_composed(path)].append(path)
            self._by_path_without_suffix[_composed(path).rpartition(".")[0]].append(path)
            self._by_name[name].append(path)
            self._by_any_case[name.casefold()].append(path)
            self._by_stem[_stem(name)].append(path)
            for variant in variants_of(name):
                self._by_variant[_name(variant)].append(path)
            for ending in _endings(_composed(path)):
                self._by_end[ending].append(path)

    def find(self, name: str, near: str) -> str | None:
        """Return the image that an annotation in the file ``near`` calls by this path or name.

        None where there is none, or more than one. Folders may be missing on either side, as in a path of another
        computer; where both sides name folders that differ, it is another image. A name without folders is that of a
        photo beside the annotation, if there are photos: train/1.json does not mean val/1.jpg.
        """
        found = self.candidates(name, near)
        return found[0] if len(found) == 1 else None

    def candidates(self, name: str, near: str) -> list[str]:
        """Return the images that the name may mean: none, one, or several that fit equally well."""
        found = self._candidates(name, near)
        if len(found) == 1 and self._asking is not None and not _telling(_named_folders(name)):
            return found if may_mean(name, near, found[0], self._asking) else []
        return found

    def _candidates(self, name: str, near: str) -> list[str]:
        if found := self._at_place(name, near) or self._by_ending(name, near, self._by_name, _name):
            return found
        others = variants_of(name)
        for plain in others:
            if found := self._at_place(plain, near) or self._by_ending(plain, near, self._by_name, _name):
                return self._guessed(ADDRESS, name, found)
        for plain in (name, *others):
            if found := self._by_ending(plain, near, self._by_variant, _name):
                return self._guessed(ADDRESS, name, found)
        for plain in (name, *others):
            if found := self._by_ending(plain, near, self._by_any_case, lambda path: _name(path).casefold()):
                return self._guessed(OTHER_CASE, name, found)
        if not is_picture(name) and (found := self._by_ending(name, near, self._by_stem, _name)):
            return self._guessed(NO_SUFFIX, name, found)
        return []

    def reserve(self, names: Iterable[str], near: str) -> None:
        """Keep the photos at the exact places of these names from names that only end alike."""
        for name in names:
            self._reserved.update(self._at_place(name, near))

    def unclear(self, names: Iterable[str], near: str) -> dict[str, str]:
        """Reserve these names' photos, and return those that mean one photo together, each with half a sentence."""
        names = dict.fromkeys(names)
        self.reserve(names, near)
        meant: dict[str, dict[str, str]] = defaultdict(dict)  # photo -> name without "./" -> name
        taken: dict[str, str] = {}  # names of a photo that another name spells exactly
        places = {name: self._at_place(name, near) for name in names}
        exact = {path for name, place in places.items() for path in place if is_spelled(path, name)}
        for name, place in places.items():
            if len(place) == 1 and place[0] in exact and not is_spelled(place[0], name):
                taken[name] = f"{name[:_LONGEST]} and another name, with accents of another kind, mean {place[0]}"
            if not place and (path := self.find(name, near)):
                meant[path].setdefault(_plain(name), name)
        return taken | {
            name: f"{name[:_LONGEST]} and other names may all be {path}; none of them is used"
            for path, some in meant.items()
            for name in some.values()
            if len(some) > 1
        }

    def missing(self, name: str, near: str, most: int = 200) -> str:
        """Return half a sentence on a name that ``find`` finds no image for."""
        shown = name[:most]
        if several := self.candidates(name, near):
            listed = ", ".join(several[:_SHOWN]) + (", ..." if len(several) > _SHOWN else "")
            return f"{shown} could be {listed}; write its folder into the labels"
        alike = self._by_name.get(_name(_plain(name)), [])
        elsewhere = f" ({alike[0]} lies in another folder)" if alike else ""
        return f"{shown} is not among the files{elsewhere}"

    def with_stem(self, path: str) -> list[str]:
        """Return the images, anywhere, whose name is that of an annotation file, apart from the suffix."""
        alike = spelled(self._by_stem.get(_stem(_name(_composed(path))), []), path, suffix=False)
        return [one for one in alike if one not in self._reserved] if len(alike) <= _MOST_ALIKE else alike

    def at_path(self, path: str) -> list[str]:
        """Return the images with this path apart from the suffix."""
        return spelled(self._by_path_without_suffix.get(_composed(path), []), path, suffix=False)

    def keep(self, paths: Iterable[str]) -> None:
        """Keep photos from names that only end alike."""
        self._reserved.update(paths)

    def remarks(self) -> list[tuple[str, bool]]:
        """Return a sentence on each way in which names were guessed, and whether it is harmless."""
        words = {
            OTHER_CASE: ("only the case differs", False),
            ADDRESS: ("it is written in another way", True),
            NO_SUFFIX: ("it has no suffix", True),
        }
        found = []
        for how, (reason, harmless) in words.items():
            if named := self.guesses.get(how):
                name, path = min(named.items())
                names = "1 name is" if len(named) == 1 else f"{len(named):,} names are each"
                found.append((f"{names} matched with a photo although {reason}: {name[:200]} with {path}", harmless))
        return found

    def _guessed(self, how: str, name: str, found: list[str]) -> list[str]:
        if len(found) == 1:
            self.guesses[how][name] = found[0]
        return found

    def _at_place(self, name: str, near: str) -> list[str]:
        """Return the image at the place that the name says, seen from the annotation or from the top."""
        plain = _plain(name)
        folder = _composed(near).rpartition("/")[0]
        own = f"{folder}/" if folder else ""
        from_there = _resolved(own + _slashes(name))
        # A path from the top comes last: "images/a.jpg" may be relative to a folder and lie deeper.
        for path in (from_there, f"{own}{plain}", f"{own}images/{plain}", f"images/{plain}", plain):
            if path in self._exact:
                return spelled(self._exact[path], name)
        return []

    def _by_ending(self, name: str, near: str, index: dict[str, list[str]], key: Callable[[str], str]) -> list[str]:
        """Return the images with that base name whose folders do not say otherwise, the nearest of several."""
        plain = _plain(name)
        fold = index is self._by_any_case
        found = self._by_end.get(plain, []) if index is self._by_name else []
        if not found:
            alike = index.get(key(plain), [])
            absolute = _is_absolute(name)
            few = alike if len(alike) <= _MOST_ALIKE else []
            found = [path for path in few if self._folders_agree(plain, path, near, absolute, fold)]
        found = self._beside(name, near, found)
        if len(found) > _MOST_ALIKE:
            return found
        return spelled(nearest([path for path in found if path not in self._reserved], near), name)

    def _beside(self, name: str, near: str, found: list[str]) -> list[str]:
        """Return those of the images that a name without folders may mean in an annotation that lies beside photos."""
        place = _place(near)
        if _telling(_named_folders(name)) or not place or place not in self._places:
            return found
        return [path for path in found if _composed(path).startswith(f"{place}/")]

    def _folders_agree(self, name: str, path: str, near: str, absolute: bool, fold: bool) -> bool:
        """Return whether the folders in a name are those of a photo, as far as both have any."""
        place = _composed(path).removeprefix(self._wrapper)
        named, real = _folders(name, fold), _folders(place, fold)
        if _ends_alike(named, real) or _ends_alike(_telling(named), _telling(real)):
            return True
        # The first folders of another computer and those of the upload differ; those below the labels must agree.
        below = _folders(_below_shared(_composed(path), _composed(near)), fold)
        return absolute and bool(below) and named[-len(below) :] == below


def folders_agree(one: str, other: str) -> bool:
    """Return whether two files lie in folders of the same name, apart from words such as "images" and "labels"."""
    words = [[_words(folder) for folder in _folders(path, True)] for path in (one, other)]
    first, second = ([word for word in some if word] for some in words)
    while first and second and first[0] == second[0]:
        first, second = first[1:], second[1:]
    return _ends_alike(first, second)


def nearest(paths: Sequence[str], near: str) -> list[str]:
    """Return the paths that share most folders with the file ``near``; of these, those in the split of its name."""
    if len(paths) < 2:
        return [*paths]
    *folders, name = near.split("/")
    shared = {path: len({*folders}.intersection(path.split("/")[:-1])) for path in paths}
    closest = [path for path in paths if shared[path] == max(shared.values())]
    stem, _, suffix = name.rpartition(".")
    split = split_name(stem) if suffix.lower() in _OF_MANY_PHOTOS else None
    if len(closest) < 2 or split is None:
        return closest
    names = {path: map(split_name, path.split("/")[:-1]) for path in closest}
    return [path for path in closest if any(one and one.split == split.split for one in names[path])] or closest


def shown_name(name: str, path: str) -> str:
    """Return the name that labels give a photo, with slashes; its path where that is another name for it."""
    shown = re.sub(r"^(?:\.{0,2}/)+", "", name.replace("\\", "/"))
    return shown if shown and f"/{_composed(path)}".endswith(f"/{_composed(shown)}") else path


def _words(folder: str) -> str:
    """Return the words of a folder's name that are not those of a kind of file: "train" of "train_images"."""
    return " ".join(word for word in re.split(r"[^a-z0-9]+", folder) if word and word not in _PLAIN_FOLDERS)


def _slashes(name: str) -> str:
    return _composed(name.replace("\\", "/"))


def _plain(name: str) -> str:
    """Return a name with slashes, and without a drive, "./" or "../" before it."""
    return re.sub(r"^(?:[A-Za-z]:)?(?:\.{0,2}/)+", "", _slashes(name))


def _is_absolute(name: str) -> bool:
    return bool(re.match(r"[A-Za-z]:/|/", name.replace("\\", "/")))


def _resolved(path: str) -> str:
    """Return a relative path without "." and ".."; "" where it leads out."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if not parts:
                return ""
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def _composed(path: str) -> str:
    # macOS writes accents in two characters, other systems in one.
    return unicodedata.normalize("NFC", path)


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name


def _folders(path: str, fold: bool) -> list[str]:
    return (path.casefold() if fold else path).split("/")[:-1]


def _named_folders(name: str) -> list[str]:
    return [folder for folder in _folders(_slashes(name), False) if folder != "."]


def _telling(folders: list[str]) -> list[str]:
    return [folder for folder in folders if folder.casefold() not in _PLAIN_FOLDERS]


def _place(path: str) -> str:
    """Return the folder of a file, without those at its end that say nothing: "train" for train/images/1.jpg."""
    folders = _folders(_composed(path), False)
    while folders and folders[-1].casefold() in _PLAIN_FOLDERS:
        folders.pop()
    return "/".join(folders)


def _ends_alike(one: list[str], other: list[str]) -> bool:
    """Return whether one list of folders is the end of the other."""
    shorter = min(len(one), len(other))
    return shorter == 0 or one[-shorter:] == other[-shorter:]


def _below_shared(path: str, near: str) -> str:
    """Return a path without the folders that it shares with another from the top."""
    parts, others = path.split("/"), near.split("/")[:-1]
    while len(parts) > 1 and others and parts[0] == others[0]:
        parts, others = parts[1:], others[1:]
    return "/".join(parts)


def _common_folder(files: Collection[str]) -> str:
    """Return the folder around all files, with its slash; "" where there is none."""
    folders = {_composed(path).rpartition("/")[0] for path in files}
    common = commonpath(folders) if folders and "" not in folders else ""
    return f"{common}/" if common else ""


def _endings(path: str) -> list[str]:
    """Return the path, the path without its first folder, ..., and the base name."""
    parts = path.split("/")
    return ["/".join(parts[first:]) for first in range(len(parts))]
