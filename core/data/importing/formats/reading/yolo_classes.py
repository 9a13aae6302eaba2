"""Read the lists of classes of a YOLO data set, and choose the one that counts for a file of labels.

Ultralytics' settings may have any name (coco8.yaml); Roboflow calls the list of Darknet's format _darknet.labels.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

from core.data.importing.folder_layout import suffix_of
from core.data.importing.formats.gathered_labels import Files, LabelCollector, check_labels, text_of
from core.data.importing.formats.gathering.untrusted_values import number_of
from core.data.importing.formats.reading.darknet_settings import DarknetSettings, read_darknet_settings
from core.data.importing.formats.reading.yolo_files import are_labels
from core.data.importing.formats.reading.yolo_lines import lines_of
from core.data.importing.formats.yaml_text import MAX_CHARACTERS, Node, YamlRefused, read_yaml_text
from core.data.importing.names.numbered_lists import settle_numbered
from core.data.tables.label_rows import Problem
from core.data.tables.names import LONGEST_NAME
from core.data.tables.questions import SAMPLED, Choice, Question
from core.errors import LabelsError

SETTINGS = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
NAMES = ("classes.txt", "obj.names", "labels.txt", "_darknet.labels")
SUFFIX = ".names"
"""Of lists of classes under any name: coco.names."""
LISTS = "class-list"
"""The kind of the question."""

SKIP, NUMBERS = "skip", "numbers"

_SHOWN_CLASSES = 10
_MOST_LISTS = 20  # that somebody may choose from
_YAML = (".yaml", ".yml")
_BESIDE_NAMES = ("path", "train", "val", "nc")  # one of these makes any YAML file with names a data.yaml


@dataclass(frozen=True)
class ClassList:
    """The names of the classes in the order of their numbers; "" for a number without a name."""

    path: str
    names: tuple[str, ...]

    def begins_like(self, other: "ClassList") -> bool:
        """Return whether no number has another name in the other list."""
        return all(one == two for one, two in zip(self.names, other.names, strict=False))


@dataclass
class ClassLists:
    """All lists of classes among the files."""

    lists: list[ClassList] = field(default_factory=list)  # those in outer folders first
    settings: dict[str, dict[str, Node]] = field(default_factory=dict)  # the content of each data.yaml
    chosen: dict[tuple[str, ...], ClassList | None] = field(default_factory=dict)
    labels: Collection[str] = ()  # all files of labels

    def of(self, path: str, collected: LabelCollector) -> ClassList | None:
        """Return the list for a file of labels: the nearest above it, else one apart from all labels; None for none.

        Lists that name a number differently are asked, and those beside the labels of another folder.
        """
        above = [one for parent in PurePosixPath(path).parents for one in self._by_folder.get(str(parent), ())]
        possible = above or self._apart or self.lists
        foreign = not above and not self._apart
        key = (str(foreign), *(one.path for one in possible))
        if key not in self.chosen:
            self.chosen[key] = (
                _ask_foreign(possible, path, collected) if foreign else _choose(possible, path, collected)
            )
        return self.chosen[key]

    @cached_property
    def _apart(self) -> list[ClassList]:
        """The lists in folders without labels; those beside labels are about these."""
        folders = {str(parent) for path in self.labels for parent in PurePosixPath(path).parents}
        return [one for one in self.lists if _folder(one) not in folders]

    @cached_property
    def _by_folder(self) -> dict[str, list[ClassList]]:
        """The lists by their folders: data sets may have thousands of both."""
        found: dict[str, list[ClassList]] = {}
        for one in self.lists:
            found.setdefault(_folder(one), []).append(one)
        return found


def read_class_lists(files: Files, collected: LabelCollector) -> ClassLists:
    """Return the lists of classes that can be read. Raises LabelsError where there are lists, but none can be used."""
    found = ClassLists()
    refused: list[tuple[str, str]] = []
    darknet = read_darknet_settings(files, collected)
    listed = {one.names for one in darknet.values() if one.names}
    for path in sorted(files, key=lambda path: (path.count("/"), path)):
        names: list[str] | None = None
        if PurePosixPath(path).name.lower() in NAMES or suffix_of(path) == SUFFIX or path in listed:
            text = text_of(files[path], path, collected)
            names = None if text is None or _labels_a_photo(text) else _names_of_lines(text)
        elif suffix_of(path) in _YAML:
            try:
                settings = _settings_of(path, files[path], collected)
                names = _names_in(settings, path)
            except YamlRefused as error:
                refused.append((path, str(error)))
                continue
            if settings is not None:
                found.settings[path] = settings
        if names is not None:
            names = settle_numbered(names, path, collected.asking, collected.problems)
            _check(names, path)
            collected.used.add(path)
            found.lists.append(ClassList(path, tuple(names)))
    for path, said in darknet.items():
        found.settings[path] = {**said.lists}
        _compare_count(path, said, found, collected)
    if refused and not found.lists:
        path, reason = refused[0]
        raise LabelsError(f"{path} cannot be used, because {reason}. Correct the file and import it again.")
    for path, reason in refused:
        collected.problems.append(Problem(None, f"{path} cannot be used, because {reason}; it is skipped"))
    for one in found.lists:
        _report(one, found.settings.get(one.path, {}), collected)
    return found


def _labels_a_photo(text: str) -> bool:
    """Return whether a file called like a list holds the labels of a photo: those of classes.jpg are in classes.txt."""
    lines = [line.split() for line in lines_of(text)]
    return any(lines) and are_labels(lines)


def _names_of_lines(text: str) -> list[str]:
    """Return the classes of a list with one in each line; the last ones are no empty lines."""
    names = [line.strip() for line in lines_of(text)]
    while names and not names[-1]:
        names.pop()
    return names


def _settings_of(path: str, read: Callable[[], bytes], collected: LabelCollector) -> dict[str, Node] | None:
    """Return the content of a data.yaml, whatever its name is; None for any other YAML file. Raises YamlRefused."""
    if PurePosixPath(path).name in SETTINGS:
        text = text_of(read, path, collected)
        content = None if text is None else read_yaml_text(text)
        return content if isinstance(content, dict) else None
    trial = LabelCollector(asking=collected.asking.trial())
    try:
        text = text_of(read, path, trial)
        content = None if text is None else read_yaml_text(text)
    except LabelsError:  # too large for settings
        return None
    except YamlRefused:
        if text is not None and _looks_like_settings(text):
            raise
        return None
    if not isinstance(content, dict) or not isinstance(content.get("names"), (list, dict)):
        return None
    if not any(key in content for key in _BESIDE_NAMES):
        return None
    collected.asking.adopt(trial.asking)
    collected.problems += trial.problems
    return content


def _looks_like_settings(text: str) -> bool:
    """Return whether a text that cannot be read as YAML was meant as a data.yaml."""
    keys = {line.partition(":")[0] for line in lines_of(text[:MAX_CHARACTERS]) if ":" in line}
    return "names" in keys and any(key in keys for key in _BESIDE_NAMES)


def _compare_count(path: str, one: DarknetSettings, found: ClassLists, collected: LabelCollector) -> None:
    """Report another number of classes than the list has that Darknet's settings name."""
    names = next((some.names for some in found.lists if some.path == one.names), None)
    if names is not None and one.classes is not None and one.classes != len(names):
        text = f"it says {one.classes:g} classes (classes), and {one.names} names {len(names):,}"
        collected.add_problem(path, text)


