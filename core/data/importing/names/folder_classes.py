"""Read the classes, splits and groups of photos from their folders; what is unclear is asked.

Understood are ``owl/1.jpg``, ``train/owl/1.jpg``, ``owl/train/1.jpg``, the same with ``seg_train`` or ``train_images``,
folders that are there twice (``train/train/owl/1.jpg``), ``train_owl/1.jpg`` and ``owl/owl_07/1.jpg``.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from core.data.importing.names.split_folders import SplitName, is_neutral, means_no_label, split_name
from core.data.tables.label_rows import Problem
from core.data.tables.labels_csv import split_named
from core.data.tables.names import LONGEST_NAME, class_key, name_key, without_invisible
from core.data.tables.questions import SAMPLED, Asking, Choice, Question

LEVEL, NAMES, LONE = "class-folder", "split-class", "split-folder"
"""The kinds of questions."""
FIRST, FIRST_AND_GROUP, SECOND, THIRD = "first", "first-group", "second", "third"
SPLIT, CLASS, INSIDE, NOTHING = "split", "class", "inside", "nothing"

_ORDER = (FIRST, SECOND, THIRD)
_DEEPEST = 8  # levels at which folders without a meaning are looked for; a hostile zip may have hundreds
Folders = tuple[str, ...]


@dataclass(frozen=True)
class FolderMeaning:
    """The class, split and group that a photo's folders give."""

    label: str | None
    split: str | None = None
    group: str | None = None


@dataclass
class FolderReading:
    """What the folders of all photos mean, and what has to be said about it."""

    meanings: dict[str, FolderMeaning] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def remark(self, text: str) -> None:
        """Add a remark that nobody has to confirm."""
        self.problems.append(Problem(None, text, harmless=True))


@dataclass(frozen=True)
class _Place:
    """A photo with the folders whose meaning is still open, and what the others have said."""

    path: str
    folders: Folders
    split: str | None = None


def read_folders(paths: Collection[str], asking: Asking) -> FolderReading:
    """Return class, split and group of each photo, and remarks. While a question is open, the first folder counts."""
    reading = FolderReading()
    folders = {path: tuple(path.split("/")[:-1]) for path in paths}
    places = _without_splits(folders, asking, reading)
    if isinstance(places, dict):
        reading.meanings = places
    else:
        reading.meanings = _with_classes(_without_neutral(places), asking)
    _remark_on_labels(reading)
    _remark_on_invisible(paths, reading)
    return reading


# --- doubled and neutral folders ------------------------------------------------------------------------------------


def _children(folders: Iterable[Folders]) -> dict[Folders, set[str | None]]:
    """Return the folders in each folder, with None for photos directly in it."""
    children: dict[Folders, set[str | None]] = defaultdict(set)
    for some in set(folders):
        for depth, name in enumerate(some[:_DEEPEST]):
            children[some[:depth]].add(name)
        if len(some) <= _DEEPEST:
            children[some].add(None)
    return dict(children)


def _single(folders: Folders, children: Mapping[Folders, set[str | None]], kept: Collection[Folders]) -> Folders:
    """Return the folders without those that are alone in one of the same name, or alone and called images."""
    out: list[str] = []
    for depth, name in enumerate(folders[:_DEEPEST]):
        above = folders[:depth]
        alone = _alone(above, children)
        if alone is None or not (is_neutral(name) or (_doubled(above, children) and above not in kept)):
            out.append(name)
    return (*out, *folders[_DEEPEST:])


def _alone(folder: Folders, children: Mapping[Folders, set[str | None]]) -> str | None:
    """Return the folder that is all that another holds; None where there is more, or a photo."""
    names = children.get(folder, set())
    return next(iter(names)) if folder and len(names) == 1 else None


def _doubled(folder: Folders, children: Mapping[Folders, set[str | None]]) -> bool:
    """Return whether a folder holds nothing but one of the same name."""
    name = _alone(folder, children)
    return name is not None and name_key(folder[-1]) == name_key(name)


def _without_neutral(places: Sequence[_Place]) -> list[_Place]:
    """Return the places without levels at which every folder is called images, or another word without a meaning."""
    out = list(places)
    level = 0
    while level < _DEEPEST and any(len(one.folders) > level for one in out):
        names = {one.folders[level].lower() for one in out if len(one.folders) > level}
        if len(names) == 1 and is_neutral(next(iter(names))):
            out = [_Place(one.path, one.folders[:level] + one.folders[level + 1 :], one.split) for one in out]
        else:
            level += 1
    return out


# --- splits ---------------------------------------------------------------------------------------------------------


