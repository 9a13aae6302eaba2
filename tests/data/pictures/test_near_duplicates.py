"""Near-duplicates are in one split, in a project and in a table."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from itertools import permutations
from pathlib import Path

import imagehash
import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from core.data.pictures.decoding import decode
from core.data.pictures.near_duplicates import near_duplicate_groups, phash_of
from core.data.snapshot import snapshot_of_project, snapshot_of_table
from core.data.splits import SplitItem, complete
from core.data.store.store import Store
from core.workspace import SAMPLE_IMAGES, open_workspace
from tests.data.pictures import test_image_quality


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


def test_the_hash_is_that_of_imagehash_to_the_bit() -> None:
    """Else photos of older imports would no longer be recognised."""
    plain = [Image.new("RGB", (300, 200), (shade, shade, shade)) for shade in (0, 1, 77, 255)]
    gradient = Image.linear_gradient("L").convert("RGB")
    scenes = [scene(seed, size) for seed, size in enumerate([(160, 120), (32, 32), (90, 400), (700, 500)])]
    for image in [*plain, gradient, gradient.rotate(90), *scenes]:
        gray, factor = image.convert("L"), min(image.size) // 128
        expected = imagehash.phash(gray.reduce(factor) if factor > 1 else gray)
        assert f"{phash_of(image):016x}" == str(expected)


def test_copies_in_other_sizes_formats_and_brightness_are_one_group_and_different_pictures_none() -> None:
    first = test_image_quality.scene(0)
    squeezed = BytesIO()
    first.save(squeezed, "JPEG", quality=35)
    copies = [
        first,
        first.resize((100, 75)),
        Image.open(squeezed),
        ImageEnhance.Brightness(first).enhance(1.15),
        first.filter(ImageFilter.GaussianBlur(1)),
    ]
    images = [test_image_quality.scene(1), *copies, *(test_image_quality.scene(number) for number in range(2, 30))]
    groups = near_duplicate_groups({str(place): phash_of(image) for place, image in enumerate(images)})
    assert [place for place, first_of in groups.items() if first_of == "1"] == ["1", "2", "3", "4", "5"]
    assert len(set(groups.values())) == len(images) - 4


def test_mirrored_copies_are_found_and_no_two_birds_are_taken_for_one() -> None:
    files = sorted((SAMPLE_IMAGES / "birds" / "images").glob("*.jpg"))[:60]
    birds = [Image.open(file).convert("RGB").reduce(2) for file in files]
    phashes = {file.name: phash_of(bird) for file, bird in zip(files, birds, strict=True)}
    mirrored = {
        f"mirrored {file.name}": phash_of(ImageOps.mirror(bird)) for file, bird in zip(files, birds, strict=True)
    }
    groups = near_duplicate_groups(phashes | mirrored)
    assert all(groups[name] == name for name in phashes)
    assert all(groups[name] in (name, name.removeprefix("mirrored ")) for name in mirrored)
    assert sum(groups[name] != name for name in mirrored) >= 0.7 * len(files)


def test_each_picture_joins_the_first_that_it_is_like_and_chains_do_not_grow() -> None:
    # c differs from a in six bits, from b in three.
    phashes = {"a": 0b0, "b": 0b111, "c": 0b111111, "d": None, "e": 0xFF << 40, "f": 0b1, "g": None}
    assert near_duplicate_groups(phashes) == {"a": "a", "b": "a", "c": "c", "d": "d", "e": "e", "f": "a", "g": "g"}
    assert near_duplicate_groups({}) == {}
    first_three = dict(list(phashes.items())[:3])
    assert near_duplicate_groups(first_three) == {"a": "a", "b": "a", "c": "c"}


def test_near_duplicates_with_different_labels_share_a_split() -> None:
    """The check showed such groups, and the splits, which grouped class by class, tore them."""
    items = [SplitItem(f"{label}{place}", label, f"pair {place}") for place in range(30) for label in ("owl", "duck")]
    found, _ = complete(items)
    assert all(len(sides) == 1 for sides in splits_by_group(items, found).values())
    assert set(found.values()) == {"train", "val", "test"}


def test_a_class_with_one_group_is_divided_and_leaves_the_group_of_another_class_whole() -> None:
    burst = [SplitItem(f"owl{place}", "owl", "burst") for place in range(20)]
    others = [SplitItem(f"other{place}", "owl", f"other{place}") for place in range(20)]
    ducks = [SplitItem(f"duck{place}", "duck", "burst") for place in range(14)]
    found, _ = complete([*burst, *others, *ducks])
    assert {found[item.key] for item in burst} == {"train"}
    assert {found[item.key] for item in ducks} == {"train", "val", "test"}


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
    store.assign_splits(project)
    table = snapshot_of_project(store, project).frame
    assert all(split_of(late[seed]) == split_of(pairs[seed][0]) for seed in range(12))
    assert {row.id: row.split for row in store.images(project) if row.id in before} == before
    assert len(table) == 44
    store.close()


def test_the_check_and_the_splits_see_the_same_groups(tmp_path: Path) -> None:
    """An unlabelled photo that two others resemble makes all three one group, before and after it is labelled."""
    store = Store(open_workspace(tmp_path))
    project = store.create_project("Birds", classes=["owl", "duck"]).id
    rows = []
    for number in range(12):
        for place, image in enumerate(twins_of(number, 3)):
            data = png(image)
            rows.append(store.add_image(project, decode(data, "photo"), data, f"{number}-{place}.png")[0])
    for place in (1, 2):
        store.annotate(project, [row.id for row in rows[place::3]], ("owl", "duck")[place - 1], "ann")
    store.assign_splits(project)
    groups = store.near_duplicates(project)
    assert all(groups[row.hash] == rows[place // 3 * 3].hash for place, row in enumerate(rows))
    assert len({(groups[row.hash], row.split) for row in store.images(project) if row.label}) == 12
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
