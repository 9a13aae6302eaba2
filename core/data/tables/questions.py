"""Questions that a reader of labels cannot answer itself, with their choices, samples and answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from core.data.pictures.box import Box
from core.errors import AnswerError, QuestionsOpen

NO_ANSWERS: Mapping[str, str] = MappingProxyType({})
"""Nobody has answered a question yet."""

SAMPLED = 3
"""How many rows or photos a sample shows."""


@dataclass(frozen=True)
class SamplePhoto:
    """A photo with the boxes that one choice gives it."""

    name: str
    read: Callable[[], bytes]  # raises ImageRefused
    boxes: tuple[tuple[str, Box], ...]  # the class of each, and its place in pixels of the upright photo


@dataclass(frozen=True)
class Choice:
    """One way to read what is unclear, and what the data would then look like."""

    key: str  # on the command line: --answer ID=KEY
    label: str  # on a button, verb first: "Scale the boxes"
    rows: tuple[tuple[str, ...], ...] = ()  # a sample under the question's columns
    photos: tuple[SamplePhoto, ...] = ()


@dataclass(frozen=True)
class Question:
    """What a reader cannot be sure of. Nothing is imported or trained while a question is open."""

    kind: str  # a word with hyphens, the same for all questions of this kind: "encoding", "box-unit"
    text: str  # what was found, where, and what is asked, without the choices; ends with a question mark
    choices: tuple[Choice, ...]  # at least two; one may leave out what is unclear
    place: str = ""  # the file, folder or column that it is about; "" for the only one of its kind
    columns: tuple[str, ...] = ()  # the header of the samples' rows

    @property
    def id(self) -> str:
        """Its name on the command line."""
        return f"{self.kind}:{self.place}" if self.place else self.kind

    @property
    def shows_boxes(self) -> bool:
        """Whether its photos are shown for the sake of their boxes; a choice without any then imports none."""
        return any(photo.boxes for choice in self.choices for photo in choice.photos)

    def options(self) -> str:
        """Return the options of the command line that answer it."""
        shown = [f'--answer "{self.id}={choice.key}" ({_lowered(choice.label)})' for choice in self.choices]
        return ", ".join(shown[:-1]) + f" or {shown[-1]}"


@dataclass(frozen=True)
class Answered:
    """A question with the choice that somebody made."""

    question: Question
    choice: Choice

    def __str__(self) -> str:
        place = f"{self.question.place}: " if self.question.place else ""
        return f"{place}answered: {_lowered(self.choice.label)}"


@dataclass
class _Asked:
    """What has been asked in one reading."""

    used: set[str] = field(default_factory=set)
    open: dict[str, Question] = field(default_factory=dict)
    answered: dict[str, Answered] = field(default_factory=dict)


class Asking:
    """Asks the questions of one reading, and answers those that have been answered before.

    Answers are by the id of a question, or by its kind for all questions of that kind.
    """

    def __init__(self, answers: Mapping[str, str] = NO_ANSWERS) -> None:
        self._answers = answers
        self._asked = _Asked()
        self._folder = ""

    def within(self, folder: str) -> "Asking":
        """Return the same asking for one of several sources: its questions get this folder before their place."""
        inner = Asking(self._answers)
        inner._asked, inner._folder = self._asked, f"{self._folder}{folder}/" if folder else self._folder
        return inner

    def trial(self) -> "Asking":
        """Return one with the same answers, for an attempt that may fail; ``adopt`` takes its questions over."""
        inner = Asking(self._answers)
        inner._folder = self._folder
        return inner

    def adopt(self, trial: "Asking") -> None:
        """Take over what an attempt that succeeded has asked."""
        self._asked.used |= trial._asked.used
        self._asked.open |= trial._asked.open
        self._asked.answered |= trial._asked.answered

    def ask(self, question: Question) -> str | None:
        """Return the key of the choice, or None while nobody has chosen: then read on as is convenient.

        Raises AnswerError where the answer is none of the choices.
        """
        if self._folder:
            question = replace(question, place=f"{self._folder}{question.place}".rstrip("/"))
        name = next((name for name in (question.id, question.kind) if name in self._answers), None)
        if name is None:
            self._asked.open.setdefault(question.id, question)
            return None
        self._asked.used.add(name)
        key = self._answers[name]
        choice = next((choice for choice in question.choices if choice.key == key), None)
        if choice is None:
            raise AnswerError(f'"{key}" does not answer {question.id}. Choose {question.options()}.')
        self._asked.answered.setdefault(question.id, Answered(question, choice))
        return key

    @property
    def open(self) -> tuple[Question, ...]:
        """The questions without an answer, in the order in which they were asked."""
        return tuple(self._asked.open.values())

    @property
    def answered(self) -> tuple[Answered, ...]:
        """The questions with an answer, in the order in which they were asked."""
        return tuple(self._asked.answered.values())

    @property
    def unused(self) -> tuple[str, ...]:
        """The names of answers that no question asked for."""
        return tuple(name for name in self._answers if name not in self._asked.used)

    def require_answers(self, *, more_to_come: bool = False) -> None:
        """Raise QuestionsOpen while a question is open, and AnswerError for an answer that no question asked for.

        With ``more_to_come`` later questions may ask for it.
        """
        if self.open:
            raise QuestionsOpen(questions_text(self.open), self.open)
        if self.unused and not more_to_come:
            raise AnswerError(nothing_asks(self.unused[0]))


class NobodyToAsk(Asking):
    """For callers that have no way to pass a question on: every question is an error."""

    def ask(self, question: Question) -> str | None:
        """Raise QuestionsOpen."""
        raise QuestionsOpen(question.text, [question])


def parse_answers(texts: Sequence[str]) -> dict[str, str]:
    """Return the answers in "ID=CHOICE" texts. Raises AnswerError for another form, or two answers to one question."""
    answers: dict[str, str] = {}
    for text in texts:
        name, mark, key = text.rpartition("=")
        if not mark or not name.strip() or not key.strip():
            raise AnswerError(f'The answer "{text}" has no = between the question and the choice: QUESTION=CHOICE.')
        name, key = name.strip(), key.strip()
        if answers.setdefault(name, key) != key:
            raise AnswerError(f'The question {name} has two answers, "{answers[name]}" and "{key}". Give one of them.')
    return answers


def questions_text(questions: Sequence[Question]) -> str:
    """Return the sentences that ask, each with the options of the command line that answer it."""
    return "\n".join(f"{question.text} Add {question.options()}." for question in questions)


def nothing_asks(name: str) -> str:
    """Return the sentence for an answer to a question that was not asked."""
    return f"There is no question {name} about this data. Leave its --answer out."


def _lowered(text: str) -> str:
    """Return a button's words within a sentence."""
    return text[:1].lower() + text[1:]
