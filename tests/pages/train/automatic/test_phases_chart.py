"""The chart of an automatic training's phases: one time axis, results with their interval, and the run's model."""

import pytest

from core.runs.automatic.phases import Phase, Phases
from pages.components.shared.charts import DARK, LIGHT
from pages.components.train.automatic.phase_marks import mark_phases
from pages.components.train.automatic.phases_chart import phases_figure
from tests.pages.train.automatic.some_phases import EARLY, FAILED, HEAD, LAYER4, LAYER4_AT_WORK, ONE, THREE, TWO


def test_without_a_phase_the_axes_are_drawn_and_nothing_else() -> None:
    figure = phases_figure(Phases(), LIGHT, boxes=False)
    assert not figure.data and not figure.layout.shapes
    assert figure.layout.xaxis.title.text == "seconds of training"


def test_one_phase_is_its_result_with_the_interval() -> None:
    """The single epoch of a solved head was a second, smaller dot beside its result."""
    figure = phases_figure(ONE, LIGHT, boxes=False)
    (model, result) = figure.data
    assert (list(result.x), list(result.y)) == ([19.0], [0.75])
    assert result.error_y.array[0] == pytest.approx(0.11) and result.error_y.arrayminus[0] == pytest.approx(0.15)
    assert result.name == "head, kept" and result.marker.color == LIGHT.accent
    assert (list(model.x), list(model.y)) == ([19.0, 19.0], [0.75, 0.75])
    assert figure.layout.yaxis.range[0] == pytest.approx(0.5), "the lower end of the interval stands above the edge"
    assert figure.layout.title.text.startswith("Validation accuracy, with 95% confidence interval")


def test_a_phase_at_work_is_its_epochs_and_the_model_is_still_the_head_s() -> None:
    figure = phases_figure(TWO, DARK, boxes=False)
    lines = {line.name: line for line in figure.data}
    assert list(lines["last stage, each epoch"].y) == [0.7, 0.85]
    assert "last stage, kept" not in lines
    (model,) = [line for line in figure.data if line.name is None]
    end = pytest.approx(38.0 * 1.15)
    assert (list(model.x), list(model.y)) == ([19.0, end], [0.75, 0.75])
    assert [(band.x0, band.x1) for band in figure.layout.shapes] == [(0.0, 19.0), (19.0, end)]


def test_a_phase_that_has_just_begun_has_its_band_before_its_first_epoch() -> None:
    """It began where the axis ended, so nothing of it was seen for as long as its frozen layers were computed."""
    begun = Phases(phases=(HEAD, LAYER4_AT_WORK.model_copy(update={"points": ()})))
    figure = phases_figure(begun, LIGHT, boxes=False)
    assert [(band.x0, band.x1) for band in figure.layout.shapes] == [(0.0, 19.0), (19.0, pytest.approx(21.85))]


def test_a_phase_that_was_not_kept_is_grey_and_hollow_and_the_axis_counts_minutes() -> None:
    figure = phases_figure(THREE, LIGHT, boxes=False)
    lines = {line.name: line for line in figure.data}
    lost = lines["all layers, not kept"]
    assert (lost.marker.color, lost.marker.line.color) == (LIGHT.paper, LIGHT.quiet)
    assert lost.x[0] == pytest.approx(4.5) and figure.layout.xaxis.title.text == "minutes of training"
    (model,) = [line for line in figure.data if line.name is None]
    assert list(model.y) == [0.75, 0.9, 0.9], "the model stays that of the last stage"
    names = {note.text for note in figure.layout.annotations}
    assert names == {"last stage", "all layers"}, "the head's band has no room for its name"
    assert lines["head, kept"].text[0] == "head"


def test_boxes_are_measured_by_their_mean_iou() -> None:
    figure = phases_figure(ONE, LIGHT, boxes=True)
    assert figure.layout.title.text.startswith("Validation mean IoU")
    assert figure.layout.yaxis.tickformat == "" and ".3f" in figure.data[-1].hovertemplate


def test_a_phase_whose_interval_is_unknown_is_drawn_without_one() -> None:
    single = HEAD.model_copy(update={"low": None, "high": None, "n": 1})
    figure = phases_figure(Phases(phases=(single,)), LIGHT, boxes=True)
    assert "interval" not in figure.layout.title.text
    result = figure.data[-1]
    assert list(result.error_y.array) == [0.0] and list(result.error_y.arrayminus) == [0.0]


def test_the_curves_have_a_band_for_each_phase_up_to_its_last_epoch() -> None:
    import plotly.graph_objects as go

    figure = go.Figure()
    mark_phases(figure, THREE, LIGHT)
    assert [(band.x0, band.x1) for band in figure.layout.shapes] == [(0, 1), (1, 9), (9, 12)]
    assert [(note.text, note.x) for note in figure.layout.annotations] == [("last stage", 5.0), ("all layers", 10.5)]
    short = go.Figure()
    mark_phases(short, Phases(phases=(HEAD, _shortened(LAYER4))), LIGHT)
    assert [note.text for note in short.layout.annotations] == ["head", "last stage"]


def test_a_phase_that_failed_has_a_band_only_for_the_epochs_that_it_had() -> None:
    import plotly.graph_objects as go

    for points, bands in (((), [(0, 1)]), (LAYER4_AT_WORK.points, [(0, 1), (1, 3)])):
        figure = go.Figure()
        mark_phases(figure, Phases(phases=(HEAD, FAILED.model_copy(update={"points": points}))), LIGHT)
        assert [(band.x0, band.x1) for band in figure.layout.shapes] == bands


def _shortened(phase: Phase) -> Phase:
    return phase.model_copy(update={"epochs": 3, "points": phase.points[:3]})


def test_the_early_model_is_a_mark_of_its_own_from_which_the_runs_line_begins() -> None:
    figure = phases_figure(ONE.model_copy(update={"early": EARLY}), LIGHT, boxes=False)
    line, _, early = figure.data
    assert (list(line.x), list(line.y)) == ([7.0, 19.0, 19.0], [0.7, 0.75, 0.75])
    assert (early.x[0], early.y[0], early.marker.symbol) == (7.0, 0.7, "diamond")
    assert early.error_y.array[0] == pytest.approx(0.15) and "40 of 200 photos" in early.hovertemplate
    assert figure.layout.yaxis.range[0] <= EARLY.low
    alone = Phases(phases=(HEAD.model_copy(update={"points": (), "ended": None, "value": None}),), early=EARLY)
    figure = phases_figure(alone, LIGHT, boxes=False)
    assert figure.layout.xaxis.range[1] > 7.0 and "95% confidence interval" in figure.layout.title.text
