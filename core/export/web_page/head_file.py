"""Reads a head that somebody learned on a page and saved; the file is untrusted, so everything in it is checked."""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import ModelError
from core.features.trunk_digest import trunk_digest
from core.models.bundle import WEIGHTS_FILE, complete_folder, read_info
from core.models.untrusted.bundle_info import MAX_CLASSES
from core.models.untrusted.strict_json import InvalidJson, strict_json
from core.training.linear.linear_head import LinearHead

MOST_BYTES = 64 << 20
_MOST_WIDTH = 1 << 16
_MOST_LOGIT = 1e6

ClassName = Annotated[str, Field(min_length=1, max_length=200)]
Count = Annotated[int, Field(strict=True, ge=0, le=10**6)]


class LearnedClass(BaseModel):
    """What a class was learned from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ClassName
    frames: Count
    bursts: Count
    known: Count
    """Training photos whose features came with the page."""


class HeldOut(BaseModel):
    """The page's test on bursts that it did not learn from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    correct: Count
    n: Count
    bursts: Count


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["resnet-studio-head"]
    version: Literal[1]
    trunk: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    arch: Annotated[str, Field(min_length=1, max_length=200)]
    page: Annotated[str, Field(max_length=2000)]
    created: Annotated[str, Field(max_length=100)]
    classes: Annotated[tuple[ClassName, ...], Field(min_length=2, max_length=MAX_CLASSES)]
    width: Annotated[int, Field(strict=True, ge=1, le=_MOST_WIDTH)]
    weight: str
    bias: str
    strength: Annotated[float, Field(gt=0, le=1e3)]
    learned_from: Annotated[tuple[LearnedClass, ...], Field(max_length=MAX_CLASSES)]
    held_out: HeldOut | None


@dataclass(frozen=True)
class LearnedHead:
    """A head from a page, and what the page says about it."""

    head: LinearHead
    classes: tuple[str, ...]
    trunk: str
    """The digest of the network's weights without its head."""
    arch: str
    page: str
    """The title of the page."""
    created: datetime
    strength: float
    learned_from: tuple[LearnedClass, ...]
    held_out: HeldOut | None

    def record(self) -> dict[str, Any]:
        """Return what a bundle's metrics keep of it."""
        return {
            "page": self.page,
            "created": self.created.isoformat(timespec="seconds"),
            "strength": self.strength,
            "learned_from": [one.model_dump() for one in self.learned_from],
            "held_out": self.held_out.model_dump() if self.held_out else None,
        }


def read_head(path: Path) -> LearnedHead:
    """Return the head in a file; raises ModelError, which names the file and what is wrong with it."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}). Check the path and its permissions.") from error
    return head_of(data, path.name)


def head_of(data: bytes, name: str) -> LearnedHead:
    """Return the head in a file's content; ``name`` is the user's name for it. Raises ModelError."""
    try:
        found = _File.model_validate(strict_json(data, MOST_BYTES))
        created = datetime.fromisoformat(found.created)
        head = LinearHead(
            _numbers(found.weight, "weight", (len(found.classes), found.width)),
            _numbers(found.bias, "bias", (len(found.classes),)),
        )
        _check(found)
    except InvalidJson as error:
        raise _unusable(name, str(error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise _unusable(name, f"{where[:100]}: {first['msg']}") from error
    except ValueError as error:
        raise _unusable(name, str(error)) from error
    return LearnedHead(
        head,
        found.classes,
        found.trunk,
        found.arch,
        found.page,
        created,
        found.strength,
        found.learned_from,
        found.held_out,
    )


def check_network(bundle: Path, learned: LearnedHead) -> None:
    """Raise ModelError if the head was learned on another network than a bundle's; does not import torch."""
    if trunk_digest(complete_folder(bundle) / WEIGHTS_FILE) != learned.trunk:
        raise other_network(learned, read_info(bundle).arch)


def other_network(learned: LearnedHead, arch: str) -> ModelError:
    """Return the error of a head that was learned on another network than this one of architecture ``arch``."""
    return ModelError(
        f"The head was learned on the page {learned.page[:100]!r}, whose network ({learned.arch}) is not the one "
        f"of this model ({arch}). Choose the run whose page it was."
    )


def _numbers(text: str, what: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return float32 numbers of a shape from base64; raises ValueError."""
    try:
        content = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"{what} is not base64") from error
    if len(content) != 4 * int(np.prod(shape)):
        raise ValueError(f"{what} holds {len(content):,} bytes, not those of {' x '.join(map(str, shape))} numbers")
    values = np.frombuffer(content, "<f4").reshape(shape).astype(np.float32)
    if not np.isfinite(values).all() or np.abs(values).max(initial=0) > _MOST_LOGIT:
        raise ValueError(f"{what} holds numbers that are infinite or too large")
    return values


def _check(found: _File) -> None:
    """Raise ValueError for what no single field says."""
    if len(set(found.classes)) < len(found.classes):
        raise ValueError("two classes have the same name")
    if not all(name.strip() for name in found.classes):
        raise ValueError("a class has no name")
    if any(len(name.splitlines()) > 1 or name != name.strip("\n") for name in found.classes):
        raise ValueError("the name of a class has several lines")
    if [one.name for one in found.learned_from] != list(found.classes):
        raise ValueError("learned_from does not list the classes in their order")
    if found.held_out is not None and found.held_out.correct > found.held_out.n:
        raise ValueError("held_out counts more correct frames than frames")


def _unusable(name: str, reason: str) -> ModelError:
    return ModelError(
        f"{name} is not a head that a page saved ({reason}). Save it again on the page, with Save what it learned."
    )
