"""The labelling desk of a tab without a browser."""

from dataclasses import dataclass
from typing import Any


@dataclass
class Desk:
    """The labelling desk of a page, as the server has shown it last."""

    token: str
    seconds: float
    """Between two looks."""
    view: dict[str, Any]
    fragment: str

    @property
    def photo(self) -> int:
        """The photo on it."""
        return int(self.view["photo"]["id"])
