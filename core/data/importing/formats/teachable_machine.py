"""Samples of Teachable Machine: a zip for each class, ``owl-samples.zip``, or a project whose files name the class.

https://teachablemachine.withgoogle.com/train/image: "Download samples" of a class gives a zip with ``0.jpg``,
``1.jpg``, ...; a project (``.tm``) is a zip with ``owl-!-0.jpg``.
"""

import re
from dataclasses import replace
from pathlib import PurePosixPath

from core.data.importing.import_plan import ImportPlan
from core.data.importing.plan_files import LONE_FOLDER, classes_of, with_usable_labels
from core.data.tables.label_rows import Problem
from core.data.tables.questions import SAMPLED, Asking, Choice, Question

PROJECT_SUFFIX = ".tm"
ZIP_CLASS = "class-in-zip-name"
"""The kind of the question for a zip whose photos have other names than Teachable Machine gives them."""
NAMED, NONE = "class", "none"

_ZIP = re.compile(r"(.+)-samples(?: \(\d+\))?\.zip", re.IGNORECASE)  # "(1)": what browsers add to a second download
_SAMPLE = re.compile(r"\d+\.(jpe?g|png|webp)", re.IGNORECASE)


def class_of_zip(name: str) -> str | None:
    """Return the class in the name of a zip of samples; None for other names."""
    found = _ZIP.fullmatch(PurePosixPath(name).name)
    return found.group(1).strip() or None if found else None


def with_class_of_zip(plan: ImportPlan, name: str, asking: Asking) -> ImportPlan:
    """Return the plan of a zip of samples with the class in the zip's name; any other plan stays.

    Where the photos are not numbered as Teachable Machine does it, that is asked.
    """
    label = class_of_zip(name)
    there = plan.candidates
    if label is None or not there or any(one.label or one.objects or "/" in one.name for one in there):
        return plan
    if not all(_SAMPLE.fullmatch(one.name) for one in there):
        shown = tuple((one.name, label) for one in there[:SAMPLED])
        choices = (
            Choice(NAMED, f'Label all its photos "{label}"', shown),
            Choice(NONE, "Import them without a label", tuple((photo, "") for photo, _ in shown)),
        )
        text = f'The zip {name} is called like the samples of one class. Do all its photos show "{label}"?'
        if asking.ask(Question(ZIP_CLASS, text, choices, "", ("photo", "class"))) != NAMED:
            return plan
    # A folder around the photos is that of a zip that was unpacked and zipped again.
    problems = [one for one in plan.problems if not one.text.startswith(LONE_FOLDER)]
    problems.append(Problem(None, f'the name of {name} gives the class "{label}"', harmless=True))
    labelled = [replace(one, label=label, by_folder=True) for one in there]
    candidates = with_usable_labels(labelled, problems)
    return replace(plan, candidates=tuple(candidates), problems=tuple(problems), classes=classes_of(candidates))
