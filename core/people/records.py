"""What the register returns: classes, people, visits."""

from dataclasses import dataclass
from typing import Literal

Role = Literal["teacher", "pupil", "group"]


@dataclass(frozen=True)
class ClassRoom:
    """A class; pupils join it with its code."""

    id: int
    name: str
    code: str
    open: bool
    """Whether names that are not on the list may join."""


@dataclass(frozen=True)
class Person:
    """Somebody with a workspace: a pupil, the teacher, or a group of pupils who share one."""

    id: int
    name: str
    role: Role
    class_id: int | None
    folder: str
    """Of the workspace, below people/; empty for the teacher, who works in the server's own workspace."""
    joined: bool
    """Whether anybody has joined under this name yet."""
    seen: float | None
    """When their browser last opened a page, in seconds since 1970."""

    @property
    def teaches(self) -> bool:
        return self.role == "teacher"

    @property
    def is_group(self) -> bool:
        return self.role == "group"


@dataclass(frozen=True)
class Visit:
    """A browser in which somebody has joined; ``allowed`` is False while they wait for the teacher."""

    person: Person
    allowed: bool
    created: float


@dataclass(frozen=True)
class Joined:
    """A new visit: ``token`` belongs into the browser's cookie; ``card`` is new, or empty if they had one."""

    person: Person
    token: str
    card: str = ""
