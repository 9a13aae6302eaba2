"""Mixup, CutMix and random erasing: their exact numbers, their shares, and that a batch always changes the same way."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from torch import nn
from torch.nn import functional

from core.data.pictures.transforms import Preprocessing
from core.data.snapshot import Snapshot
from core.errors import RecipeError
from core.training.batch_loading import Batch, LoadedBatch
from core.training.loop import train_step
from core.training.objectives import ClassObjective
from core.training.recipe import Recipe
from core.training.techniques.batch_changes import BatchChanges, Mix, Rectangle
from core.training.trainer import fit


def batch(n: int = 4, epoch: int = 1, number: int = 0) -> Batch:
    return Batch("train", epoch, tuple(range(n)), n, number=number)


def test_mixup_is_the_convex_combination_of_images() -> None:
    images, partners = torch.rand(3, 3, 8, 8), torch.tensor([2, 0, 1])
    mixed = Mix(0.3, partners).images(images)
    torch.testing.assert_close(mixed, 0.3 * images + 0.7 * images[[2, 0, 1]])


def test_cutmix_takes_a_rectangle_from_the_partner_and_its_share_is_the_area() -> None:
    images = torch.arange(3.0)[:, None, None, None].expand(3, 3, 8, 8).contiguous()
    mixed = Mix(1 - 6 / 64, torch.tensor([1, 2, 0]), Rectangle(1, 2, 2, 3)).images(images)
    assert mixed[0, :, 1:3, 2:5].unique().tolist() == [1.0]
    assert (mixed[0] == 0).sum() == 3 * (64 - 6)
    changes = BatchChanges(seed=0, cutmix=1.0)
    shares = []
    for number in range(400):
        mix = changes.mix(batch(3, number=number), 8, 8)
        assert mix is not None and mix.pasted is not None
        shown = mix.images(images)
        foreign = float((shown != images)[mix.partners != torch.arange(3)].float().mean())
        if not (mix.partners == torch.arange(3)).all():
            assert foreign == pytest.approx(1 - mix.share, abs=1e-6)
        assert mix.pasted.top >= 0 and mix.pasted.top + mix.pasted.height <= 8
        shares.append(mix.share)
    assert 0.55 < np.mean(shares) < 0.75, "half of the area, less what is cut off at the edges"


def test_the_share_of_mixup_follows_the_beta_distribution() -> None:
    for alpha, spread in ((0.2, 1 / (4 * 1.4)), (1.0, 1 / 12)):
        mixes = [BatchChanges(0, mixup=alpha).mix(batch(number=number), 8, 8) for number in range(2000)]
        shares = np.array([mix.share for mix in mixes if mix is not None])
        assert shares.mean() == pytest.approx(0.5, abs=0.04)
        assert shares.var() == pytest.approx(spread, rel=0.1)


def test_a_batch_mixes_the_same_way_again_and_others_another_way() -> None:
    changes = BatchChanges(seed=3, mixup=0.4, cutmix=1.0)

    def mixed(changes: BatchChanges, one: Batch) -> tuple[float, list[int], Rectangle | None]:
        mix = changes.mix(one, 32, 32)
        assert mix is not None
        return mix.share, mix.partners.tolist(), mix.pasted

    assert mixed(changes, batch(8)) == mixed(changes, batch(8))
    others = [mixed(changes, batch(8, epoch, number)) for epoch in (1, 2) for number in (0, 1)]
    others.append(mixed(BatchChanges(seed=4, mixup=0.4, cutmix=1.0), batch(8)))
    assert len({share for share, _, _ in others}) == 5
    kinds = {mixed(changes, batch(8, number=number))[2] is None for number in range(20)}
    assert kinds == {True, False}, "some batches are blended, some cut"
    assert BatchChanges(seed=3).mix(batch(), 8, 8) is None


def test_erasing_blanks_the_chosen_share_of_photos_and_area() -> None:
    changes, erased = BatchChanges(seed=1, random_erasing=0.25), []
    for number in range(50):
        indices = tuple(range(number * 20, number * 20 + 20))
        images = changes.erase(torch.ones(20, 3, 40, 40), Batch("train", 1, indices, 20))
        for image in images:
            gone = image == 0
            assert torch.equal(gone[0], gone[1]), "all channels"
            if gone.any():
                rows, columns = gone[0].any(1), gone[0].any(0)
                assert int(gone[0].sum()) == int(rows.sum() * columns.sum()), "one rectangle"
            erased.append(float(gone.float().mean()))
    areas = np.array([share for share in erased if share])
    assert len(areas) / len(erased) == pytest.approx(0.25, abs=0.04)
    assert areas.min() > 0.01 and areas.max() < 0.36
    assert areas.mean() == pytest.approx((0.02 + 1 / 3) / 2, abs=0.03)


def test_what_is_erased_depends_on_photo_and_epoch_not_on_the_batch() -> None:
    changes = BatchChanges(seed=1, random_erasing=1.0)
    together = changes.erase(torch.ones(3, 3, 32, 32), Batch("train", 2, (5, 9, 7), 3))
    alone = changes.erase(torch.ones(1, 3, 32, 32), Batch("train", 2, (9,), 1, number=4))
    assert torch.equal(together[1], alone[0])
    later = changes.erase(torch.ones(1, 3, 32, 32), Batch("train", 3, (9,), 1))
    again = changes.erase(torch.ones(1, 3, 32, 32), Batch("train", 2, (9,), 1, draws=(1,)))
    assert not torch.equal(alone, later) and not torch.equal(alone, again)


class Linear(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 2)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.layer(images.mean((2, 3)))


def test_a_step_mixes_labels_by_the_same_share_in_loss_gradient_and_figures() -> None:
    torch.manual_seed(0)
    network, changes = Linear(), BatchChanges(seed=5, mixup=1.0)
    before = network.layer.weight.detach().clone()
    pixels = torch.randint(0, 256, (4, 3, 8, 8), dtype=torch.uint8)
    labels, one = torch.tensor([0, 1, 1, 0]), batch(4)
    mix = changes.mix(one, 8, 8)
    assert mix is not None and 0.05 < mix.share < 0.95
    optimizer = torch.optim.SGD(network.parameters(), lr=1.0)
    preprocessing, twin = Preprocessing(size=8, resize=8), Linear()
    twin.load_state_dict(network.state_dict())
    images = preprocessing.normalise(pixels)
    blended = mix.share * images + (1 - mix.share) * images[mix.partners]
    logits = twin(blended)
    both = [functional.cross_entropy(logits, target) for target in (labels, labels[mix.partners])]
    expected = mix.share * both[0] + (1 - mix.share) * both[1]
    expected.backward()
    loaded = LoadedBatch(one, pixels, (labels,))
    tally = train_step(
        Accelerator(cpu=True), network, optimizer, ClassObjective(0.0, None), preprocessing, loaded, changes
    )
    assert tally.loss == pytest.approx(float(expected.detach()), rel=1e-5)
    assert twin.layer.weight.grad is not None
    torch.testing.assert_close(network.layer.weight.detach(), before - twin.layer.weight.grad)


def test_cutmix_with_boxes_is_refused_before_anything_is_read(
    make_snapshot: Callable[..., Snapshot], tmp_path: Path
) -> None:
    snapshot = make_snapshot()
    boxed = Snapshot(snapshot.frame.assign(x=1, y=1, w=9, h=9, width=64, height=48), snapshot.classes, "localization")
    with pytest.raises(RecipeError, match="set cutmix to 0"):
        list(fit(boxed, Recipe(arch="tiny", weights="none", cutmix=1.0, device="cpu"), cache=tmp_path / "cache"))
