"""Rules that read a photo's group from its file name, and the groups that a rule makes of a project's photos."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from core.data.tables.names import LONGEST_NAME, name_key, sort_key, without_invisible
from core.errors import DataError

FOLDER, FIRST_FOLDER, UNDERSCORE, DASH, LETTERS, PATTERN = (
    "folder",
    "first-folder",
    "before-underscore",
    "before-dash",
    "letters",
    "pattern",
)
RULES = {
    UNDERSCORE: "everything before the first _",
    DASH: "everything before the first -",
    LETTERS: "what comes before the last digits",
    FOLDER: "the folder",
    FIRST_FOLDER: "the first of several folders",
    PATTERN: "a pattern of your own",
}
"""The rules, with what each takes from the file name as the group."""
EXAMPLES = {
    UNDERSCORE: ("anna_003_left.jpg", "anna"),
    DASH: ("anna-003.jpg", "anna"),
    LETTERS: ("anna003.jpg", "anna"),
    FOLDER: ("anna/day 1/003.jpg", "anna/day 1"),
    FIRST_FOLDER: ("anna/day 1/003.jpg", "anna"),
    PATTERN: ("cam2_anna_003.jpg", "anna"),
}
"""A file name for each rule, and its group; the pattern is EXAMPLE_PATTERN."""
EXAMPLE_PATTERN = "*_{group}_*"
PATTERN_HELP = (
    "Write {group} where the name of the group stands, {number} if it is digits only, or {letters} if it is letters "
    "only. * stands for any text."
)
LONGEST_PATTERN = 200

_PLACES = {"{group}": "(.+?)", "{number}": "(?<![0-9])([0-9]++)", "{letters}": r"(?<![^\W\d_])([^\W\d_]++)"}
_TOKENS = re.compile(r"(\*+|\{group\}|\{number\}|\{letters\})")
_BEFORE_DIGITS = re.compile(r"(.*?)[0-9]+[^0-9]*", re.DOTALL)
_SEPARATORS = " _-.,()[]#"


@dataclass(frozen=True)
class RuleGroups:
    """What a rule makes of photos."""

    groups: dict[str, tuple[int, ...]]  # the photos of each group by name: the largest first, then by name
    unmatched: tuple[int, ...]  # photos that the rule gives no group

    @property
    def group_of(self) -> dict[int, str]:
        """The group of each photo that has one."""
        return {photo: name for name, photos in self.groups.items() for photo in photos}


def group_reader(rule: str, pattern: str = "") -> Callable[[str], str | None]:
    """Return the function that reads the group from a file name with its folders; None where the rule does not match.

    Raises DataError for an unknown rule, and for a pattern that cannot be used.
    """
    if rule == PATTERN:
        return _pattern_reader(pattern)
    if rule not in RULES:
        raise DataError(f'There is no rule "{rule}". Use one of: {", ".join(RULES)}.')
    return _READERS[rule]


def groups_by_name(rule: str, photos: Iterable[tuple[int, str]], pattern: str = "") -> RuleGroups:
    """Return the groups that a rule makes of photos, given as (number, file name).

    Names of groups that read the same ("Anna" and "anna") are one group, spelled as in its first photo. Raises
    DataError as ``group_reader``.
    """
    read = group_reader(rule, pattern)
    return groups_of(((number, read(filename)) for number, filename in photos))


def groups_of(pairs: Iterable[tuple[int, str | None]]) -> RuleGroups:
    """Return the groups of photos, given as (number, name of its group or None)."""
    found: dict[str, list[int]] = {}
    spelled: dict[str, str] = {}
    unmatched = []
    for number, group in pairs:
        name = " ".join(without_invisible(group or "").split())
        if not name or len(name) > LONGEST_NAME:
            unmatched.append(number)
        else:
            found.setdefault(spelled.setdefault(name_key(name), name), []).append(number)
    ordered = sorted(found.items(), key=lambda item: (-len(item[1]), sort_key(item[0])))
    return RuleGroups({name: tuple(numbers) for name, numbers in ordered}, tuple(unmatched))


def _pattern_reader(pattern: str) -> Callable[[str], str | None]:
    """Return the reader of an own pattern. It is compared with the file name, or with the whole path if it has a /."""
    expression = _expression(pattern)

    def read(filename: str) -> str | None:
        path = _path(filename)
        whole = path if "/" in pattern else path.rpartition("/")[2]
        # Most people leave the suffix out: "day{number}" means day3.jpg.
        found = expression.fullmatch(_without_suffix(whole)) or expression.fullmatch(whole)
        return found.group(1) if found else None

    return read


def _expression(pattern: str) -> "re.Pattern[str]":
    """Return the pattern as a regular expression that needs little time for any file name.

    Text behind a * is looked for once, from the left, and never again (an atomic group), except directly before digits
    or letters: a pattern with many stars would otherwise keep a server busy for minutes.
    """
    if not pattern.strip():
        raise DataError(f"Type a pattern, such as {EXAMPLE_PATTERN}. {PATTERN_HELP}")
    if len(pattern) > LONGEST_PATTERN:
        raise DataError(f"The pattern has {len(pattern):,} characters; at most {LONGEST_PATTERN} are allowed.")
    tokens = [token for token in _TOKENS.split(pattern) if token]
    places = [number for number, token in enumerate(tokens) if token in _PLACES]
    if len(places) != 1:
        found = "none" if not places else f"{len(places)} of them"
        raise DataError(f"The pattern {pattern} must have one place for the group, but has {found}. {PATTERN_HELP}")
    (place,) = places
    beside = tokens[max(0, place - 1) : place + 2]
    if tokens[place] == "{group}" and any(token.startswith("*") for token in beside):
        raise DataError(
            f"In the pattern {pattern}, * stands directly beside {{group}}, so its end is unclear. "
            f"Write the character between them, such as {EXAMPLE_PATTERN}."
        )
    parts = []
    for number, token in enumerate(tokens):
        after_star = number > 0 and tokens[number - 1].startswith("*")
        if token in _PLACES:
            parts.append((".*?" if after_star else "") + _PLACES[token])
        elif token.startswith("*"):
            if number == len(tokens) - 1:
                parts.append(".*")
        else:
            parts.append(_text_behind_star(token, tokens[number + 1 :]) if after_star else re.escape(token))
    return re.compile("".join(parts), re.DOTALL)


def _text_behind_star(text: str, rest: list[str]) -> str:
    if not rest:
        return f".*{re.escape(text)}"
    if rest[0] in ("{number}", "{letters}"):  # the first such text may have no digits behind it, and a later one has
        return f".*?{re.escape(text)}"
    return f"(?>.*?{re.escape(text)})"


def _before(mark: str) -> Callable[[str], str | None]:
    def read(filename: str) -> str | None:
        before, found, _ = _stem(filename).partition(mark)
        return before if found else None

    return read


def _letters(filename: str) -> str | None:
    found = _BEFORE_DIGITS.fullmatch(_stem(filename))
    return (found.group(1).rstrip(_SEPARATORS) or None) if found else None


def _folder(filename: str) -> str | None:
    return _path(filename).rpartition("/")[0] or None


def _first_folder(filename: str) -> str | None:
    first, found, _ = _path(filename).partition("/")
    return first if found else None


def _stem(filename: str) -> str:
    return _without_suffix(_path(filename).rpartition("/")[2])


def _without_suffix(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    return stem if dot and stem and "/" not in suffix else name


def _path(filename: str) -> str:
    return filename.replace("\\", "/").removeprefix("./").strip("/")


_READERS: dict[str, Callable[[str], str | None]] = {
    UNDERSCORE: _before("_"),
    DASH: _before("-"),
    LETTERS: _letters,
    FOLDER: _folder,
    FIRST_FOLDER: _first_folder,
}
