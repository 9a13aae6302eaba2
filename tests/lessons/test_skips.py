"""Plain and residual networks of one depth: their layers, the recorded values, and what an aborted run leaves."""

import threading
from contextlib import closing
from dataclasses import replace

import pandas as pd
import pytest
import torch

from core.lessons import skips_training
from core.lessons.skips import DEPTHS, NETWORK_KINDS, TrainingSettings, gradient_norms
from core.lessons.skips_training import SmallPhotos, build_network, sample_photos, train_both
from tests.lessons.experiment_steps import run_to_end

TINY = TrainingSettings(size=8, width=4, epochs=3, batch=8, learning_rate=0.02)


@pytest.fixture(scope="module")
def photos() -> SmallPhotos:
    """Two classes that differ in brightness."""
    images = torch.randn(24, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    images[12:] += 3
    return SmallPhotos(images, torch.arange(24) // 12, 2)


@pytest.fixture(scope="module")
def rows(photos: SmallPhotos) -> pd.DataFrame:
    return run_to_end(train_both(8, 0, photos, TINY))[1]


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("kind", NETWORK_KINDS)
def test_a_network_has_as_many_layers_as_its_name_says(depth: int, kind: str) -> None:
    network = build_network(depth, kind, 5, seed=0, width=4)
    weights = [name for name, p in network.named_parameters() if p.ndim > 1 and "downsample" not in name]
    assert len(weights) == depth
    assert network(torch.zeros(2, 3, 16, 16)).shape == (2, 5)


def test_the_start_comes_from_the_seed_alone_and_leaves_chance_alone() -> None:
    state = torch.get_rng_state()
    first, again, other = (build_network(8, "plain", 5, seed, 4).state_dict()["conv1.weight"] for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), state)


def test_each_kind_has_a_row_for_the_start_and_for_each_epoch(rows: pd.DataFrame) -> None:
    assert rows["kind"].tolist() == ["plain"] * 4 + ["residual"] * 4
    assert rows["epoch"].tolist() == [0, 1, 2, 3] * 2
    assert rows["error"].between(0, 1).all() and (rows["seconds"] > 0).all()
    assert [column for column in rows.columns if column.startswith("gradient_")] == [
        f"gradient_{layer}" for layer in range(1, 9)
    ]
    assert (rows.filter(like="gradient_") > 0).all(axis=None)


def test_what_is_easy_is_learned(photos: SmallPhotos) -> None:
    rows = run_to_end(train_both(8, 0, photos, replace(TINY, epochs=8, learning_rate=0.1)))[1]
    assert set(rows["kind"]) == set(NETWORK_KINDS)
    for _, kind in rows.groupby("kind"):
        assert kind["loss"].iloc[-1] < kind["loss"].iloc[0] / 2
        assert kind["error"].iloc[-1] < 0.1


def test_epoch_0_learns_nothing(photos: SmallPhotos, rows: pd.DataFrame) -> None:
    # The same at a learning rate of zero: epoch 0 does not depend on it.
    still = run_to_end(train_both(8, 0, photos, replace(TINY, epochs=1, learning_rate=0.0)))[1]
    pd.testing.assert_series_equal(
        still.loc[still["epoch"] == 0, "loss"], rows.loc[rows["epoch"] == 0, "loss"], check_index=False
    )


def test_the_gradient_of_a_plain_network_grows_with_depth_and_less_with_skips() -> None:
    """Before training, on the real photos: what the first figure of the lesson shows."""
    photos = sample_photos(8)
    one_pass = replace(TINY, epochs=0, batch=60)
    rows = run_to_end(train_both(44, 0, photos, one_pass))[1].set_index("kind")
    ratio = rows["gradient_1"] / rows["gradient_44"]
    assert ratio["plain"] > 5 * ratio["residual"]


def test_the_sample_photos_are_120_of_five_classes() -> None:
    photos = sample_photos(8)
    assert photos.images.shape == (120, 3, 8, 8) and photos.classes == 5
    assert torch.bincount(photos.labels).tolist() == [24] * 5


def test_progress_counts_to_the_end(photos: SmallPhotos, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(skips_training, "_REPORT_SECONDS", 0.002)
    seen, _ = run_to_end(train_both(8, 1, photos, replace(TINY, epochs=30)))
    shares = [event.done / event.total for event in seen if event.total]
    assert shares == sorted(shares) and 0 < shares[-1] <= 1
    assert "8 layers" in seen[0].phase


def test_a_training_that_is_left_ends_its_threads_and_restores_how_many_torch_takes(photos: SmallPhotos) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with closing(train_both(20, 0, photos, replace(TINY, epochs=5000))) as events:
            next(events)
        assert torch.get_num_threads() == 2
        assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("skips")]
    finally:
        torch.set_num_threads(threads)


def test_a_network_that_fails_ends_the_other_one_too(photos: SmallPhotos) -> None:
    broken = SmallPhotos(photos.images, photos.labels + 7, 2)
    with pytest.raises(IndexError):
        run_to_end(train_both(8, 0, broken, replace(TINY, epochs=5000)))
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("skips")]


def test_gradients_stand_one_below_the_other(rows: pd.DataFrame) -> None:
    both = pd.concat([rows, rows.assign(gradient_9=0.5, depth=14)])
    found = gradient_norms(both[(both["depth"] == 8) & (both["epoch"] == 0)])
    assert found["layer"].tolist() == [*range(1, 9)] * 2
    assert found["norm"].iloc[0] == rows["gradient_1"].iloc[0]
