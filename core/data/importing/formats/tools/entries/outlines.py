"""The boxes around shapes that are no upright rectangles, in pixels: polygons, circles, ellipses, turned boxes."""

import math
from collections.abc import Iterable, Sequence

from core.data.importing.formats.gathering.untrusted_values import number_of

Sides = tuple[float, float, float, float]
"""x and y of the upper left corner, width and height."""

DIGITS = 9  # of a pixel: what arithmetic adds beyond these is no part of a box


def numbers_of(values: Iterable[object]) -> list[float] | None:
    """Return finite numbers; None if a value is no such number."""
    found = [number_of(value) for value in values]
    numbers = [number for number in found if number is not None]
    return numbers if len(numbers) == len(found) else None


def points_of(values: object) -> list[tuple[float, float]] | None:
    """Return the points of a JSON list of pairs; None for anything else."""
    if not isinstance(values, list):
        return None
    points = []
    for value in values:
        pair = numbers_of(value) if isinstance(value, list) and len(value) == 2 else None
        if pair is None:
            return None
        points.append((pair[0], pair[1]))
    return points


def around(points: Sequence[tuple[float, float]]) -> Sides:
    """Return the box around points, of which there is at least one."""
    across, down = [x for x, _ in points], [y for _, y in points]
    return _rounded((min(across), min(down), max(across) - min(across), max(down) - min(down)))


def around_ellipse(x: float, y: float, across: float, down: float, angle: float = 0.0) -> Sides:
    """Return the box around an ellipse; x and y are its centre, ``across`` and ``down`` its radii, angle in radians."""
    cos, sin = math.cos(angle), math.sin(angle)
    width, height = math.hypot(across * cos, down * sin), math.hypot(across * sin, down * cos)
    return _rounded((x - width, y - height, 2 * width, 2 * height))


def around_turned(sides: Sides, degrees: float, about: tuple[float, float]) -> Sides:
    """Return the box around a box that is turned clockwise about a point."""
    x, y, width, height = sides
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    corners = [(x, y), (x + width, y), (x, y + height), (x + width, y + height)]
    places = [(one - about[0], other - about[1]) for one, other in corners]
    return around([(about[0] + a * cos - b * sin, about[1] + a * sin + b * cos) for a, b in places])


def _rounded(sides: Sides) -> Sides:
    x, y, width, height = (round(side, DIGITS) for side in sides)
    return x, y, width, height
