"""Read the splits of photos from their folders: ``train/owl``, ``owl/train``, ``train_owl``; ask what is unclear."""

from collections import Counter
from collections.abc import Mapping, Sequence

from core.data.importing.names.folder_doubles import folders_inside, is_doubled, lone_folder, simplified
from core.data.importing.names.folder_meanings import (
    FolderMeaning,
    FolderReading,
    Folders,
    Place,
    listed,
    photos_said,
    sampled,
)
from core.data.importing.names.split_folders import SplitName, is_neutral, means_no_label, split_name
from core.data.tables.label_rows import Problem
from core.data.tables.labels_csv import split_named
from core.data.tables.names import class_key
from core.data.tables.questions import Asking, Choice, Question

NAMES, LONE = "split-class", "split-folder"
"""The kinds of questions."""
SPLIT, CLASS, INSIDE, NOTHING = "split", "class", "inside", "nothing"

_WORDS = {"train": "training", "val": "validation", "test": "test"}


def without_splits(
    folders: Mapping[str, Folders], asking: Asking, reading: FolderReading
) -> list[Place] | dict[str, FolderMeaning]:
    """Return the photos without the folders that are splits; their meanings where folders name class and split."""
    children = folders_inside(folders.values())
    tops = sorted({some[0] for some in folders.values() if some})
    named = {top: name for top in tops if (name := split_name(top))}
    splits = {name.split for name in named.values()}
    if not named or not (len(named) == len(tops) or ("train" in splits and len(splits) > 1)):
        return _splits_below(folders, children, named, reading)
    leaves = {
        top
        for top in named
        if is_doubled((top,), children) and children.get((top, lone_folder((top,), children) or "")) == {None}
    }
    # train/train/1.jpg beside val/bus/2.jpg is the class of trains; where all are like this, they are doubled.
    kept = {(top,) for top in leaves} if len(leaves) < len(named) else set()
    single = {path: simplified(some, children, kept) for path, some in folders.items()}
    if len(tops) == 1 and not split_named(tops[0]):
        return _lone_split(single, tops[0], named[tops[0]], asking)
    rests = {(name.split, class_key(name.rest)) for name in named.values()}
    direct = any(_is_direct(some, named) for some in single.values())
    if len(rests) > len(splits) or (direct and len({rest for _, rest in rests}) > 1):
        return _classes_in_names(single, named, asking)
    _remark_on_others(single, named, tops, reading)
    return [
        Place(path, some[1:], named[some[0]].split if some and some[0] in named else None)
        for path, some in single.items()
    ]


def _is_direct(folders: Folders, named: Mapping[str, SplitName]) -> bool:
    """Return whether a photo lies directly in a folder that names a split and something else."""
    return bool(folders) and folders[0] in named and bool(named[folders[0]].rest) and all(map(is_neutral, folders[1:]))


def _lone_split(single: Mapping[str, Folders], top: str, name: SplitName, asking: Asking) -> list[Place]:
    """Ask whether the only folder, such as seg_train, is a split."""
    shown = sampled({path: some for path, some in single.items() if len(some) > 1} or single)
    rows = {
        split: tuple((path, single[path][1] if len(single[path]) > 1 else "", split or "") for path in shown)
        for split in (name.split, None)
    }
    text = f'All photos lie in the folder "{top}". Are they the {_WORDS[name.split]} photos?'
    choices = (
        Choice(SPLIT, f"Put them into the {_WORDS[name.split]} split", rows[name.split]),
        Choice(NOTHING, "Give them no split", rows[None]),
    )
    answer = asking.ask(Question(LONE, text, choices, columns=("photo", "class", "split")))
    return [Place(path, some[1:], name.split if answer == SPLIT else None) for path, some in single.items()]


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
    shown = sampled({path: some for path, some in single.items() if some and some[0] in named and named[some[0]].rest})
    choices = []
    for key, words in labels.items():
        found = {path: meaning(path, key) for path in shown}
        rows = tuple((path, one.label or "", one.split or "") for path, one in found.items())
        choices.append(Choice(key, words, rows))
    folder = single[shown[0]][0]
    text = f'Does the name of a folder such as "{folder}" say the split and the class, or is all of it the class?'
    answer = asking.ask(Question(NAMES, text, tuple(choices), columns=("photo", "class", "split")))
    return {path: meaning(path, answer) for path in single}


def _remark_on_others(
    single: Mapping[str, Folders], named: Mapping[str, SplitName], tops: Sequence[str], reading: FolderReading
) -> None:
    """Report the folders beside the splits that are none."""
    splits = ", ".join(top for top in tops if top in named)
    photos = Counter(some[0] for some in single.values() if some)
    for harmless in (False, True):
        others = [top for top in tops if top not in named and means_no_label(top) == harmless]
        if not others:
            continue
        count = sum(photos[top] for top in others)
        folders, are = (f'folder "{others[0]}"', "is") if len(others) == 1 else (f"folders {listed(others)}", "are")
        what = "a split and not used as a class" if len(others) == 1 else "splits and not used as classes"
        text = f"the {folders} beside {splits} {are} not {what}"
        text += f"; {photos_said(count)} {'gets' if count == 1 else 'get'} no split"
        reading.problems.append(Problem(None, text, harmless=harmless))


def _splits_below(
    folders: Mapping[str, Folders],
    children: Mapping[Folders, set[str | None]],
    named: Mapping[str, SplitName],
    reading: FolderReading,
) -> list[Place]:
    """Return the photos without split folders inside the class folders: ``cat/train/1.jpg``."""
    single = {path: simplified(some, children, ()) for path, some in folders.items()}
    second = {(some[0], some[1]) for some in single.values() if len(some) > 1}
    names = {name: split_name(name) for _, name in second}
    plain = {name: found.split for name, found in names.items() if found and not found.rest}
    above = {first for first, _ in second}
    everywhere = len(above) > 1 and len(names) == 1 and above == {some[0] for some in single.values() if some}
    if names and len(plain) == len(names) and (len(set(plain.values())) > 1 or everywhere):
        shown = ", ".join(sorted(plain))
        reading.remark(f"the folders {shown} inside the class folders are taken as splits")
        return [
            Place(path, some[:1] + some[2:], plain[some[1]] if len(some) > 1 else None) for path, some in single.items()
        ]
    for top in (top for top, name in named.items() if not name.rest):
        reading.remark(f'the folder "{top}" is taken as a class, because the folders beside it are not splits')
    return [Place(path, some) for path, some in single.items()]
