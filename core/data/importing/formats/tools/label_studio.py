"""Label Studio: exports as JSON, JSON-MIN and CSV, and tasks for it (https://labelstud.io/guide/export).

A task has ``data`` that name a photo, and ``annotations`` (once: ``completions``) of one or more people. Cancelled
annotations and the predictions of models are no labels. JSON-MIN and CSV have one record for each annotation.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from core.data.importing.folder_layout import suffix_of
from core.data.importing.formats.gathered_labels import CollectedLabels, Files, LabelCollector, shown_value, text_of
from core.data.importing.formats.tools.entries.class_attributes import choose_attribute
from core.data.importing.formats.tools.entries.json_documents import JsonDocuments
from core.data.importing.formats.tools.entries.photo_entries import PhotoEntry, ToolReading
from core.data.importing.formats.tools.entries.photo_names import names_a_photo
from core.data.importing.formats.tools.entries.settle_entries import finish
from core.data.importing.formats.tools.entries.table_heads import head_of
from core.data.importing.formats.tools.label_studio_records import (
    BOOKKEEPING,
    are_records,
    is_record_table,
    read_record,
    records_in_table,
)
from core.data.importing.formats.tools.label_studio_results import Annotated, Answers, ResultReader
from core.data.tables.labels_csv import split_named
from core.data.tables.questions import SAMPLED, Asking, NobodyToAsk

KIND = "Label Studio"
CHOICE = "label-studio-choice"
"""The kind of the question which of several answers about a photo is its class."""

SPLIT = "split"
"""The part of a task's data that holds the split, in our own exports."""

MAX_CONFIG_CHARACTERS = 2**22
_PHOTO = "image"
_CHECKED = 20
_SHOWN = 60


@dataclass(frozen=True)
class _Annotation:
    """What one person says of one photo; ``answers`` is None where nobody has labelled it."""

    about: Annotated
    split: str | None
    who: str = ""
    answers: Answers | None = None
    from_record: bool = False  # then a text may be a choice or a part of the data


def is_label_studio(content: Any) -> bool:
    """Return whether the content of a JSON file is Label Studio's: tasks, one task, or records (JSON-MIN)."""
    if isinstance(content, dict):
        return _is_task(content) or _is_task(_unfolded(content))
    if not isinstance(content, list) or not content:
        return False
    return all(isinstance(one, dict) and _is_task(one) for one in content[:_CHECKED]) or are_records(content[:_CHECKED])


def read(
    files: Files,
    unread: dict[str, str] | None = None,
    asking: Asking | None = None,
    documents: JsonDocuments | None = None,
) -> CollectedLabels | None:
    """Read Label Studio's files among these; None where there are none. ``unread`` gets those that cannot be used."""
    unread = {} if unread is None else unread
    documents = documents or JsonDocuments(files, unread, {KIND: is_label_studio})
    reading = ToolReading(files, asking or NobodyToAsk())
    results = ResultReader(files, reading)
    found: list[_Annotation] = []
    for path, content in documents.of(KIND).items():
        if are_records(content[:_CHECKED] if isinstance(content, list) else []):
            found += _from_records(
                path, [(f"{path}, record {n}", one) for n, one in enumerate(content, 1)], reading, results
            )
        else:
            tasks = [_unfolded(one) for one in content] if isinstance(content, list) else [_unfolded(content)]
            found += _from_tasks(path, tasks, reading, results)
    for path in sorted(path for path in files if suffix_of(path) in (".csv", ".tsv")):
        if not is_record_table(head_of(files, path)):
            continue
        text = text_of(files[path], path, reading.collected)
        if text is not None:
            found += _from_records(path, records_in_table(path, text, reading.collected), reading, results)
    if not reading.collected.used:
        for path in documents.of(KIND):
            unread[path] = "its Label Studio tasks name no photo"
        return None
    _read_configs(files, reading.collected)
    for entry in _entries(found, reading):
        reading.add(entry)
    return finish(reading, KIND)


