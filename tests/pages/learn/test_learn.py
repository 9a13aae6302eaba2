"""The Learn page: lessons have addresses; drawings and tables are built from the layers of the network."""

import base64
import re
from functools import cache

import pytest

from core.models.summary import Summary, stages_of, summarize
from pages.components.learn import block_parts, layer_table, network_drawing
from pages.components.shared.charts import DARK, LIGHT
from tests.pages.conftest import OpenPage, messages


def pictures(html: str) -> list[str]:
    """The SVG sources in a drawing."""
    return [base64.b64decode(data).decode() for data in re.findall(r"svg\+xml;base64,([A-Za-z0-9+/=]+)", html)]


@cache
def summary_of(arch: str) -> Summary:
    return summarize(arch)


def network(arch: str) -> str:
    return network_drawing.draw_network(summary_of(arch), stages_of(arch), LIGHT)


def blocks_of(arch: str) -> dict[str, block_parts.BlockParts]:
    return block_parts.split_blocks(summary_of(arch).rows)


def test_the_page_opens_with_the_first_lesson(open_page: OpenPage) -> None:
    app = open_page("Learn")
    assert not messages(app)
    assert app.header[0].value == "Inside the network"


def test_a_lesson_has_an_address_and_an_unknown_one_is_the_first(open_page: OpenPage) -> None:
    assert open_page("Learn", lesson="layers").header[0].value == "Layers step by step"
    assert open_page("Learn", lesson="no-such").header[0].value == "Inside the network"


@pytest.mark.parametrize(
    ("arch", "kinds"),
    [
        ("resnet18", ["identity", "identity", *["projection", "identity"] * 3]),
        ("resnet50", ["projection", *["identity"] * 2, "projection", *["identity"] * 3]),
        ("keras-resnet50v2", ["projection", "identity", "pooled", "projection", *["identity"] * 2, "pooled"]),
        ("resnet18+plain", ["none"] * 8),
    ],
)
def test_skips_are_read_from_the_layers(arch: str, kinds: list[str]) -> None:
    blocks = blocks_of(arch)
    assert [parts.kind for parts in blocks.values()][: len(kinds)] == kinds
    assert list(blocks)[:2] == ["layer1.0", "layer1.1"]


@pytest.mark.parametrize(
    "arch",
    ["resnet18", "seresnet50", "resnext50-32x4d", "keras-resnet50v2", "keras-resnet50v2+plain", "resnet18+plain"],
)
def test_the_parts_of_a_block_are_all_its_layers(arch: str) -> None:
    rows = summary_of(arch).rows
    for name, parts in blocks_of(arch).items():
        own = {row.name for row in rows if row.name.startswith(f"{name}.")}
        assert {row.name for row in parts.rows} == own
        assert parts.last.output_shape == [row for row in rows if row.name in own][-1].output_shape


def test_the_drawing_has_an_arc_for_every_block() -> None:
    html = network("resnet50")
    assert sum(picture.count("fill='none'") for picture in pictures(html)) == 16
    assert sum(picture.count("stroke-dasharray") for picture in pictures(html)) == 4
    for stage in stages_of("resnet50"):
        assert f"<b>{stage.name}</b>" in html
        assert f"{stage.parameters:,} parameters" in html
    assert network_drawing.draw_network(summary_of("resnet50"), stages_of("resnet50"), DARK) != html
    assert not sum(picture.count("fill='none'") for picture in pictures(network("resnet50+plain")))


@pytest.mark.parametrize(
    ("arch", "said"),
    [
        ("resnet18", "a 7 × 7 convolution and a 3 × 3 max pooling, 1/4 of the height and width"),
        ("resnet18+small-stem", "a 3 × 3 convolution, full resolution"),
        ("resnet18", "2 basic blocks ·"),
        ("keras-resnet50v2", "3 pre-activation blocks, then BatchNorm and ReLU"),
        ("keras-resnet50v2", "a 7 × 7 convolution and a 3 × 3 max pooling, 1/4 of the height and width"),
        ("seresnet50", "6 bottleneck blocks with squeeze-and-excitation"),
        ("resnext50-32x4d", "4 bottleneck blocks in 32 groups"),
        ("resnet50+plain", "3 bottleneck blocks without skip connections"),
    ],
)
def test_the_drawing_says_what_the_layers_are(arch: str, said: str) -> None:
    assert said in network(arch)


