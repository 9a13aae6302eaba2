"""What a class is made of: the choice of photos, the parts with their crops, and what is missing."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.data.store.store import Store
from core.inspection.concepts.concepts import Concept, Concepts
from core.runs.folder import RunFolder
from pages.components.explain.concepts.concept_view import parts_chart
from pages.components.shared.charts import LIGHT
from tests.pages.conftest import messages, read
from tests.pages.trained import EACH, finished_run


@pytest.fixture
def run(home: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return finished_run(tmp_path_factory)


def page(reference: str) -> None:
    from pages.components.explain import loaded_model
    from pages.components.explain.concepts import concept_view
    from pages.components.shared.errors import plain_errors

    with plain_errors():
        predictor = loaded_model.predictor_for(reference)
        assert predictor is not None
        concept_view.show(predictor, None, reference)


def opened(reference: str) -> AppTest:
    return AppTest.from_function(page, args=(reference,), default_timeout=180).run()


def texts(app: AppTest) -> str:
    return read("\n".join(one.value for one in (*app.markdown, *app.caption, *app.info)))


def test_a_class_of_a_run_is_taken_apart(run: RunFolder, computed_here: list[str]) -> None:
    app = opened(run.id)
    assert not messages(app) and not computed_here
    classes = app.selectbox(key=f"concepts-class-{run.id}")
    tests = run.snapshot().counts().loc["green", "test"]
    assert any(option == f"green ({EACH - tests} photos)" for option in classes.options), "without the test photos"
    classes.set_value("green").run()
    app.slider(key="concepts-count").set_value(3).run()
    app.button(key="concepts-go").click().run()
    assert not messages(app)
    assert computed_here == ["take-apart"]
    assert "Mean score of green minus the bias" in texts(app)
    assert all(f"Part {number}" in texts(app) for number in (1, 2, 3)) and "Part 4" not in texts(app)
    assert len(app.get("plotly_chart")) == 1


def test_the_photos_are_those_of_the_snapshot_and_never_the_test_photos(
    run: RunFolder, store: Store, computed_here: list[str]
) -> None:
    from pages.components.explain.concepts.class_photos import photos_by_class

    snapshot = run.snapshot()
    tests = set(snapshot.part("test")["image"])
    assert tests
    found = photos_by_class(None, run.id)
    assert [one.label for one in found] == list(snapshot.classes)
    hashes = {content for one in found for content, _, _ in one.photos}
    assert not hashes & tests and len(hashes) == len(snapshot.frame) - len(tests)


def concepts(adds: tuple[float, ...], remainder: float) -> Concepts:
    parts = tuple(Concept((), one, None) for one in adds)
    return Concepts("<owl>", parts, remainder, sum(adds) + remainder + 0.5, 0.5, 0.9, 12, (), False)


def test_the_chart_shows_every_part_and_the_rest() -> None:
    figure = parts_chart(concepts((2.0, 0.5, -0.25), -0.1), LIGHT)
    assert list(figure.data[0].x) == [2.0, 0.5, -0.25, -0.1]
    assert list(figure.layout.yaxis.ticktext) == ["Part 1", "Part 2", "Part 3", "Rest"]
    assert "<owl>" not in figure.layout.title.text
    low, high = figure.layout.xaxis.range
    assert low < -0.25 and high > 2.0


def test_the_sum_is_written_with_its_signs() -> None:
    assert concepts((2.0, -0.25), -0.1).sentence == (
        "Mean score of <owl> minus the bias: 1.65 = 2.00 − 0.25 (the parts) − 0.10 (what the parts leave out)."
    )
