"""The early model of a solved head: what it has seen, when it comes, and that the final head is the same with it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data.pictures.decoding import decode
from core.data.pictures.transforms import Preprocessing
from core.data.snapshot import Snapshot
from core.features import frozen_pass
from core.features.engines import choice
from core.features.engines.engine import PreparedEngine
from core.features.frozen_pass import ViewOutputs
from core.features.views import ORIGINAL
from core.inspection.predicting.predictor import Predictor
from core.models.bundle import WEIGHTS_FILE, read_info
from core.processors import cpu_has_bfloat16
from core.training.early import early_head, early_photos
from core.training.early.early_head import EARLY_PHASE
from core.training.early.seen_photos import SeenPhotos, seen_photos
from core.training.events import EarlyModel, Event, Progress, SolverIteration
from core.training.kept import maps_in_advance
from core.training.linear.head_run import SolvedHead, solve_head
from core.training.linear.kept_vectors import PREPARING
from core.training.recipe import Recipe
from core.workspace import open_workspace
from tests.inspection.conftest import write_bundle
from tests.training.conftest import two_colors


@pytest.fixture
def pretrained(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "pretrained", "tiny", Preprocessing(size=64, resize=73))


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    return two_colors(tmp_path / "photos", train=12, val=4, test=1)


class Solving:
    """A head that is solved in a workspace of its own; ``early`` holds what was on the disk at the early model."""

    def __init__(
        self,
        place: Path,
        snapshot: Snapshot,
        pretrained: Path,
        early: bool = True,
        maps_of: str | None = None,
        **changes: Any,
    ) -> None:
        values = {"arch": "tiny", "weights": str(pretrained), "train": "head", "size": 64, "precision": "fp32"}
        recipe = Recipe.checked(**{**values, "views": 2, **changes})
        self.folder = place / "run"
        self.folder.mkdir(parents=True)
        workspace = open_workspace(place / "workspace")
        self.log: list[str] = []
        self.events: list[Event] = []
        log = self.log.append
        steps = solve_head(snapshot, recipe, self.folder, workspace, log=log, maps_of=maps_of, early=early)
        self.found = self._run(steps)

    def _run(self, steps: Any) -> SolvedHead:
        while True:
            try:
                event = next(steps)
            except StopIteration as end:
                found: SolvedHead = end.value
                return found
            self.events.append(event)
            if isinstance(event, EarlyModel):
                self.early = event
                self.info = read_info(self.folder / "best")
                self.seen = seen_photos(self.folder / "best")
                self.predictor = Predictor.load(self.folder / "best", "cpu")
                assert not (self.folder / "last").exists(), "nothing is resumed from it"

    @property
    def weights(self) -> bytes:
        return (self.folder / "best" / WEIGHTS_FILE).read_bytes()

    def places(self, kind: type, phase: str = "") -> list[int]:
        return [
            place
            for place, one in enumerate(self.events)
            if isinstance(one, kind) and (not isinstance(one, Progress) or one.phase == phase)
        ]


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The photos and views that networks compute, in order."""
    found: list[tuple[str, str]] = []
    real = frozen_pass.outputs_of

    def outputs_of(*arguments: Any) -> Iterator[ViewOutputs]:
        for one in real(*arguments):
            found.append((one.source.hash, one.view))
            yield one

    monkeypatch.setattr(frozen_pass, "outputs_of", outputs_of)
    return found


@pytest.mark.usefixtures("always_early")
def test_a_model_from_some_photos_comes_first_and_the_final_head_is_the_same(
    snapshot: Snapshot, pretrained: Path, tmp_path: Path, computed: list[tuple[str, str]]
) -> None:
    """Without it, the first model came after the whole pass over all photos and views."""
    with_it = Solving(tmp_path / "with", snapshot, pretrained)
    views = computed[:]
    assert len(views) == len(set(views)) == 2 * 24 + 8, "nothing is computed twice"
    (place,) = with_it.places(EarlyModel)
    assert with_it.places(Progress, EARLY_PHASE)[-1] < place < with_it.places(Progress, "computing features")[0]
    early = with_it.early
    taken = early.photos + early.val_n
    assert all(view == ORIGINAL for _, view in views[:taken]) and taken <= 0.4 * len(views)
    assert (early.of, early.val_n, len(early.logits)) == (24, len(early.rows), early.val_n) and early.photos < 24
    part = snapshot.part("val").iloc[early.rows]
    right = [snapshot.classes[at] for at in early.logits.argmax(axis=1)] == part["label"]
    assert early.correct == right.sum()

    computed.clear()
    without = Solving(tmp_path / "without", snapshot, pretrained, early=False)
    assert len(computed) == len(views) and not without.places(EarlyModel)
    assert with_it.weights == without.weights
    assert np.array_equal(with_it.found.logits, without.found.logits)
    assert seen_photos(with_it.folder / "best") is None
    lines = [one for one in with_it.events if isinstance(one, SolverIteration)]
    assert [one.train_loss for one in lines] == [
        one.train_loss for one in without.events if isinstance(one, SolverIteration)
    ]


@pytest.mark.usefixtures("always_early")
def test_its_bundle_says_what_it_has_seen_and_predicts_what_was_evaluated(
    snapshot: Snapshot, pretrained: Path, tmp_path: Path
) -> None:
    run = Solving(tmp_path / "one", snapshot, pretrained)
    early = run.early
    assert run.seen == SeenPhotos(early.photos, 24, 8)
    assert run.info.metrics["val_n"] == early.val_n
    assert run.info.metrics["val_accuracy"] == early.correct / early.val_n
    assert f"A first model, from {early.photos} of 24 training photos, is ready to try" in early.sentence
    part = snapshot.part("val").iloc[early.rows]
    logits = run.predictor.logits(
        decode(Path(path), name).image for path, name in zip(part["path"], part["filename"], strict=True)
    )
    np.testing.assert_allclose(logits, early.logits, rtol=0, atol=2e-4 * np.abs(logits).max())


