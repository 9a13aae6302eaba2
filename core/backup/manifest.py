"""The list of what a backup holds: sizes, SHA-256, counts, and the versions that can read it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.data.store.database import NEWEST
from core.errors import WorkspaceError

NAME = "backup.json"
"""The last file of a backup: one without it was cut off."""
FORMAT = 1
MOST_BYTES = 2**30


class StoredFile(BaseModel):
    """One file of a backup."""

    model_config = ConfigDict(frozen=True)

    bytes: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class Manifest(BaseModel):
    """What a backup holds."""

    kind: Literal["resnet-studio-backup"] = "resnet-studio-backup"
    format: int = FORMAT
    schema_version: str = NEWEST
    created: str  # ISO 8601, UTC
    database: Literal["sqlite", "elsewhere"] = "sqlite"
    """``elsewhere``: the rows are in a database server, which has a backup of its own."""
    counts: dict[str, int]
    databases: list[str]
    lost_photos: list[str] = []
    """Photos that a database knows, but whose files are gone; ``python -m core check`` names them too."""
    files: dict[str, StoredFile]

    @property
    def bytes(self) -> int:
        return sum(one.bytes for one in self.files.values())


def parse_manifest(data: bytes, backup: str) -> Manifest:
    """Read a manifest; ``backup`` is the name of the backup. Raises WorkspaceError."""
    try:
        head = _Head.model_validate_json(data)
    except ValidationError as error:
        raise WorkspaceError(f"{backup} is damaged: its list of files, {NAME}, cannot be read.") from error
    if head.kind != "resnet-studio-backup":
        raise WorkspaceError(f"{backup} is no backup of ResNet Studio.")
    if head.format > FORMAT or head.schema_version > NEWEST:
        raise WorkspaceError(
            f"{backup} was made by a newer ResNet Studio (schema {head.schema_version}; this one supports {NEWEST}). "
            "Update ResNet Studio, then restore it."
        )
    try:
        return Manifest.model_validate_json(data)
    except ValidationError as error:
        raise WorkspaceError(f"{backup} is damaged: its list of files, {NAME}, is not valid.") from error


class _Head(BaseModel):
    kind: str
    format: int
    schema_version: str
