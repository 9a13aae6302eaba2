"""Over the epochs: the frames of the player, the curves, and a run that kept nothing."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.runs.computations.epochs import EpochAnswer, Replayed
from core.runs.folder import RunFolder
from core.training.saving.kept_epochs import FOLDER
from pages.components.explain.over_epochs.epochs_view import NOTHING_KEPT, frame_labels, probability_curves
from pages.components.shared.charts import LIGHT
from tests.pages.conftest import messages, read
from tests.pages.trained import COLORS, finished_run, picture


@pytest.fixture
def run(home: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return finished_run(tmp_path_factory)


def page(run_id: str, path: str) -> None:
    from PIL import Image

    from core.runs.folder import workspace_run
    from pages.components.explain.over_epochs import epochs_view
    from pages.components.explain.photo_source import ChosenPhoto
    from pages.components.shared import frame
    from pages.components.shared.errors import plain_errors

    with plain_errors():
        photo = ChosenPhoto(Image.open(path).convert("RGB"), "red.png", "red")
        epochs_view.show(workspace_run(run_id, frame.workspace()), photo)


def opened(run: RunFolder, tmp_path: Path) -> AppTest:
    picture(COLORS["red"], 1).save(tmp_path / "red.png")
    return AppTest.from_function(page, args=(run.id, str(tmp_path / "red.png")), default_timeout=180).run()


def texts(app: AppTest) -> str:
    return read("\n".join(one.value for one in (*app.markdown, *app.caption, *app.info)))


def test_the_kept_epochs_are_played(run: RunFolder, tmp_path: Path, computed_here: list[str]) -> None:
    app = opened(run, tmp_path)
    assert not messages(app)
    assert computed_here == ["replay-epochs"]
    assert "Evidence for" in texts(app)
    assert len(app.get("plotly_chart")) == 1


def test_a_run_that_kept_nothing_says_so(run: RunFolder, tmp_path: Path, computed_here: list[str]) -> None:
    shutil.rmtree(run.path / FOLDER)
    app = opened(run, tmp_path)
    assert not messages(app) and not computed_here
    assert app.info[0].value == NOTHING_KEPT


def test_a_damaged_epoch_is_a_sentence(run: RunFolder, tmp_path: Path, computed_here: list[str]) -> None:
    path = run.path / FOLDER / "001.safetensors"
    path.unlink()  # the test's copy is a link
    path.write_bytes(b"nothing")
    app = opened(run, tmp_path)
    assert len(messages(app)) == 1 and "001.safetensors is damaged" in messages(app)[0]


def answer(epoch: int | None, share: float, kind: str = "epoch", phase: int | None = None) -> EpochAnswer:
    heat = np.zeros((4, 4), np.uint8)
    return EpochAnswer(epoch, kind, phase, "owl", share, (share, 1 - share), 0.5, heat)


def test_frames_are_named_after_their_epoch_and_phase() -> None:
    plain = (answer(1, 0.5), answer(4, 0.6), answer(None, 0.9))
    assert frame_labels(plain) == ["Epoch 1", "Epoch 4", "Finished model"]
    solved = (answer(1, 0.5, "iteration", 1), answer(30, 0.8, "iteration", 1), answer(None, 0.9))
    assert frame_labels(solved) == ["Iteration 1", "Iteration 30", "Finished model"]
    both = (answer(30, 0.8, "iteration", 1), answer(1, 0.8, "epoch", 2), answer(None, 0.9))
    assert frame_labels(both) == ["Phase 1, iteration 30", "Phase 2, epoch 1", "Finished model"]


def test_the_curves_have_a_line_for_each_class() -> None:
    answers = (answer(1, 0.5), answer(2, 0.75), answer(None, 0.9))
    figure = probability_curves(
        frame_labels(answers), ["<owl>", "duck"], Replayed(("owl", "duck"), "owl", answers), LIGHT
    )
    assert [list(line.y) for line in figure.data] == [[0.5, 0.75, 0.9], [0.5, 0.25, pytest.approx(0.1)]]
    assert "<owl>" not in figure.data[0].name