@pytest.mark.usefixtures("always_early")
@pytest.mark.parametrize("head_features", ["stages", "last"])
def test_a_head_on_several_stages_is_the_same_with_it(
    snapshot: Snapshot, pretrained: Path, tmp_path: Path, head_features: str
) -> None:
    """The early model takes the last stage alone; the vectors of the others are kept in the same pass."""
    one, other = (
        Solving(tmp_path / name, snapshot, pretrained, early=early, head_features=head_features)
        for name, early in (("with", True), ("without", False))
    )
    assert one.info.arch == "tiny" and one.weights == other.weights
    assert read_info(one.folder / "best").arch == read_info(other.folder / "best").arch


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The engines that are made, and when they are measured: bf16 is the fastest, wherever the test runs.

    On a processor without bf16, an engine of that name computes in fp32.
    """
    found: list[str] = []
    real = choice.made

    def made(engine: str, *arguments: Any) -> PreparedEngine:
        found.append(engine)
        if engine != "torch/bf16" or cpu_has_bfloat16():
            return real(engine, *arguments)
        replacement = real("torch/fp32", *arguments)
        monkeypatch.setattr(replacement, "name", "bf16")
        return replacement

    def speeds(*_: object) -> dict[str, float]:
        found.append("measured")
        return {"torch/bf16": 40.0, "torch/fp32": 10.0, "onnxruntime/fp32": 20.0}

    monkeypatch.setattr(choice, "made", made)
    monkeypatch.setattr(choice, "_speeds", speeds)
    monkeypatch.setattr(choice, "FEW_VIEWS", 10)
    return found


@pytest.mark.usefixtures("always_early")
@pytest.mark.parametrize("usual", ["torch/bf16", "onnxruntime/fp32"])
def test_it_comes_before_the_engines_are_measured(
    snapshot: Snapshot,
    pretrained: Path,
    tmp_path: Path,
    engines: list[str],
    computed: list[tuple[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    usual: str,
) -> None:
    """Measuring took longer than everything else before it. Only another engine computes its photos again."""
    monkeypatch.setattr(choice, "usual_engine", lambda *_, **__: usual)
    monkeypatch.setattr(early_head, "save_best", noted(engines, early_head.save_best, "early model"))
    with_it = Solving(tmp_path / "with", snapshot, pretrained, precision="auto")
    chosen = [] if usual == "torch/bf16" else ["torch/bf16"]
    assert engines == [usual, "early model", "measured", *chosen]
    assert with_it.early.engine == usual.partition("/")[2] and with_it.found.engine == "bf16"
    taken = with_it.early.photos + with_it.early.val_n
    assert len(set(computed)) == 2 * 24 + 8
    assert len(computed) == len(set(computed)) + (taken if chosen else 0)

    engines.clear()
    without = Solving(tmp_path / "without", snapshot, pretrained, early=False, precision="auto")
    assert engines == ["measured", "torch/bf16"] and without.found.engine == "bf16"
    assert with_it.weights == without.weights


@pytest.mark.usefixtures("always_early", "engines")
@pytest.mark.parametrize("usual", ["torch/bf16", "onnxruntime/fp32"])
def test_maps_are_kept_with_the_engine_that_is_chosen(
    snapshot: Snapshot, pretrained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, usual: str
) -> None:
    """The training that follows computes in bf16. Where the early model has begun with it, its maps are kept too."""
    monkeypatch.setattr(choice, "usual_engine", lambda *_, **__: usual)
    monkeypatch.setattr(maps_in_advance, "expected_precision", lambda recipe: "bf16")
    run = Solving(tmp_path / "one", snapshot, pretrained, precision="auto", maps_of="layer3")
    assert run.places(EarlyModel) and run.found.share_with_maps == 1
    chunks = [np.load(path) for path in (tmp_path / "one" / "workspace" / "cache" / "maps").rglob("*.npy")]
    assert sum(chunk["maps"].shape[1] for chunk in chunks) == 2 * 24 + 8, "each view once"


@pytest.mark.usefixtures("always_early")
def test_no_engine_is_chosen_twice(
    snapshot: Snapshot, pretrained: Path, tmp_path: Path, engines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not where no early model could be made, although the run wants one."""
    monkeypatch.setattr(early_photos, "LEAST_OF_A_CLASS", 20)
    run = Solving(tmp_path / "one", snapshot, pretrained, precision="auto")
    assert not run.places(EarlyModel) and engines == ["measured", "torch/bf16"]
    assert len(run.places(Progress, PREPARING)) == 1


def noted(found: list[str], do: Callable[..., None], name: str) -> Callable[..., None]:
    def call(*arguments: Any) -> None:
        do(*arguments)
        found.append(name)

    return call


def test_a_short_pass_has_no_early_model(
    snapshot: Snapshot, pretrained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Solving(tmp_path / "one", snapshot, pretrained)
    assert not run.places(EarlyModel) and not run.places(Progress, EARLY_PHASE)
    monkeypatch.setattr(early_photos, "LEAST_VIEWS", 10)
    monkeypatch.setattr(early_head, "remembered_speed", lambda *_, exact: 1e6)
    fast = Solving(tmp_path / "fast", snapshot, pretrained)
    assert not fast.places(EarlyModel), "the engine was measured before"