def _is_task(content: Mapping[str, Any]) -> bool:
    some = [content.get(key) for key in ("annotations", "completions", "predictions")]
    return isinstance(content.get("data"), dict) and any(isinstance(one, list) for one in some)


def _unfolded(content: Any) -> dict[str, Any]:
    """Return a task; Label Studio's target storage holds annotations with their task inside."""
    if not isinstance(content, dict):
        return {}
    task = content.get("task")
    if isinstance(task, dict) and isinstance(content.get("result"), list):
        own = {key: value for key, value in content.items() if key != "task"}
        return {**task, "annotations": [own]}
    return content


def _from_tasks(
    path: str, tasks: list[dict[str, Any]], reading: ToolReading, results: ResultReader
) -> Iterator[_Annotation]:
    if any(_photo_key(task.get("data")) for task in tasks):
        reading.collected.used.add(path)
    else:
        return
    for number, task in enumerate(tasks, start=1):
        where = f"{path}, task {shown_value(task.get('id', number))}"
        found = _placed(path, where, task.get("data"), reading)
        if found is None:
            continue
        annotations = task.get("annotations", task.get("completions", []))
        labelled = False
        if not isinstance(annotations, list):
            reading.collected.add_problem(where, "its annotations are no list; they are skipped")
        listed = annotations if isinstance(annotations, list) else []
        usable = [one for one in listed if isinstance(one, dict)]
        if len(usable) < len(listed):
            reading.collected.add_problem(where, "an annotation is only a number, without its labels; it is skipped")
        given = _ground_truth(path, usable, found, reading)
        for place, one in enumerate(given, start=1):
            if one.get("was_cancelled") or one.get("skipped"):
                text = "1 annotation was cancelled and is no label"
                many = "{n} annotations were cancelled and are no labels"
                reading.note(path, text, many, found.about.photo, "remark")
                continue
            labelled = True
            result = one.get("result")
            if not isinstance(result, list):
                reading.collected.add_problem(where, "an annotation has no list of results; it is skipped")
            answers = results.read(found.about, result if isinstance(result, list) else [])
            who = _name_of(one.get("completed_by")) or f"annotation {place}"
            yield _Annotation(found.about, found.split, who, answers)
        if not labelled:
            yield found
            if task.get("predictions"):
                text = "1 photo has predictions of a model, which are no labels"
                many = "{n} photos have predictions of a model, which are no labels"
                reading.note(path, text, many, found.about.photo, "remark")


def _ground_truth(
    path: str, annotations: list[dict[str, Any]], found: _Annotation, reading: ToolReading
) -> list[dict[str, Any]]:
    """Return the annotation that somebody marked as the ground truth, if there are others, and say so."""
    true = [one for one in annotations if one.get("ground_truth") is True]
    if len(true) != 1 or len(annotations) == 1:
        return annotations
    text = "1 photo has an annotation marked as ground truth, which is taken"
    many = "{n} photos have an annotation marked as ground truth, which is taken"
    reading.note(path, text, many, found.about.photo, "remark")
    return true


def _from_records(
    path: str, records: list[tuple[str, dict[str, Any]]], reading: ToolReading, results: ResultReader
) -> Iterator[_Annotation]:
    if any(_photo_key(record) for _, record in records):
        reading.collected.used.add(path)
    else:
        return
    for where, record in records:
        found = _placed(path, where, record, reading)
        if found is None:
            continue
        key = _photo_key(record) or _PHOTO
        rest = {name: value for name, value in record.items() if name not in (*BOOKKEEPING, SPLIT, key)}
        answers = read_record(found.about, rest, results)
        labelled = record.get("annotation_id") not in (None, "")
        who = _name_of(record.get("annotator")) if labelled else ""
        yield _Annotation(found.about, found.split, who, answers, from_record=True)


