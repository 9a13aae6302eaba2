"""Who has found the most photos that fool a model, and which models have held."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.people.sharing.attempts import Attempt
from core.people.sharing.records import Shared

MOST_COUNTED = 10
"""Photos of one team that count against one model: nobody wins with a hundred photos of one weakness."""


@dataclass(frozen=True)
class Standing:
    """A line of the leaderboard."""

    team: str
    points: int
    """The photos that count."""
    tries: int


@dataclass(frozen=True)
class Robustness:
    """How well one model has held."""

    item: Shared
    tries: int
    fooled: int


def leaderboard(tries: Sequence[Attempt]) -> list[Standing]:
    """Return the teams by their points; of equal ones, first who needed fewer tries."""
    counted: dict[str, dict[int, int]] = {}
    for one in tries:
        by_model = counted.setdefault(one.team, {})
        by_model[one.shared_id] = by_model.get(one.shared_id, 0) + one.counts
    lines = [
        Standing(
            team,
            sum(min(count, MOST_COUNTED) for count in by_model.values()),
            sum(one.team == team for one in tries),
        )
        for team, by_model in counted.items()
    ]
    return sorted(lines, key=lambda one: (-one.points, one.tries, one.team))


def robustness(tries: Sequence[Attempt], items: Sequence[Shared]) -> list[Robustness]:
    """Return how often each of these models was tried and fooled, in their order."""
    return [
        Robustness(
            item,
            sum(one.shared_id == item.id for one in tries),
            sum(one.shared_id == item.id and one.counts for one in tries),
        )
        for item in items
    ]
