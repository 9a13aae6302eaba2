"""The charts of doubt and thresholds: each draws the counts that it was given."""

import numpy as np
import pytest

from core.inspection.doubt.costs import best_threshold, cost_curve, errors_of
from core.inspection.doubt.curves import class_curves
from core.inspection.doubt.reliability import reliability
from core.inspection.doubt.selective import answered, risk_coverage
from core.inspection.measuring.report import Rate
from pages.components.evaluate.doubt import doubt_charts, threshold_charts
from pages.components.shared import charts

CONFIDENCE = np.array([0.52, 0.58, 0.92, 0.95, 0.98])
CORRECT = np.array([True, False, True, True, False])
SCORES = np.array([0.9, 0.3, 0.2, 0.25, 0.1, 0.05])
OWN = np.array([True, True, True, False, False, False])


def named(figure: object, name: str) -> object:
    (found,) = [one for one in figure.data if one.name == name]
    return found


def test_the_diagram_has_dots_with_intervals_and_bars_of_counts() -> None:
    found = reliability(CONFIDENCE, CORRECT)
    figure = doubt_charts.reliability_diagram(found, found, charts.LIGHT, ("after", "before"))
    dots = named(figure, "after")
    assert list(dots.x) == pytest.approx([0.55, 0.95])
    assert list(dots.y) == pytest.approx([0.5, 2 / 3])
    rate = Rate.of(2, 3)
    assert dots.error_y.arrayminus[1] == pytest.approx(rate.value - rate.low)
    bars = figure.data[-1]
    assert list(bars.y) == [0, 0, 0, 0, 0, 2, 0, 0, 0, 3] and list(bars.text)[5] == "2"
    assert named(figure, "before").marker.size < dots.marker.size
    alone = doubt_charts.reliability_diagram(found, None, charts.DARK, ("before", "after"))
    assert "after" not in [one.name for one in alone.data]


def test_the_risk_is_that_of_the_answered_and_the_limit_is_a_dot() -> None:
    curve = risk_coverage(CONFIDENCE, CORRECT)
    choice = answered(CONFIDENCE, CORRECT, 0.9)
    figure = doubt_charts.risk_chart(curve, choice, charts.LIGHT)
    line, dot = named(figure, "wrong answers"), named(figure, "your limit")
    assert list(line.x) == pytest.approx([0.2, 0.4, 0.6, 0.8, 1])
    assert list(line.y) == pytest.approx([1, 1 / 2, 1 / 3, 1 / 2, 2 / 5])
    assert (dot.x[0], dot.y[0]) == (pytest.approx(0.6), pytest.approx(1 / 3))
    nothing = doubt_charts.risk_chart(curve, answered(CONFIDENCE, CORRECT, 1), charts.LIGHT)
    assert "your limit" not in [one.name for one in nothing.data]


def test_the_histogram_counts_each_photo_once() -> None:
    own, foreign = np.array([0.1, 0.2, 0.2, 0.4]), np.array([0.8, 1.2])
    figure = doubt_charts.distance_histogram(own, foreign, 0.5, charts.LIGHT, ("own", "foreign"))
    assert [int(np.sum(bar.customdata)) for bar in figure.data] == [4, 2]
    assert figure.layout.shapes[0].x0 == 0.5
    alone = doubt_charts.distance_histogram(own, np.empty(0), None, charts.LIGHT, ("own", "foreign"))
    assert [bar.name for bar in alone.data] == ["own"]


def test_sizes_begin_with_one_name() -> None:
    figure = doubt_charts.set_sizes(np.array([0, 7, 3]), charts.LIGHT)
    assert list(figure.data[0].x) == [1, 2] and list(figure.data[0].text) == ["7", "3"]


def test_the_threshold_is_a_dot_on_both_curves() -> None:
    curves = class_curves(SCORES, OWN)
    assert curves is not None
    assert threshold_charts.at_threshold(curves, 0.22) == (2, 1)
    assert threshold_charts.at_threshold(curves, 0.95) == (0, 0)
    dot = threshold_charts.roc_chart(curves, 0.22, charts.LIGHT).data[-1]
    assert (dot.x[0], dot.y[0]) == (pytest.approx(1 / 3), pytest.approx(2 / 3))
    dot = threshold_charts.precision_recall_chart(curves, 0.22, charts.LIGHT).data[-1]
    assert (dot.x[0], dot.y[0]) == (pytest.approx(2 / 3), pytest.approx(2 / 3))


def test_the_cost_at_the_dot_is_that_of_the_threshold() -> None:
    best = best_threshold(SCORES, OWN, 10)
    assert best is not None
    figure = threshold_charts.cost_chart(cost_curve(SCORES, OWN, 10), best.at, 21, charts.LIGHT)
    assert named(figure, "chosen").y[0] == best.cost == errors_of(best.at <= SCORES, OWN).cost(10)
    assert list(named(figure, "most likely class").y) == [21, 21]


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    places = doubt_charts.spread(5000)
    assert len(places) <= doubt_charts.MOST_POINTS and (places[0], places[-1]) == (0, 4999)
    assert doubt_charts.spread(3).tolist() == [0, 1, 2] and doubt_charts.spread(1).tolist() == [0]
