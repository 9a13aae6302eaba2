"""The table of layers is readable in a terminal of any width; no word is broken."""

import io

import pytest
from rich.console import Console

from core.cli.summary.summary_table import show_summary
from core.models.summary import summarize


def printed(arch: str, width: int) -> list[str]:
    """Return the table's lines in a terminal of this width."""
    screen = io.StringIO()
    show_summary(summarize(arch), Console(file=screen, width=width))
    return [line.rstrip() for line in screen.getvalue().splitlines()]


@pytest.mark.parametrize("arch", ["resnet18", "keras-resnet50", "seresnet152"])
def test_in_eighty_columns_each_layer_is_whole(arch: str) -> None:
    lines = printed(arch, 80)
    rows = summarize(arch).rows
    assert lines[1].split() == ["layer", "type", "output", "params", "connected", "to"]
    begins = {line.split()[0]: line.split() for line in lines[2:] if not line.startswith(" ")}
    assert list(begins) == [row.name for row in rows], "a line for each layer, its name in one piece"
    text = " ".join(" ".join(lines).split())
    for row in rows:
        assert begins[row.name][1] == row.type.removeprefix("Adaptive")
        assert begins[row.name][2] == "x".join(map(str, row.output_shape))
        assert all(f" {source}" in text for source in row.connected_to)
    assert max(map(len, lines)) <= 80


def test_a_wide_terminal_has_all_columns() -> None:
    header = printed("resnet18", 150)[1].split()
    assert {"mult-adds", "field", "memory"} <= set(header)


def test_a_narrow_terminal_says_where_the_rest_is(capsys: pytest.CaptureFixture[str]) -> None:
    printed("resnet18", 80)
    assert "A wider terminal, or --json, shows multiply-adds" in capsys.readouterr().out
