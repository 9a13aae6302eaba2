"""One term of the glossary."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """A term, and what it means."""

    name: str
    text: str
    """One or two plain sentences, as Markdown."""
    lesson: str = ""
    """The lesson that shows it; empty if none does."""
    exact: str = ""
    """What the university level adds: the formula or the paper."""
