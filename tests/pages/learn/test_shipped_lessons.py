"""Each lesson shows its figures at once, from the results that come with the program, with or without weights.

It fails if the arguments or the version of an experiment changed: then run `python scripts/compute_lessons.py`.
"""

from pathlib import Path

import pandas as pd
import pytest

from core.lessons.result_cache import cached_or_computed
from core.lessons.sample_birds import bird_snapshot
from core.models.weights_table import entries_for
from core.workspace import open_workspace
from pages.components.learn.lessons.lesson_transfer import experiment_parts
from tests.lessons.experiment_steps import run_to_end
from tests.pages.conftest import OpenPage, messages

COMPUTED = "Computed on "
CHARTS = {"skips": 3, "transfer": 3, "augmentation": 3, "preprocessing": 1}


@pytest.mark.parametrize("name", CHARTS)
def test_the_default_view_shows_its_figures_at_once(open_page: OpenPage, no_weights: None, name: str) -> None:
    app = open_page("Learn", lesson=name)
    assert not messages(app)
    assert len(app.get("plotly_chart")) >= CHARTS[name]
    captions = [caption.value for caption in app.caption]
    assert any(COMPUTED in caption for caption in captions), captions
    labels = [button.label for button in app.button if str(button.key).endswith("-compute")]
    assert set(labels) <= {"Compute it yourself"}
    assert app.radio, "the question can be answered"


def test_the_other_positions_of_the_controls_are_shipped_too(open_page: OpenPage, no_weights: None) -> None:
    app = open_page("Learn", lesson="skips")
    app.segmented_control(key="skips-starts").set_value("Three").run()
    assert len(app.get("plotly_chart")) == 3 and any("3 random seeds" in caption.value for caption in app.caption)
    app = open_page("Learn", lesson="augmentation")
    for weights in ("imagenet", "none"):
        app.segmented_control(key="augmentation-weights").set_value(weights)
        app.segmented_control(key="augmentation-runs").set_value("Two").run()
        assert len(app.get("plotly_chart")) == 3 and not messages(app)
        assert app.button(key=f"augmentation-{weights}-compute").label == "Compute it yourself", "all six are shipped"


def test_own_results_are_not_compared_with_shipped_ones_of_other_weights(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first of three networks was trained here, with ResNet-50: the shipped ResNet-18 must not stand beside it."""
    monkeypatch.setattr("pages.components.learn.lessons.lesson_transfer.available", lambda arch: entries_for(arch)[0])
    monkeypatch.setenv("RESNET_STUDIO_WEIGHTS", str(tmp_path))
    entry = entries_for("resnet18")[0]
    assert entry.source != "pypi", "not the weights of the shipped result"
    part = experiment_parts(bird_snapshot(50), entry, [18])[0]
    row = {
        "arm": "scratch", "size": 18, "photos": 85, "epoch": 1, "epochs": 1, "train_accuracy": 0.5, "val_accuracy": 0.5,
        "val_n": 4, "seconds": 1.0, "arch": "resnet50", "trained": 1, "parameters": 1, "answers": "rrww",
    }  # fmt: skip

    def computed():  # type: ignore[no-untyped-def]
        yield from ()
        return pd.DataFrame([row])

    run_to_end(cached_or_computed(open_workspace(), "transfer", part.arguments, computed))
    app = open_page("Learn", lesson="transfer")
    assert not messages(app)
    assert len(app.dataframe[0].value) == 1
    assert any("Not trained yet: frozen, fine-tuned." in text.value for text in app.markdown)