def _folder(one: ClassList) -> str:
    return str(PurePosixPath(one.path).parent)


def _check(names: list[str], path: str) -> None:
    check_labels(len(names), path)
    if too_long := next((len(one) for one in names if len(one) > LONGEST_NAME), None):
        raise LabelsError(
            f"{path} has a class with a name of {too_long:,} characters; at most {LONGEST_NAME} are allowed. "
            "Shorten it."
        )


def _names_in(settings: Node | None, path: str) -> list[str] | None:
    """Return the classes in a data.yaml; None where it lists none. Raises YamlRefused, or LabelsError for too many."""
    names = settings.get("names") if isinstance(settings, dict) else None
    if isinstance(names, list):
        names = {str(number): name for number, name in enumerate(names)}
    if not isinstance(names, dict):
        return None
    if not all(re.fullmatch("[0-9]{1,9}", number) for number in names):
        raise YamlRefused("the keys of its names are not whole numbers from 0")
    if not all(isinstance(name, str) for name in names.values()):
        raise YamlRefused("its names are not single texts")
    by_number = {int(number): name.strip() for number, name in names.items()}
    if len(by_number) < len(names):
        raise YamlRefused("two of its names have the same number")
    count = max(by_number, default=-1) + 1
    check_labels(count, path)
    return [by_number.get(number, "") for number in range(count)]