def test_the_legend_has_the_arcs_that_occur() -> None:
    assert re.findall(r"identity|projection|pooling", network_drawing.legend(["identity"], LIGHT)) == ["identity"]
    every = network_drawing.legend(["identity", "projection", "pooled"], LIGHT)
    assert re.findall(r"identity|projection|pooling", every) == ["identity", "projection", "pooling"]


def test_a_block_is_drawn_with_its_real_kernels_and_shapes() -> None:
    blocks = blocks_of("resnet50")
    first = block_parts.draw_block(blocks["layer2.0"], LIGHT)
    assert re.findall(r"Conv \d×\d", first) == ["Conv 1×1", "Conv 1×1", "Conv 3×3", "Conv 1×1"]
    assert "projection: Conv 1×1, BatchNorm" in first
    assert "512×28×28" in first
    assert "x, unchanged" in block_parts.draw_block(blocks["layer2.1"], LIGHT)
    basic = block_parts.draw_block(blocks_of("resnet18")["layer1.0"], LIGHT)
    assert re.findall(r"Conv \d×\d", basic) == ["Conv 3×3", "Conv 3×3"]
    grouped = block_parts.draw_block(blocks_of("resnext50-32x4d")["layer1.0"], LIGHT)
    assert "Conv 3×3 ÷32" in grouped
    squeezed = block_parts.draw_block(blocks_of("seresnet50")["layer1.1"], LIGHT)
    assert "Squeeze" in squeezed
    plain = block_parts.draw_block(blocks_of("resnet18+plain")["layer1.0"], LIGHT)
    assert "x, unchanged" not in plain and ">+<" not in plain
    assert ">+<" in basic


BASIC = r"F(x) = \mathrm{BN}(W_2\,\sigma(\mathrm{BN}(W_1\,x)))"
PREACTIVATED = r"F(x) = W_3\,\sigma(\mathrm{BN}(W_2\,\sigma(\mathrm{BN}(W_1\,\sigma(\mathrm{BN}(x))))))"


@pytest.mark.parametrize(
    ("arch", "block", "sums", "branch"),
    [
        ("resnet18", "layer1.0", r"y = \sigma(F(x) + x)", BASIC),
        ("resnet18", "layer2.0", r"y = \sigma(F(x) + \mathrm{BN}(W_s\,x))", BASIC),
        ("resnet18+plain", "layer2.0", r"y = \sigma(F(x))", BASIC),
        ("keras-resnet50v2", "layer1.1", "y = F(x) + x", PREACTIVATED),
        ("keras-resnet50v2", "layer1.2", "y = F(x) + P(x)", PREACTIVATED),
        ("keras-resnet50v2", "layer1.0", r"y = F(x) + W_s\,\sigma(\mathrm{BN}(x))", PREACTIVATED),
        ("keras-resnet50v2+plain", "layer1.0", "y = F(x)", PREACTIVATED),
        ("seresnet50", "layer1.1", r"y = \sigma(F(x) + x)", r"F(x) = s \cdot B(x)"),
    ],
)
def test_the_equation_is_the_blocks_own(arch: str, block: str, sums: str, branch: str) -> None:
    first, rest = block_parts.equation(blocks_of(arch)[block])
    assert first == sums
    assert rest[0] == branch


def test_the_table_of_layers_sums_to_the_totals() -> None:
    summary = summarize("resnet34", classes=7)
    table = layer_table.table_of(summary.rows)
    assert table["parameters"].sum() == summary.total
    assert table["multiply-adds"].sum() == summary.multiply_adds
    assert table["memory in kB"].sum() == pytest.approx(summary.memory / 1000, rel=1e-4)
    assert table.iloc[-1]["output shape"] == "7"
    assert table.iloc[0]["receptive field"] == 7
