"""A stored picture: where to read it and what to call it. Does not import torch."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """A picture: its content hash, the file to decode, and the user's name for it."""

    hash: str
    path: Path
    name: str