def _report(one: ClassList, settings: dict[str, Node], collected: LabelCollector) -> None:
    """Say what in a list may be a mistake: names that stand twice, and another count than it says."""
    twice = sorted({name for name in one.names if name and one.names.count(name) > 1})
    if twice:
        names = ", ".join(f'"{name}"' for name in twice[:3])
        collected.add_remark(f"{one.path}: {names} stands in the list more than once; it is one class here")
    count = number_of(settings.get("nc")) if settings else None
    if count is not None and count != len(one.names):
        collected.add_problem(one.path, f"it says {count:g} classes (nc) and names {len(one.names):,}")


def _choose(possible: list[ClassList], labels: str, collected: LabelCollector) -> ClassList | None:
    """Return the list that counts for a file of labels; of several that differ, the one that somebody chooses.

    While nobody has chosen, it is the first one.
    """
    nearest = possible[0]
    different = {one.names: one for one in reversed(possible)}
    if all(one.begins_like(other) for one in different.values() for other in different.values()):
        longest = max(possible, key=lambda one: len(one.names))
        return longest
    numbers = range(max(len(one.names) for one in possible))
    apart = [number for number in numbers if len({_name(one, number) for one in possible}) > 1][:_SHOWN_CLASSES]
    lists = [one for one in possible if different[one.names] is one]
    by_key = {one.path.replace("=", "-"): one for one in lists}
    choices = [
        Choice(key, f"Use {one.path}", tuple((str(number), _name(one, number)) for number in apart))
        for key, one in by_key.items()
    ]
    choices.append(Choice(SKIP, "Leave these labels out", tuple((str(number), "") for number in apart)))
    text = (
        f"{lists[0].path} and {lists[1].path} name the same classes differently. "
        f"Which list belongs to labels such as {labels}?"
    )
    place = "" if _folder(nearest) == "." else _folder(nearest)
    key = collected.asking.ask(Question(LISTS, text, tuple(choices), place, ("number", "class")))
    return None if key == SKIP else by_key.get(key or "", nearest)


def _ask_foreign(lists: list[ClassList], path: str, collected: LabelCollector) -> ClassList | None:
    """Return the list that somebody chooses for labels whose folder has none, while those of other folders have."""
    by_key = {one.path.replace("=", "-"): one for one in lists[:_MOST_LISTS]}
    choices = [Choice(key, f"Use {one.path}", _sample(one)) for key, one in by_key.items()]
    choices.append(Choice(SKIP, "Leave these labels out", tuple((number, "") for number, _ in _sample(lists[0]))))
    others = f"{lists[0].path} lies" if len(lists) == 1 else f"{lists[0].path} and other lists lie"
    text = (
        f"No list of classes lies in the folder of {path} or above it; {others} beside the labels of another folder. "
        "Which list belongs to the labels without one?"
    )
    key = collected.asking.ask(Question(LISTS, text, tuple(choices), "", ("number", "class")))
    return None if key == SKIP else by_key.get(key or "", lists[0])


def _sample(one: ClassList) -> tuple[tuple[str, str], ...]:
    return tuple((str(number), name) for number, name in enumerate(one.names[:SAMPLED]))


def _name(one: ClassList, number: int) -> str:
    return one.names[number] if number < len(one.names) else ""


def ask_for_numbers(numbers: set[int], count: int, example: str, collected: LabelCollector) -> ClassLists | None:
    """Ask whether numbers are to be the names of classes that no list names; None for "leave the labels out".

    Raises LabelsError for more classes than a project may have.
    """
    most = max(numbers, default=0)
    check_labels(most + 1, "The data set (YOLO)")
    shown = ", ".join(str(number) for number in sorted(numbers)[:_SHOWN_CLASSES])
    files = "1 file of labels numbers" if count == 1 else f"{count:,} files of labels number"
    text = (
        f"{files} the classes ({shown}), such as {example}, and no list (data.yaml or classes.txt) names them. "
        "Add the list and import again, or use the numbers?"
    )
    rows = tuple((str(number), str(number)) for number in sorted(numbers)[:3])
    choices = (
        Choice(NUMBERS, "Use the numbers as classes", rows),
        Choice(SKIP, "Leave these labels out", tuple((number, "") for number, _ in rows)),
    )
    key = collected.asking.ask(Question(LISTS, text, choices, "", ("number", "class")))
    if key == SKIP:
        return None
    return ClassLists([ClassList("", tuple(str(number) for number in range(most + 1)))])