def _placed(path: str, where: str, data: Any, reading: ToolReading) -> _Annotation | None:
    """Return the photo that data name, as one that nobody has labelled; None, and a problem, where there is none."""
    data = data if isinstance(data, dict) else {}
    key = _photo_key(data)
    if key is None:
        several = sum(names_a_photo(value) for value in data.values()) > 1
        text = "it names several photos, and none of them is its image" if several else "its data name no photo"
        reading.collected.add_problem(where, f"{text}; it is skipped")
        return None
    found = reading.finder.find_address(data[key], path)
    photo = reading.photo(found, where)
    if photo is None:
        return None
    said = data.get(SPLIT)
    split = split_named(said) if isinstance(said, str) else None
    reading.splits_said |= SPLIT in data and (split is not None or said in (None, ""))
    if split is None and said not in (None, ""):
        text = "1 photo has a split other than train, val and test, which is not used"
        many = "{n} photos have a split other than train, val and test, which is not used"
        reading.note(path, text, many, photo, "problem")
    return _Annotation(Annotated(path, where, photo), split)


def _photo_key(data: Any) -> str | None:
    """Return the part of a task's data that names its photo: the only one, or the one called image."""
    if not isinstance(data, dict):
        return None
    keys = [key for key, value in data.items() if key not in BOOKKEEPING and names_a_photo(value)]
    return keys[0] if len(keys) == 1 else _PHOTO if _PHOTO in keys else None


def _name_of(annotator: Any) -> str:
    """Return an annotator's e-mail address or number in words; "" where there is none."""
    if isinstance(annotator, dict):
        annotator = annotator.get("email") or annotator.get("id")
    if isinstance(annotator, bool) or not isinstance(annotator, (int, str)) or annotator == "":
        return ""
    text = str(annotator)[:100]
    return f"annotator {text}" if text.isdigit() else text


def _entries(found: list[_Annotation], reading: ToolReading) -> Iterator[PhotoEntry]:
    """Yield an entry for each annotation, with the answers of the control that gives the class."""
    values: dict[str, list[tuple[str, str]]] = {}
    for one in found:
        for name, words in one.answers.choices.items() if one.answers else ():
            some = values.setdefault(name, [])
            if words and len(some) < SAMPLED:
                some.append((one.about.photo, " and ".join(words)))
    used = {name: some for name, some in values.items() if some}
    control = next(iter(used), None)
    texts = [one for one in found if one.from_record and one.answers and one.answers.choices]
    if len(used) > 1 or (used and texts):
        doubtful = any(one.answers.regions for one in found if one.from_record and one.answers)
        control = choose_attribute(used, reading.collected, CHOICE, "the photos", doubtful=doubtful)
    for one in found:
        answers = one.answers or Answers()
        chosen = tuple(answers.choices.get(control, ())) if control is not None else ()
        if control is not None and not chosen and any(answers.choices.values()) and not answers.regions:
            text = f'1 photo has an answer, but none to "{control[:_SHOWN]}", which gives the class'
            many = f'{{n}} photos have an answer, but none to "{control[:_SHOWN]}", which gives the class'
            reading.note(one.about.file, text, many, one.about.photo, "problem")
        yield PhotoEntry(
            one.about.photo, one.about.where, chosen, tuple(answers.regions), answers.frame, one.split, one.who,
        )  # fmt: skip


def _read_configs(files: Files, collected: LabelCollector) -> None:
    """List the classes of labelling interfaces: XML with the root ``View``."""
    for path in sorted(path for path in files if suffix_of(path) == ".xml"):
        text = text_of(files[path], path, LabelCollector())
        if text is None or len(text) > MAX_CONFIG_CHARACTERS or "<View" not in text:
            continue
        try:
            root = fromstring(text, forbid_dtd=True)
        except (SyntaxError, DefusedXmlException):  # a reader of XML says so; ParseError is a SyntaxError
            continue
        if root.tag == "View":
            collected.used.add(path)
            for one in root.iter():
                if one.tag in ("Label", "Choice") and (name := one.get("alias") or one.get("value")):
                    collected.add_class(name, path)
