"""One pass of a frozen network: every view of every photo once, kept as it comes, unreadable photos reported."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from core.data.pictures.resized_cache import ResizedCache
from core.data.pictures.source import Source
from core.data.pictures.transforms import Preprocessing
from core.errors import ImageRefused
from core.features.engines.engine import BATCH, POOLED, Engine
from core.features.frozen_pass import Refused, compute, outputs_of
from core.features.vectors import SAVE_EVERY, Vectors
from core.features.views import MIRRORED, ORIGINAL, view_names, view_pixels
from core.inspection.predicting.features import features_of
from core.inspection.predicting.predictor import Predictor
from core.progress import Progress
from core.workspace import Workspace, open_workspace
from tests.inspection.conftest import SMALL, photo, predictor

__all__ = ["predictor"]


class MeanEngine:
    """The mean colour of each half of a view: a mirrored view has the halves exchanged."""

    name = "fp32"

    def __init__(self) -> None:
        self.batches: list[int] = []

    def run(self, pixels: np.ndarray, outputs: Sequence[str] = (POOLED,)) -> dict[str, np.ndarray]:
        assert pixels.dtype == np.uint8 and pixels.shape[1:] == (64, 64, 3)
        self.batches.append(len(pixels))
        left, right = pixels[:, :, :32].mean((1, 2)), pixels[:, :, 32:].mean((1, 2))
        return {name: np.concatenate([left, right], 1).astype(np.float32) for name in outputs}


class NetworkEngine:
    """A predictor's network as it is."""

    name = "fp32"

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor

    def run(self, pixels: np.ndarray, outputs: Sequence[str] = (POOLED,)) -> dict[str, np.ndarray]:
        network = self.predictor.network
        batch = self.predictor.batch_of_views([Image.fromarray(one) for one in pixels])
        with torch.inference_mode():
            return {POOLED: network.avgpool(network.forward_features(batch)).flatten(1).numpy()}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "workspace")


@pytest.fixture
def cache(tmp_path: Path) -> ResizedCache:
    return ResizedCache(tmp_path / "resized", SMALL)


def pictures(folder: Path, count: int) -> list[Source]:
    folder.mkdir()
    found = []
    for number in range(count):
        photo(number).save(folder / f"{number}.png")
        found.append(Source(f"{number:064x}", folder / f"{number}.png", f"photo {number}"))
    return found


def computed(
    vectors: Vectors,
    wanted: Sequence[Source],
    cache: ResizedCache,
    engine: Engine | Callable[[], Engine],
    refused: Callable[[Refused], None] | None = None,
) -> Iterator[Progress]:
    return compute({ORIGINAL: vectors}, wanted, cache, engine, refused)


def test_what_is_missing_is_computed_and_kept_as_it_comes(
    workspace: Workspace, cache: ResizedCache, predictor: Predictor, tmp_path: Path
) -> None:
    wanted = pictures(tmp_path / "photos", SAVE_EVERY + 3)
    vectors = Vectors(workspace, "net")
    told = list(computed(vectors, wanted, cache, NetworkEngine(predictor)))
    total = len(wanted)
    assert [(one.done, one.total) for one in told] == [(0, total), (SAVE_EVERY, total), (total, total)]
    found, values = vectors.known([one.hash for one in wanted])
    assert found == [one.hash for one in wanted]
    exact = features_of(predictor, (photo(n) for n in range(total)))
    np.testing.assert_allclose(values, exact, rtol=1e-4, atol=1e-5)


def test_nothing_is_loaded_where_nothing_is_missing(workspace: Workspace, cache: ResizedCache, tmp_path: Path) -> None:
    wanted = [Source(f"{1:064x}", tmp_path / "gone.png", "gone")]
    vectors = Vectors(workspace, "net")
    vectors.add([wanted[0].hash], np.ones((1, 6), np.float32))

    def never() -> Engine:
        raise AssertionError("the network was loaded")

    assert list(computed(vectors, wanted, cache, never)) == [Progress("computing features", 1, 1)]


def test_an_interruption_keeps_what_was_computed_and_the_next_goes_on(
    workspace: Workspace, cache: ResizedCache, tmp_path: Path
) -> None:
    wanted = pictures(tmp_path / "photos", SAVE_EVERY + 3)
    vectors = Vectors(workspace, "net")
    work = computed(vectors, wanted, cache, MeanEngine())
    assert [next(work).done, next(work).done] == [0, SAVE_EVERY]
    work.close()  # type: ignore[attr-defined]
    engine = MeanEngine()
    assert [one.done for one in computed(vectors, wanted, cache, engine)] == [SAVE_EVERY, SAVE_EVERY + 3]
    assert engine.batches == [3]


