"""One kind of input: its files, what they mean, and what an import has to do with them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Outcome = Literal["exact", "remark", "question", "problem", "refused"]

Files = Mapping[str, str | bytes]
"""Relative paths, each with its content."""

Core = Callable[..., tuple[int, str]]
"""Run the command line in this process; returns the exit code and what it printed to standard error."""

Mark = tuple[str, float, float, float, float]
"""Class, left, top, width and height of a box, in pixels of the upright photo."""


@dataclass(frozen=True)
class Photo:
    """All that a project knows of a photo."""

    label: str | None = None
    split: str | None = None
    boxes: tuple[Mark, ...] = ()
    group: str | None = None


def boxed(*boxes: Mark, split: str | None = None) -> Photo:
    """A photo with boxes; its class is that of the largest."""
    return Photo(max(boxes, key=lambda one: one[3] * one[4])[0], split, boxes)


@dataclass(frozen=True)
class Look:
    """The size of a stored photo, and its colour at a few points."""

    size: tuple[int, int]
    colours: Mapping[tuple[int, int], tuple[int, int, int]] = field(default_factory=dict)


Meant = Mapping[str, Photo | str | tuple[str | None, str] | None]
"""The photos of the project, each with its class, or its class and split, or all of it."""


@dataclass(frozen=True)
class Kind:
    """A small data set with the outcome that is right for it."""

    name: str
    outcome: Outcome
    files: Files | Callable[[Path, Core], Path]  # or what writes them to a folder and returns the source of the import
    meant: Meant = field(default_factory=dict)  # the project in the end: with the answers, and with --yes for a problem
    says: tuple[str, ...] = ()  # parts of what is printed when it is imported without answers and without --yes
    asks: Mapping[str, str] = field(default_factory=dict)  # kind of question -> the right answer
    source: str = ""  # what is imported; "": the whole folder
    images: str = ""  # the folder for --images
    zipped: bool = False  # the folder is imported as a zip
    looks: Mapping[str, Look] = field(default_factory=dict)
    classes: tuple[str, ...] | None = None  # in their order; None: not looked at
    yes: bool = False  # a question: what is left after the answer needs --yes
    wrong: str = ""  # what happens today instead, where that is not right
    area: str = ""  # set by the catalogue

    @property
    def id(self) -> str:
        """Its name in the list of tests."""
        return f"{self.area}: {self.name}"

    def photos(self) -> dict[str, Photo]:
        """Return what is meant, in full."""
        found = {}
        for name, one in self.meant.items():
            if isinstance(one, Photo):
                found[name] = one
            else:
                label, split = one if isinstance(one, tuple) else (one, None)
                found[name] = Photo(label, split)
        return found


def exact(name: str, files: Files | Callable[[Path, Core], Path], meant: Meant, **more: object) -> Kind:
    """Everything is as it was meant, and nothing has to be confirmed."""
    return Kind(name, "exact", files, meant, **more)  # type: ignore[arg-type]


def remark(name: str, files: Files | Callable[[Path, Core], Path], meant: Meant, *says: str, **more: object) -> Kind:
    """Everything is as it was meant, and something is said about how it was read."""
    return Kind(name, "remark", files, meant, says, **more)  # type: ignore[arg-type]


def question(
    name: str,
    files: Files | Callable[[Path, Core], Path],
    asks: Mapping[str, str],
    meant: Meant,
    *says: str,
    **more: object,
) -> Kind:
    """Nothing is imported until somebody answers; with the right answers everything is as it was meant."""
    return Kind(name, "question", files, meant, says, asks, **more)  # type: ignore[arg-type]


def problem(name: str, files: Files | Callable[[Path, Core], Path], meant: Meant, *says: str, **more: object) -> Kind:
    """Nothing is imported without --yes; with it, what the problem does not touch is as it was meant."""
    return Kind(name, "problem", files, meant, says, **more)  # type: ignore[arg-type]


def refused(name: str, files: Files | Callable[[Path, Core], Path], *says: str, **more: object) -> Kind:
    """Nothing can be imported, and a sentence says why."""
    return Kind(name, "refused", files, {}, says, **more)  # type: ignore[arg-type]
