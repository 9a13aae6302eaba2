"""The page about the kinds of input that were tried says what the catalogue says."""

from collections import Counter

from tests.data.importing.kinds.catalogue import AREAS, CATALOGUE
from tests.data.importing.kinds.page import PAGE, page_of


def test_the_page_is_what_the_catalogue_writes() -> None:
    written = PAGE.read_text(encoding="utf-8")
    assert written == page_of(CATALOGUE), "run python scripts/write_import_kinds.py"


def test_each_kind_has_a_name_of_its_own_and_says_what_its_outcome_needs() -> None:
    assert [name for name, times in Counter(kind.id for kind in CATALOGUE).items() if times > 1] == []
    for kind in CATALOGUE:
        assert bool(kind.asks) == (kind.outcome == "question"), kind.id
        assert kind.says or kind.outcome in ("exact", "question"), kind.id


def test_every_area_is_in_the_catalogue() -> None:
    modules = {path.stem for path in (PAGE.parents[1] / "tests/data/importing/kinds/areas").glob("*.py")}
    assert {area.__name__.rpartition(".")[2] for area in AREAS} == modules - {"__init__"}
