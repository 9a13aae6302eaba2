"""Choose which of several attributes of a tool names the class; where that is unclear, ask."""

from collections.abc import Mapping, Sequence

from core.data.importing.formats.gathered_labels import LabelCollector
from core.data.tables.questions import SAMPLED, Choice, Question

USUAL = frozenset(("class", "label", "name", "type", "category", "object", "choice", "species"))
"""What people call the attribute of the class."""

NONE = "(none)"
"""The key of the choice that takes no attribute."""

_MOST_CHOICES = 12
_SHOWN = 60


def choose_attribute(
    values: Mapping[str, Sequence[tuple[str, str]]],
    collected: LabelCollector,
    kind: str,
    what: str,
    place: str = "",
    doubtful: bool = False,
) -> str | None:
    """Return the attribute that names the class; None for none.

    ``values`` holds, for each attribute, photos with its value: at least a sample. The only attribute is taken, else
    the only one with a usual name, and that is said. Else a question of this kind is asked about ``what``: "the
    objects", "the photos"; also about an only one, if it is ``doubtful``. While it is open, no attribute is taken.
    """
    names = list(values)
    usual = [name for name in names if name.strip().casefold() in USUAL]
    clear = names if len(names) == 1 else usual
    if not names:
        return None
    if len(clear) == 1 and not doubtful:
        others = [name[:_SHOWN] for name in names if name != clear[0]]
        rest = f"; not used: {', '.join(others[:_MOST_CHOICES])}" if others else ""
        collected.add_remark(f'the class of {what} is their "{clear[0][:_SHOWN]}"{rest}')
        return clear[0]
    shown = ", ".join(name[:_SHOWN] for name in names[:_MOST_CHOICES])
    several = f"{len(names)} attributes of {what} have" if len(names) > 1 else f"1 attribute of {what} has"
    text = f"{several} values: {shown}. Which one is the class?"
    key_of = {name: name.replace("=", "-")[:_SHOWN].strip() for name in names[:_MOST_CHOICES]}
    choices = [Choice(key, f'Take "{name[:_SHOWN]}"', _rows(values[name])) for name, key in key_of.items()]
    choices.append(Choice(NONE, "Take none of them"))
    answer = collected.asking.ask(Question(kind, text, tuple(choices), place, ("photo", "value")))
    return next((name for name, key in key_of.items() if key == answer), None)


def _rows(values: Sequence[tuple[str, str]]) -> tuple[tuple[str, ...], ...]:
    return tuple((photo, value[:_SHOWN]) for photo, value in values[:SAMPLED])
