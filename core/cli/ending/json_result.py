"""Hold the JSON of a command until it ends, so that standard output is one document, whatever stopped the command.

After an error, which ends with exit status 2, the document says what was found::

    {"error": "...", "questions": [{"id": ..., "choices": [...]}], "problems": [{"line": 3, "text": ..., ...}]}
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from core.data.tables.labels_csv import Problem

_OPTION = "--json"


@dataclass
class JsonResult:
    """What one command has to print: its result, if it has one, and the problems that it came across."""

    wanted: bool = False
    results: list[Any] = field(default_factory=list)  # at most one; an object, where an error may follow
    problems: list[dict[str, Any]] = field(default_factory=list)

    def begin(self, arguments: Sequence[str]) -> None:
        """Forget the last command; ``arguments`` say whether JSON is wanted, even where they are no valid command."""
        options = arguments[: arguments.index("--")] if "--" in arguments else arguments
        self.wanted = _OPTION in options
        self.results, self.problems = [], []

    def hold(self, value: Any) -> None:
        """Keep the result until the command ends."""
        self.results.append(value)

    def note(self, problems: "Sequence[Problem]") -> None:
        """Keep problems that an error will list."""
        self.problems += [{"line": one.line, "text": one.text, "harmless": one.harmless} for one in problems]

    def fail(self, error: str, questions: Sequence[dict[str, Any]]) -> None:
        """Say in the result why the command stopped."""
        if not self.wanted:
            return
        found = self.results.pop() if self.results else {}
        told = {"questions": list(questions), "problems": self.problems}
        # What the command lists itself says more than nothing.
        told = {key: some for key, some in told.items() if some or not isinstance(found.get(key), list)}
        self.results.append({"error": error, **found, **told})

    def print(self) -> None:
        """Print the result to standard output, if there is one."""
        while self.results:
            typer.echo(json.dumps(self.results.pop(0), indent=2, ensure_ascii=False))


RESULT = JsonResult()
"""That of the command that runs: a process runs one."""