def test_a_picture_that_cannot_be_read_is_reported_and_the_others_go_on(
    workspace: Workspace, cache: ResizedCache, tmp_path: Path
) -> None:
    wanted = pictures(tmp_path / "photos", 3)
    wanted[1].path.unlink()
    vectors, refused = Vectors(workspace, "net"), list[Refused]()
    assert list(computed(vectors, wanted, cache, MeanEngine(), refused.append))[-1].done == 2
    assert [one.name for one in refused] == ["photo 1"] and "missing" in refused[0].reason
    assert vectors.missing([one.hash for one in wanted]) == [wanted[1].hash]
    with pytest.raises(ImageRefused, match="photo 1"):
        list(outputs_of(cache, [(one, [ORIGINAL]) for one in wanted], MeanEngine()))


def test_each_view_is_computed_once_in_full_batches(workspace: Workspace, cache: ResizedCache, tmp_path: Path) -> None:
    wanted = pictures(tmp_path / "photos", 12)
    names = view_names(4, "light")
    vectors = {name: Vectors(workspace, f"net/{name}") for name in names}
    vectors[MIRRORED].add([wanted[0].hash], np.zeros((1, 6), np.float32))  # known already: it is not computed again
    engine = MeanEngine()
    assert [one.done for one in compute(vectors, wanted, cache, engine)] == [0, 12]
    assert sum(engine.batches) == 12 * 4 - 1 and engine.batches[:-1] == [BATCH] * (len(engine.batches) - 1)
    hashes = [one.hash for one in wanted]
    original, mirrored = (vectors[name].known(hashes)[1] for name in (ORIGINAL, MIRRORED))
    np.testing.assert_array_equal(mirrored[0], 0)
    np.testing.assert_array_equal(mirrored[1:], original[1:, [3, 4, 5, 0, 1, 2]])


def test_crops_depend_on_the_photo_and_their_name_alone(tmp_path: Path) -> None:
    one, other = pictures(tmp_path / "photos", 2)
    assert view_names(1, "light") == (ORIGINAL,) and view_names(5, "none") == (ORIGINAL,)
    assert view_names(4, "standard") == (ORIGINAL, MIRRORED, "standard-1", "standard-2")
    stored, anew = ResizedCache(tmp_path / "resized", SMALL), ResizedCache(None, SMALL)
    again = Source(one.hash, one.path, "another name")
    first = view_pixels(stored, one, "standard-1")
    np.testing.assert_array_equal(first, view_pixels(anew, again, "standard-1"))
    assert (first != view_pixels(anew, one, "standard-2")).any()
    assert (first != view_pixels(anew, Source(other.hash, one.path, "x"), "standard-1")).any()
    assert first.shape == (64, 64, 3) and first.flags.c_contiguous


def test_vectors_of_other_preprocessing_have_another_folder() -> None:
    from core.features.frozen_network import FrozenNetwork, _in_order

    def named(preprocessing: Preprocessing) -> str:
        return FrozenNetwork("resnet50", "w", _in_order(preprocessing.as_dict()), ("resnet50", "imagenet", "auto")).name

    seen = [Preprocessing(), Preprocessing(size=192), Preprocessing(mode="squash"), Preprocessing(mean=(0.5, 0.5, 0.5))]
    assert len({named(one) for one in seen}) == len(seen) and named(Preprocessing()) == named(Preprocessing())


def test_what_another_process_stores_meanwhile_is_not_computed_again(
    workspace: Workspace, cache: ResizedCache, tmp_path: Path
) -> None:
    """A run and the suggestions' process compute from both ends of the same list."""
    wanted = pictures(tmp_path / "photos", 3 * SAVE_EVERY)
    vectors, elsewhere = Vectors(workspace, "net/fp32/original"), Vectors(workspace, "net/fp32/original")

    class Beside(MeanEngine):
        def run(self, pixels: np.ndarray, outputs: Sequence[str] = (POOLED,)) -> dict[str, np.ndarray]:
            if not self.batches:
                last = [one.hash for one in wanted[2 * SAVE_EVERY :]]
                elsewhere.add(last, np.zeros((SAVE_EVERY, 6), np.float32))
            return super().run(pixels, outputs)

    engine = Beside()
    told = list(computed(vectors, wanted, cache, engine))
    assert sum(engine.batches) == 2 * SAVE_EVERY
    assert told[0].done == 0 and told[-1].done == told[-1].total == len(wanted)
    assert [progress.done for progress in told] == sorted(progress.done for progress in told)
