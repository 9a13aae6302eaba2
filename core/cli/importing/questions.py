"""Print the questions about a data set that somebody must answer, with a sample of each choice."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from core.cli.console import print_message

if TYPE_CHECKING:
    from core.data.pictures.box import Box
    from core.data.tables.questions import Question

_SHOWN_CELL = 40
_SHOWN_BOXES = 3


def print_questions(questions: "Sequence[Question]") -> None:
    """Print each question, what each choice would make of a few rows or photos, and the options that answer it."""
    for question in questions:
        print_message(question.text)
        for choice in question.choices:
            print_message(f"  {choice.key}: {choice.label}")
            rows = [question.columns, *choice.rows] if choice.rows and question.columns else [*choice.rows]
            for row in rows:
                print_message("      " + " | ".join(_short(cell) for cell in row))
            for photo in choice.photos:
                boxes = [f"{label} {_sides(box)}" for label, box in photo.boxes[:_SHOWN_BOXES]]
                more = ", ..." if len(photo.boxes) > _SHOWN_BOXES else ""
                found = f": {', '.join(boxes) or 'no box'}{more}" if question.shows_boxes else ""
                print_message(f"      {_short(photo.name)}{found}")
        print_message(f"Add {question.options()}.")


def require_answers(questions: "Sequence[Question]", unused: Sequence[str]) -> None:
    """Raise QuestionsOpen while a question is open, and AnswerError for an answer that nothing asked for."""
    from core.data.tables.questions import nothing_asks, questions_text
    from core.errors import AnswerError, QuestionsOpen

    if questions:
        raise QuestionsOpen(questions_text(questions), questions)
    if unused:
        raise AnswerError(nothing_asks(unused[0]))


def question_as_record(question: "Question") -> dict[str, Any]:
    """Return a question as JSON."""
    choices = [
        {
            "key": one.key,
            "label": one.label,
            "rows": one.rows,
            "photos": [
                {"name": photo.name, "boxes": [_as_record(*box) for box in photo.boxes]} for photo in one.photos
            ],
        }
        for one in question.choices
    ]
    asked = {"id": question.id, "kind": question.kind, "place": question.place, "text": question.text}
    return {**asked, "columns": question.columns, "choices": choices}


def _as_record(label: str, box: "Box") -> dict[str, Any]:
    return {"label": label, "x": box.x, "y": box.y, "width": box.width, "height": box.height}


def _sides(box: "Box") -> str:
    sides = ", ".join(f"{side:.6g}" for side in (box.x, box.y, box.width, box.height))
    return f"({sides})"


def _short(text: str) -> str:
    """Return a cell in one short line, without characters that move the cursor."""
    plain = "".join(mark if mark.isprintable() else "\N{REPLACEMENT CHARACTER}" for mark in text)
    return plain if len(plain) <= _SHOWN_CELL else plain[: _SHOWN_CELL - 3] + "..."
