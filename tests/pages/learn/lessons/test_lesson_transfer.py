"""The lesson on transfer learning: cached results are drawn, follow the controls, are asked about, downloaded."""

import json
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.data.snapshot import Snapshot
from core.data.store.store import Project
from core.inspection.measuring.comparison import compare_predictions
from core.lessons import transfer
from core.lessons.result_cache import ExperimentSteps, cached_or_computed
from core.lessons.sample_birds import bird_snapshot
from core.lessons.transfer import ArmComparison
from core.models.weights_table import WeightsEntry, entries_for
from core.training.events import Progress
from core.workspace import open_workspace
from pages.components.learn.lessons.lesson_transfer import comparison_sentence, experiment_parts, left_out
from pages.components.learn.lessons.transfer_charts import differences
from pages.components.shared.charts import LIGHT
from tests.lessons.test_transfer import snapshot_of
from tests.pages.conftest import OpenPage, messages

# Predictions for ten held-out photos; more training photos per class give better ones.
ANSWERS = {
    "scratch": {5: "wwwwwwwwwr", 10: "wwwwwwwwrr", 18: "wwwwwwwrrr"},
    "frozen": {5: "rrrrrwwwww", 10: "rrrrrrrwww", 18: "rrrrrrrrrw"},
    "fine-tuned": {5: "rrrrwwwwww", 10: "rrrrrrwwww", 18: "rrrrrrrrrr"},
}


@pytest.fixture
def entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WeightsEntry:
    """A file that the page takes for weights on disk."""
    monkeypatch.setenv("RESNET_STUDIO_WEIGHTS", str(tmp_path / "weights"))
    found = entries_for("resnet18")[0]
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / f"{found.key}.safetensors").write_bytes(b"none")
    preprocessing = {"mode": "crop", "size": 224, "resize": 256, "mean": [0.5] * 3, "std": [0.2] * 3}
    beside = {
        "arch": found.needs,
        "bytes": 4,
        "classes": ["owl"],
        "preprocessing": preprocessing | {"interpolation": "bilinear"},
        "origin": {},
        "download_sha256": found.sha256,
        "download_md5": found.md5,
    }
    (tmp_path / "weights" / f"{found.key}.json").write_text(json.dumps(beside), encoding="utf-8")
    return found


def keep(experiment: str, entry: WeightsEntry, sizes: list[int]) -> None:
    """Cache runs on the sample birds: two epochs, the first without a correct prediction."""
    for part in experiment_parts(bird_snapshot(50), entry, sizes):

        def computed(arm: str = str(part.arguments["arm"]), size: int = int(part.arguments["size"])) -> ExperimentSteps:
            yield Progress("training", 1, 1)
            answers = ANSWERS[arm][size]
            rows = [
                {
                    "arm": arm, "size": size, "photos": 5 * size, "epoch": epoch, "epochs": 2, "train_accuracy": 0.5,
                    "val_accuracy": answers.count("r") / 10 * (epoch - 1), "val_n": 10, "seconds": 3.5 * epoch,
                    "arch": "resnet18", "trained": 2565, "parameters": 11179077,
                    "answers": answers if epoch == 2 else "",
                }
                for epoch in (1, 2)
            ]  # fmt: skip
            return pd.DataFrame(rows)

        for _ in cached_or_computed(open_workspace(), experiment, part.arguments, computed):
            pass


def right_in(app: AppTest) -> list[str]:
    """The validation accuracies in the table, arm by arm."""
    return app.dataframe[0].value["validation accuracy"].tolist()


