"""The Learn page: the network's numbers, its drawing from the data, its table."""

import base64
import re

import pytest

from core.models.summary import stages_of, summarize
from pages.components import learn_drawing, learn_table
from pages.components.charts import DARK, LIGHT
from tests.pages.conftest import OpenPage, messages


def pictures(html: str) -> list[str]:
    """The SVG sources within a drawing."""
    return [base64.b64decode(data).decode() for data in re.findall(r"svg\+xml;base64,([A-Za-z0-9+/=]+)", html)]


def test_the_page_shows_resnet_50_as_everybody_knows_it(open_page: OpenPage) -> None:
    app = open_page("Learn")
    assert not messages(app)
    figures = {metric.label: metric.value for metric in app.metric}
    assert figures["Parameters"] == "25.6 million"
    assert figures["Layers with weights"] == "50"
    assert figures["Residual blocks"] == "16"


@pytest.mark.parametrize(("arch", "weighted"), [("resnet18", "18"), ("resnet152", "152")])
def test_other_depths(open_page: OpenPage, arch: str, weighted: str) -> None:
    app = open_page("Learn")
    app.selectbox(key="learn-arch").set_value(arch).run()
    assert next(metric.value for metric in app.metric if metric.label == "Layers with weights") == weighted
    for view in ("Inside a block", "Table"):
        app.segmented_control(key="learn-view").set_value(view).run()
        assert not messages(app)


def test_the_table_is_searched_word_by_word(open_page: OpenPage) -> None:
    app = open_page("Learn")
    app.segmented_control(key="learn-view").set_value("Table").run()
    assert len(app.dataframe[0].value) == 175
    app.text_input(key="layer-search").set_value("LAYER4 conv2d").run()
    assert app.dataframe[0].value["layer"].str.startswith("layer4").all()
    assert len(app.dataframe[0].value) == 10
    app.text_input(key="layer-search").set_value("no such layer").run()
    assert app.dataframe[0].value.empty
    assert not messages(app)


def test_skips_are_read_from_the_sums() -> None:
    skips = learn_drawing.skips_of(summarize("resnet18").rows)
    assert list(skips) == [f"layer{stage}.{block}" for stage in (1, 2, 3, 4) for block in (0, 1)]
    assert [name for name, projected in skips.items() if projected] == ["layer2.0", "layer3.0", "layer4.0"]


def test_the_drawing_has_an_arc_for_every_block() -> None:
    stages, rows = stages_of("resnet50"), summarize("resnet50").rows
    html = learn_drawing.network(stages, rows, LIGHT)
    arcs = [picture.count("fill='none'") for picture in pictures(html)]
    assert sum(arcs) == 16
    assert sum(picture.count("stroke-dasharray") for picture in pictures(html)) == 4
    for stage in stages:
        assert f"<b>{stage.name}</b>" in html
        assert f"{stage.parameters:,} parameters" in html
    assert learn_drawing.network(stages, rows, DARK) != html


def test_a_block_is_drawn_with_its_real_kernels_and_shapes() -> None:
    rows = summarize("resnet50").rows
    first = learn_drawing.inside(rows, "layer2.0", LIGHT)
    assert re.findall(r"Conv \d×\d", first) == ["Conv 1×1", "Conv 1×1", "Conv 3×3", "Conv 1×1"]
    assert "projection: Conv 1×1, BatchNorm" in first
    assert "512×28×28" in first
    second = learn_drawing.inside(rows, "layer2.1", LIGHT)
    assert "x as it is" in second
    basic = learn_drawing.inside(summarize("resnet18").rows, "layer1.0", LIGHT)
    assert re.findall(r"Conv \d×\d", basic) == ["Conv 3×3", "Conv 3×3"]


def test_the_table_of_layers_sums_to_the_total() -> None:
    summary = summarize("resnet34", classes=7)
    table = learn_table.table_of(summary.rows)
    assert table["parameters"].sum() == summary.total
    assert table.iloc[-1]["output shape"] == "7"
