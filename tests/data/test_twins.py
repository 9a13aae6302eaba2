"""Pictures that look nearly the same stand in one split, in a project and in a table."""

from collections import Counter
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from core.data.images import decode
from core.data.snapshot import snapshot_of_project, snapshot_of_table
from core.data.splits import Item, assign, complete, settle
from core.data.store import Store
from core.data.twins import leaders, phash_of, twin_groups
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


def splits_by_group(items: list[Item], found: dict[str, str]) -> dict[str, set[str]]:
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
    assert leaders([0b0, 0b111, 0b111111, None, 0xFF << 40, 0b1, None]) == [0, 0, 2, 3, 4, 0, 6]
    assert leaders([]) == []
    hashes = [0b0, 0b111, 0b111111, 0xFF << 40]
    assert leaders(hashes)[:3] == leaders(hashes[:3])


def test_twins_of_two_classes_are_no_group() -> None:
    assert len(set(twin_groups(["owl", "duck", "owl"], [0, 0, 1]))) == 2


@pytest.mark.parametrize("seed", range(5))
def test_a_burst_goes_to_train_and_the_others_make_the_other_parts(seed: int) -> None:
    sizes = [12, 1, 2, 1, 1, 1, 2, 1]  # one burst, a few pairs
    items = [Item(f"{group}-{place}", "owl", f"g{group}") for group, size in enumerate(sizes) for place in range(size)]
    found = assign(settle(items), seed)
    counts = Counter(found.values())
    assert all(len(sides) == 1 for sides in splits_by_group(items, found).values())
    assert {found[f"0-{place}"] for place in range(12)} == {"train"}
    assert counts["val"] >= 2
    assert counts["test"] >= 2


def test_three_bursts_give_three_parts_the_largest_to_train() -> None:
    items = [Item(f"{g}-{n}", "owl", f"g{g}") for g, size in enumerate((3, 30, 4)) for n in range(size)]
    found = assign(settle(items), 0)
    assert all(len(sides) == 1 for sides in splits_by_group(items, found).values())
    assert found["1-0"] == "train"
    assert {found["0-0"], found["2-0"]} == {"val", "test"}


def test_a_class_of_one_burst_is_divided_all_the_same() -> None:
    items = [Item(str(number), "owl", "one") for number in range(14)]
    assert Counter(assign(settle(items), 0).values()) == {"train": 10, "val": 2, "test": 2}


def test_a_validation_part_is_taken_out_of_train_by_groups() -> None:
    given = [Item(f"t{n}", "owl", f"t{n}", "test") for n in range(3)]
    items = given + [Item(f"{g}-{n}", "owl", f"g{g}", "train") for g in range(10) for n in range(2)]
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
