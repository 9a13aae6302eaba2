"""Pictures that look nearly the same stand in one split, in a project and in a table."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from core.data.pictures.decoding import decode
from core.data.pictures.near_duplicates import group_leaders, near_duplicate_groups, phash_of
from core.data.snapshot import snapshot_of_project, snapshot_of_table
from core.data.splits import SplitItem, complete
from core.data.store.store import Store
from core.workspace import open_workspace


def scene(seed: int, size: tuple[int, int] = (160, 120)) -> Image.Image:
    """A picture of soft shapes; another seed is another picture."""
    dice = np.random.default_rng(seed)
    coarse = Image.fromarray(dice.integers(0, 255, (6, 8, 3), dtype=np.uint8))
    return coarse.resize(size, Image.Resampling.BICUBIC)


def png(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def twins_of(seed: int, count: int) -> list[Image.Image]:
    """The same scene, each a little brighter than the one before."""
    return [ImageEnhance.Brightness(scene(seed)).enhance(0.8 + 0.05 * number) for number in range(count)]


def splits_by_group(items: list[SplitItem], found: dict[str, str]) -> dict[str, set[str]]:
    sides: dict[str, set[str]] = {}
    for item in items:
        sides.setdefault(item.group, set()).add(found[item.key])
    return sides


def test_a_copy_in_another_size_and_light_has_nearly_the_same_hash_and_another_picture_has_not() -> None:
    mine = phash_of(scene(1))
    copy = phash_of(ImageEnhance.Brightness(scene(1).resize((1600, 1200))).enhance(0.9))
    assert (mine ^ copy).bit_count() <= 4
    assert min((mine ^ phash_of(scene(seed))).bit_count() for seed in range(2, 30)) > 4


def test_each_picture_names_the_first_that_it_is_like_and_chains_do_not_grow() -> None:
    # The third differs from the first in six bits, from the second in three.
    assert group_leaders([0b0, 0b111, 0b111111, None, 0xFF << 40, 0b1, None]) == [0, 0, 2, 3, 4, 0, 6]
    assert group_leaders([]) == []
    hashes = [0b0, 0b111, 0b111111, 0xFF << 40]
    assert group_leaders(hashes)[:3] == group_leaders(hashes[:3])


def test_twins_of_two_classes_are_no_group() -> None:
    assert len(set(near_duplicate_groups(["owl", "duck", "owl"], [0, 0, 1]))) == 2


def bursts(sizes: Sequence[int], split: str | None = None, name: str = "g", label: str = "owl") -> list[SplitItem]:
    """Groups of that many images."""
    return [
        SplitItem(f"{name}{group}-{place}", label, f"{name}{group}", split)
        for group, size in enumerate(sizes)
        for place in range(size)
    ]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "sizes", [*permutations((3, 4, 30)), (1, 1, 20), (20, 1, 1), (20, 20, 20), (20,) * 6, (1, 1, 10, 10, 10, 10, 10)]
)
def test_bursts_are_whole_and_every_part_has_images_the_largest_in_train(sizes: tuple[int, ...], seed: int) -> None:
    items = bursts(sizes)
    found, _ = complete(items, seed)
    assert list(found) == [item.key for item in items]
    assert all(len(sides) == 1 for sides in splits_by_group(items, found).values())
    assert set(found.values()) == {"train", "val", "test"}
    assert found[f"g{sizes.index(max(sizes))}-0"] == "train" or sizes.count(max(sizes)) > 2
    counts = Counter(found.values())
    assert counts["train"] == max(counts.values())


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("turn", range(8))
def test_a_burst_goes_to_train_and_the_others_make_the_other_parts(turn: int, seed: int) -> None:
    sizes = [12, 1, 2, 1, 1, 1, 2, 1]  # one burst, a few pairs
    sizes = sizes[turn:] + sizes[:turn]
    items = bursts(sizes)
    found, _ = complete(items, seed)
    counts = Counter(found.values())
    assert all(len(sides) == 1 for sides in splits_by_group(items, found).values())
    assert {found[f"g{sizes.index(12)}-{place}"] for place in range(12)} == {"train"}
    assert counts["val"] >= 2
    assert counts["test"] >= 2


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("sizes", [(2,), (8,), (2, 2), (8, 1)])
def test_a_group_that_comes_to_a_divided_class_stays_whole(sizes: tuple[int, ...], seed: int) -> None:
    before = [SplitItem(str(number), "owl", str(number)) for number in range(30)]
    given = complete(before, seed)[0]
    items = [replace(item, split=given[item.key]) for item in before] + bursts(sizes)
    found, _ = complete(items, seed)
    assert all(len(sides) == 1 for sides in splits_by_group(items, found).values())
    assert {item.key: found[item.key] for item in before} == given
    if 8 in sizes:
        assert found["g0-0"] == "train"


def test_more_of_a_burst_that_stands_on_several_sides_is_learned_from() -> None:
    torn = [SplitItem(f"t{number}", "owl", "burst", split) for number, split in enumerate(("val", "train", "test"))]
    others = [SplitItem(f"o{number}", "owl", f"o{number}", "train") for number in range(9)]
    more = [SplitItem(f"m{number}", "owl", "burst") for number in range(30)]
    found, _ = complete([*torn, *others, *more])
    assert {found[item.key] for item in more} == {"train"}


def test_a_burst_that_grows_does_not_become_most_of_what_is_tested_on() -> None:
    others = [SplitItem(f"o{number}", "owl", f"o{number}", "train") for number in range(9)]
    given = [*others, SplitItem("v", "owl", "v", "val"), SplitItem("first", "owl", "burst", "test")]
    more = [SplitItem(f"m{number}", "owl", "burst") for number in range(20)]
    found, _ = complete([*given, *more])
    assert found["first"] == "test"
    assert {found[item.key] for item in more} == {"train"}
    assert complete([*given, more[0]])[0]["m0"] == "test"  # a single twin joins it


@pytest.mark.parametrize("seed", range(20))
def test_a_table_of_bursts_with_train_and_test_gets_a_validation_part(seed: int) -> None:
    items = bursts((20,) * 6, "train") + bursts((5, 5), "test", "t")
    found, remark = complete(items, seed)
    assert all(len(sides) == 1 for sides in splits_by_group(items, found).values())
    assert Counter(found.values())["val"] == 20
    assert remark is not None and "20 in all" in remark


def test_a_class_of_one_burst_is_divided_all_the_same() -> None:
    items = [SplitItem(str(number), "owl", "one") for number in range(14)]
    assert Counter(complete(items)[0].values()) == {"train": 10, "val": 2, "test": 2}


def test_a_validation_part_is_taken_out_of_train_by_groups() -> None:
    given = [SplitItem(f"t{n}", "owl", f"t{n}", "test") for n in range(3)]
    items = given + [SplitItem(f"{g}-{n}", "owl", f"g{g}", "train") for g in range(10) for n in range(2)]
    found, _ = complete(items)
    assert all(len(sides) == 1 for sides in splits_by_group(items, found).values())
    assert Counter(found.values())["val"] >= 2


def test_twins_of_a_project_share_a_split_also_when_they_come_later(tmp_path: Path) -> None:
    store = Store(open_workspace(tmp_path))
    project = store.create_project("Birds", classes=["owl", "duck"]).id

    def add(image: Image.Image, name: str, label: str) -> int:
        data = png(image)
        row, _ = store.add_image(project, decode(data, name), data, name)
        store.annotate(project, [row.id], label, "ann")
        return row.id

    pairs = {
        seed: [add(image, f"{seed} {n}.png", "owl") for n, image in enumerate(twins_of(seed, 2))] for seed in range(12)
    }
    for seed in range(100, 108):
        add(scene(seed), f"duck {seed}.png", "duck")
    store.assign_splits(project)

    def split_of(number: int) -> str | None:
        return store.image(project, number).split

    assert all(split_of(first) == split_of(second) for first, second in pairs.values())
    assert {split_of(first) for first, _ in pairs.values()} == {"train", "val", "test"}
    before = {row.id: row.split for row in store.images(project)}
    late = {seed: add(twins_of(seed, 3)[2], f"late {seed}.png", "owl") for seed in range(12)}
    table = snapshot_of_project(store, project).frame
    assert all(split_of(late[seed]) == split_of(pairs[seed][0]) for seed in range(12))
    assert {row.id: row.split for row in store.images(project) if row.id in before} == before
    assert len(table) == 44
    store.close()


def test_twins_of_a_table_share_a_split(tmp_path: Path) -> None:
    lines = ["filename,label"]
    for seed in range(12):
        for number, image in enumerate(twins_of(seed, 2)):
            name = f"{seed}-{number}.png"
            image.save(tmp_path / name)
            lines.append(f"{name},{'owl' if seed % 2 else 'duck'}")
    (tmp_path / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
    snapshot, _ = snapshot_of_table(tmp_path / "labels.csv", tmp_path)
    split_of = dict(zip(snapshot.frame["filename"], snapshot.frame["split"], strict=True))
    assert all(split_of[f"{seed}-0.png"] == split_of[f"{seed}-1.png"] for seed in range(12))
    assert set(split_of.values()) == {"train", "val", "test"}