def _without_splits(
    folders: Mapping[str, Folders], asking: Asking, reading: FolderReading
) -> list[_Place] | dict[str, FolderMeaning]:
    """Return the photos without the folders that are splits; their meanings where folders name class and split."""
    children = _children(folders.values())
    tops = sorted({some[0] for some in folders.values() if some})
    named = {top: name for top in tops if (name := split_name(top))}
    splits = {name.split for name in named.values()}
    if not named or not (len(named) == len(tops) or ("train" in splits and len(splits) > 1)):
        return _splits_below(folders, children, named, reading)
    leaves = {
        top
        for top in named
        if _doubled((top,), children) and children.get((top, _alone((top,), children) or "")) == {None}
    }
    # train/train/1.jpg beside val/bus/2.jpg is the class of trains; where all are like this, they are doubled.
    kept = {(top,) for top in leaves} if len(leaves) < len(named) else set()
    single = {path: _single(some, children, kept) for path, some in folders.items()}
    if len(tops) == 1 and not split_named(tops[0]):
        return _lone_split(single, tops[0], named[tops[0]], asking)
    rests = {(name.split, class_key(name.rest)) for name in named.values()}
    direct = any(_is_direct(some, named) for some in single.values())
    if len(rests) > len(splits) or (direct and len({rest for _, rest in rests}) > 1):
        return _classes_in_names(single, named, asking)
    _remark_on_others(single, named, tops, reading)
    return [
        _Place(path, some[1:], named[some[0]].split if some and some[0] in named else None)
        for path, some in single.items()
    ]


def _is_direct(folders: Folders, named: Mapping[str, SplitName]) -> bool:
    """Return whether a photo lies directly in a folder that names a split and something else."""
    return bool(folders) and folders[0] in named and bool(named[folders[0]].rest) and all(map(is_neutral, folders[1:]))


def _lone_split(single: Mapping[str, Folders], top: str, name: SplitName, asking: Asking) -> list[_Place]:
    """Ask whether the only folder, such as seg_train, is a split."""
    sampled = _sampled({path: some for path, some in single.items() if len(some) > 1} or single)
    rows = {
        split: tuple((path, single[path][1] if len(single[path]) > 1 else "", split or "") for path in sampled)
        for split in (name.split, None)
    }
    text = f'All photos lie in the folder "{top}". Are they the {_word(name.split)} photos?'
    choices = (
        Choice(SPLIT, f"Put them into the {_word(name.split)} split", rows[name.split]),
        Choice(NOTHING, "Give them no split", rows[None]),
    )
    answer = asking.ask(Question(LONE, text, choices, columns=("photo", "class", "split")))
    return [_Place(path, some[1:], name.split if answer == SPLIT else None) for path, some in single.items()]


def _classes_in_names(
    single: Mapping[str, Folders], named: Mapping[str, SplitName], asking: Asking
) -> dict[str, FolderMeaning]:
    """Ask whether a name such as train_cat says the split and the class."""
    inside = {path: next((one for one in some[1:] if not is_neutral(one)), None) for path, some in single.items()}

    def meaning(path: str, answer: str | None) -> FolderMeaning:
        top = single[path][0] if single[path] else None
        name = named.get(top or "")
        if name is None or answer not in (SPLIT, INSIDE):
            return FolderMeaning(top)
        return FolderMeaning((name.rest if answer == SPLIT else None) or inside[path], name.split)

    labels = {SPLIT: "Read the split and the class from the names", CLASS: "Use the whole names as classes"}
    if any(inside.values()):
        labels[INSIDE] = "Read the split from the names and the class from the folders inside"
    sampled = _sampled(
        {path: some for path, some in single.items() if some and some[0] in named and named[some[0]].rest}
    )
    choices = []
    for key, words in labels.items():
        found = {path: meaning(path, key) for path in sampled}
        rows = tuple((path, one.label or "", one.split or "") for path, one in found.items())
        choices.append(Choice(key, words, rows))
    folder = single[sampled[0]][0]
    text = f'Does the name of a folder such as "{folder}" say the split and the class, or is all of it the class?'
    answer = asking.ask(Question(NAMES, text, tuple(choices), columns=("photo", "class", "split")))
    return {path: meaning(path, answer) for path in single}


def _remark_on_others(
    single: Mapping[str, Folders], named: Mapping[str, SplitName], tops: Sequence[str], reading: FolderReading
) -> None:
    """Report the folders beside the splits that are none."""
    listed = ", ".join(top for top in tops if top in named)
    photos = Counter(some[0] for some in single.values() if some)
    for harmless in (False, True):
        others = [top for top in tops if top not in named and means_no_label(top) == harmless]
        if not others:
            continue
        count = sum(photos[top] for top in others)
        folders, are = (f'folder "{others[0]}"', "is") if len(others) == 1 else (f"folders {_listed(others)}", "are")
        what = "a split and not used as a class" if len(others) == 1 else "splits and not used as classes"
        text = f"the {folders} beside {listed} {are} not {what}"
        text += f"; {_photos(count)} {'gets' if count == 1 else 'get'} no split"
        reading.problems.append(Problem(None, text, harmless=harmless))