def test_without_weights_the_lesson_says_how_to_get_them(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESNET_STUDIO_WEIGHTS", str(tmp_path))
    app = open_page("Learn", lesson="transfer")
    assert not messages(app)
    assert any("python -m core weights --arch resnet18" in caption.value for caption in app.caption)
    assert not [button for button in app.button if button.key == "transfer-compute"]


def test_before_the_training_the_button_says_how_long_it_takes(open_page: OpenPage, entry: WeightsEntry) -> None:
    app = open_page("Learn", lesson="transfer")
    assert not messages(app)
    assert [button.label for button in app.button if button.key == "transfer-compute"] == ["Train 3 networks"]
    assert any("seconds on two idle cores" in caption.value for caption in app.caption)
    assert not app.get("plotly_chart")


def test_the_whole_lesson(open_page: OpenPage, entry: WeightsEntry) -> None:
    keep("transfer", entry, [18])
    app = open_page("Learn", lesson="transfer")
    assert not messages(app)
    curves, between = (chart.proto.spec for chart in app.get("plotly_chart"))
    assert right_in(app) == ["30% (3 of 10)", "90% (9 of 10)", "100% (10 of 10)"]
    assert not [control for control in app.segmented_control if control.key == "transfer-size"]

    app.segmented_control(key="transfer-against").set_value("seconds").run()
    assert "training seconds" in app.get("plotly_chart")[0].proto.spec != curves
    assert app.get("plotly_chart")[1].proto.spec == between

    right = sum(pair.clear for pair in transfer.compare_arms(_runs(18)))
    for place, choice in enumerate(app.radio(key="transfer-question").options):
        app.radio(key="transfer-question").set_value(choice).run()
        assert bool(app.success) == (place == right) != bool(app.warning)
    assert app.get("download_button")
    assert any("20 and 50 photos per class are left out" in caption.value for caption in app.caption)
    assert [button.label for button in app.button if button.key == "transfer-few-compute"] == ["Train 6 more"]


def test_with_fewer_photos_there_is_a_learning_curve_and_a_choice(open_page: OpenPage, entry: WeightsEntry) -> None:
    keep("transfer", entry, [18])
    keep("transfer-few", entry, [5, 10])
    app = open_page("Learn", lesson="transfer")
    assert not messages(app)
    before = [chart.proto.spec for chart in app.get("plotly_chart")]
    assert len(before) == 3 and "all (16 to 18)" in before[2]
    app.segmented_control(key="transfer-size").set_value(5).run()
    after = [chart.proto.spec for chart in app.get("plotly_chart")]
    assert after[0] != before[0] and after[1] != before[1] and after[2] == before[2]
    assert right_in(app) == ["10% (1 of 10)", "50% (5 of 10)", "40% (4 of 10)"]


def test_a_project_that_is_too_small_is_told_so(open_page: OpenPage, entry: WeightsEntry, birds: Project) -> None:
    app = open_page("Learn", lesson="transfer", project=str(birds.id))
    app.segmented_control(key="transfer-photos").set_value("project").run()
    assert not messages(app)
    assert "Birds cannot be used here" in app.info[0].value


@pytest.mark.parametrize(
    ("snapshot", "words"),
    [
        (snapshot_of({"cat": 17, "dog": 16}), ["20 and 50", "smallest class has 16", "Packed images (`.h5`, `.npz`)"]),
        (snapshot_of({"cat": 60, "dog": 60}), []),
        (snapshot_of({f"class {number}": 60 for number in range(20)}), ["50 photos", "more than 600"]),
    ],
)
def test_what_is_left_out_is_said_with_its_reason(snapshot: Snapshot, words: list[str]) -> None:
    told = left_out(snapshot, transfer.training_sizes(snapshot))
    assert bool(told) == bool(words) and all(word in told for word in words)


def test_the_test_in_words() -> None:
    pair = ArmComparison("scratch", "frozen", compare_predictions("val", [False] * 20, [True] * 18 + [False] * 2))
    assert comparison_sentence(pair) == (
        "**Frozen minus from scratch**: +90 percentage points (95% interval +61 to +100). Only frozen is "
        "correct on 18 photos, only from scratch on 0: unlikely to be chance (p < 0.001)."
    )


def test_a_loss_has_a_minus_sign_and_no_hyphen() -> None:
    pair = ArmComparison("frozen", "fine-tuned", compare_predictions("val", [True] * 20, [True] * 10 + [False] * 10))
    assert "\N{MINUS SIGN}50 percentage points" in comparison_sentence(pair) and " -" not in comparison_sentence(pair)


def test_a_difference_that_is_clear_of_zero_is_colored() -> None:
    clear = ArmComparison("scratch", "frozen", compare_predictions("val", [False] * 20, [True] * 20))
    unclear = ArmComparison("frozen", "fine-tuned", compare_predictions("val", [True] * 20, [True] * 19 + [False]))
    (dots,) = differences([clear, unclear], LIGHT).data
    assert dots.marker.color == (LIGHT.accent, LIGHT.quiet)
    assert list(dots.x) == pytest.approx([100, -5])
    assert dots.error_x.array[0] == pytest.approx(100 * clear.compared.high - 100)


def _runs(size: int) -> pd.DataFrame:
    rows = [{"arm": arm, "size": size, "epoch": 2, "epochs": 2, "answers": ANSWERS[arm][size]} for arm in ANSWERS]
    return pd.DataFrame(rows)