def _splits_below(
    folders: Mapping[str, Folders],
    children: Mapping[Folders, set[str | None]],
    named: Mapping[str, SplitName],
    reading: FolderReading,
) -> list[_Place]:
    """Return the photos without split folders inside the class folders: ``cat/train/1.jpg``."""
    single = {path: _single(some, children, ()) for path, some in folders.items()}
    second = {(some[0], some[1]) for some in single.values() if len(some) > 1}
    names = {name: split_name(name) for _, name in second}
    plain = {name: found.split for name, found in names.items() if found and not found.rest}
    above = {first for first, _ in second}
    everywhere = len(above) > 1 and len(names) == 1 and above == {some[0] for some in single.values() if some}
    if names and len(plain) == len(names) and (len(set(plain.values())) > 1 or everywhere):
        shown = ", ".join(sorted(plain))
        reading.remark(f"the folders {shown} inside the class folders are taken as splits")
        return [
            _Place(path, some[:1] + some[2:], plain[some[1]] if len(some) > 1 else None)
            for path, some in single.items()
        ]
    for top in (top for top, name in named.items() if not name.rest):
        reading.remark(f'the folder "{top}" is taken as a class, because the folders beside it are not splits')
    return [_Place(path, some) for path, some in single.items()]


# --- classes --------------------------------------------------------------------------------------------------------


def _with_classes(places: Sequence[_Place], asking: Asking) -> dict[str, FolderMeaning]:
    """Return the meaning of each photo; where folders lie in class folders, ask which of them is the class."""
    deep = {one.path: one.folders for one in places if len(one.folders) > 1}
    answer = _ask_level(deep, asking) if deep else FIRST
    return {one.path: _meaning(one.folders, one.split, answer or FIRST) for one in places}


def _meaning(folders: Folders, split: str | None, answer: str) -> FolderMeaning:
    level = _ORDER.index(answer) if answer in _ORDER else 0
    label = folders[level] if len(folders) > level else None
    group = f"{folders[0]}/{folders[1]}" if answer == FIRST_AND_GROUP and len(folders) > 1 else None
    return FolderMeaning(label, split, group if group and len(group) <= LONGEST_NAME else None)


def _ask_level(deep: Mapping[str, Folders], asking: Asking) -> str | None:
    sampled = _sampled(deep)
    levels = min(len(_ORDER), max(map(len, deep.values())))
    labels = {
        FIRST: "Use the first folder as the class",
        FIRST_AND_GROUP: "Use the first folder as the class, the second as the group",
        SECOND: "Use the second folder as the class",
        THIRD: "Use the third folder as the class",
    }
    keys = [FIRST, FIRST_AND_GROUP, *_ORDER[1:levels]]

    def rows(key: str) -> tuple[tuple[str, ...], ...]:
        found = {path: _meaning(deep[path], None, key) for path in sampled}
        return tuple((path, one.label or "", one.group or "") for path, one in found.items())

    which = f"{_photos(len(deep))} {'lies' if len(deep) == 1 else 'lie'} in a folder inside a folder"
    text = f"{which}, such as {sampled[0]}. Which folder is the class?"
    choices = tuple(Choice(key, labels[key], rows(key)) for key in keys)
    return asking.ask(Question(LEVEL, text, choices, columns=("photo", "class", "group")))


def _sampled(folders: Mapping[str, Folders]) -> list[str]:
    """Return a few photos, of different folders where there are."""
    ordered = sorted(folders)
    of_each = list({folders[path][:1]: path for path in reversed(ordered)}.values())[::-1]
    return [*of_each, *(path for path in ordered if path not in of_each)][:SAMPLED]


# --- remarks --------------------------------------------------------------------------------------------------------


def _remark_on_labels(reading: FolderReading) -> None:
    """Say which photos are in no class folder, and which classes have no photo to learn from."""
    loose = sorted(path for path, one in reading.meanings.items() if one.label is None)
    labelled = [one for one in reading.meanings.values() if one.label is not None]
    if loose and labelled:
        lie = "lies in no class folder and has" if len(loose) == 1 else "lie in no class folder and have"
        reading.remark(f"{_photos(len(loose))} {lie} no label: {_listed(loose)}")
    # Names that differ only in case are asked about: see ``class_case``.
    learned = {name_key(one.label or "") for one in labelled if one.split == "train"}
    only = {one.label or "" for one in labelled if one.split not in ("train", None)}
    missing = sorted(label for label in only if name_key(label) not in learned)
    if learned and missing:
        are = "class has" if len(missing) == 1 else "classes have"
        reading.remark(f"{len(missing):,} {are} no photos in train, only in the other splits: {_listed(missing)}")


def _remark_on_invisible(paths: Iterable[str], reading: FolderReading) -> None:
    names = {part for path in paths if without_invisible(path) != path for part in path.split("/")[:-1]}
    shown = sorted({without_invisible(name) for name in names if name != without_invisible(name)})
    if shown:
        have = "1 folder name has" if len(shown) == 1 else f"{len(shown):,} folder names have"
        reading.remark(f"{have} invisible characters, which are left out: {_listed(shown)}")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:SAMPLED]) + (f" and {len(names) - SAMPLED:,} more" if len(names) > SAMPLED else "")


def _photos(count: int) -> str:
    return "1 photo" if count == 1 else f"{count:,} photos"


def _word(split: str) -> str:
    return {"train": "training", "val": "validation", "test": "test"}[split]
