"""Folders and zips: classes, splits, names, samples of Teachable Machine, packed arrays."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from tests.data.importing.kinds.contents import photos, zip_of
from tests.data.importing.kinds.kind import Core, Kind, Photo, exact, problem, question, refused, remark

Writer = Callable[[Path, Core], Path]

AREA = "Folders, zips and arrays"


def own_classes(*paths: str) -> dict[str, str]:
    """Each photo with the class that its folder says."""
    return {path: path.split("/")[-2] for path in paths}


def without_flag(*names: bytes) -> bytes:
    """A zip whose names are these bytes and say no encoding; each name has the length of "0000/0.png"."""
    plain = zip_of(photos(*(f"{number:04}/0.png" for number in range(len(names)))))
    for number, name in enumerate(names):
        plain = plain.replace(f"{number:04}/0.png".encode(), name + b"/0.png")
    return plain


def old_zip(*names: bytes) -> Writer:
    def write(folder: Path, _: Core) -> Path:
        (folder / "old.zip").write_bytes(without_flag(*names))
        return folder / "old.zip"

    return write


def named_zip(name: str, *paths: str) -> Writer:
    def write(folder: Path, _: Core) -> Path:
        (folder / name).write_bytes(zip_of(photos(*paths)))
        return folder / name

    return write


def arrays(name: str, **columns: np.ndarray) -> Writer:
    def write(folder: Path, _: Core) -> Path:
        if name.endswith(".npz"):
            np.savez(folder / name, **columns)  # type: ignore[arg-type]
        else:
            with h5py.File(folder / name, "w") as file:
                for key, values in columns.items():
                    file[key] = values
        return folder / name

    return write


def broken_zip(folder: Path, _: Core) -> Path:
    (folder / "cut.zip").write_bytes(zip_of(photos("owl/a.png", "duck/b.png"))[:-40])
    return folder / "cut.zip"


def locked_zip(folder: Path, _: Core) -> Path:
    data = bytearray(zip_of(photos("owl/a.png", "duck/b.png")))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(mark)
        while at >= 0:
            data[at + place] |= 1
            at = data.find(mark, at + 4)
    (folder / "locked.zip").write_bytes(bytes(data))
    return folder / "locked.zip"


PIXELS = np.random.default_rng(1).integers(0, 256, (2, 12, 16, 3), dtype=np.uint8)

KINDS: tuple[Kind, ...] = (
    exact(
        "a folder for each class",
        photos("owl/a.png", "duck/a.png"),
        own_classes("owl/a.png", "duck/a.png"),
        classes=("duck", "owl"),
    ),
    exact(
        "the same in a zip, with a folder around it",
        photos("birds/owl/a.png", "birds/duck/a.png"),
        own_classes("owl/a.png", "duck/a.png"),
        zipped=True,
    ),
    exact(
        "names with spaces, umlauts and emoji",
        photos("kauz größe/a b.png", "🦉/a.png"),
        own_classes("kauz größe/a b.png", "🦉/a.png"),
    ),
    exact(
        "train, val and test, each with class folders",
        photos("train/owl/1.png", "train/duck/2.png", "val/owl/3.png", "test/duck/4.png"),
        {
            "train/owl/1.png": ("owl", "train"),
            "train/duck/2.png": ("duck", "train"),
            "val/owl/3.png": ("owl", "val"),
            "test/duck/4.png": ("duck", "test"),
        },
    ),
    exact(
        "training, validation and Testing",
        photos("training/owl/1.png", "training/duck/2.png", "validation/owl/3.png", "Testing/duck/4.png"),
        {
            "training/owl/1.png": ("owl", "train"),
            "training/duck/2.png": ("duck", "train"),
            "validation/owl/3.png": ("owl", "val"),
            "Testing/duck/4.png": ("duck", "test"),
        },
    ),
    exact(
        "doubled folders: train/train and test/test",
        photos("train/train/owl/1.png", "train/train/duck/2.png", "test/test/owl/3.png"),
        {
            "train/train/owl/1.png": ("owl", "train"),
            "train/train/duck/2.png": ("duck", "train"),
            "test/test/owl/3.png": ("owl", "test"),
        },
    ),
    question(
        "species/individual",
        photos("owl/owl_07/1.png", "owl/owl_08/2.png", "duck/d1/3.png"),
        {"class-folder": "first-group"},
        {
            "owl/owl_07/1.png": Photo("owl", group="owl/owl_07"),
            "owl/owl_08/2.png": Photo("owl", group="owl/owl_08"),
            "duck/d1/3.png": Photo("duck", group="duck/d1"),
        },
        "Which folder is the class?",
    ),
    question(
        "species/individual, with equal names of individuals: bear/ind1 and wolf/ind1",
        photos("bear/ind1/1.png", "bear/ind2/2.png", "wolf/ind1/3.png"),
        {"class-folder": "first-group"},
        {
            "bear/ind1/1.png": Photo("bear", group="bear/ind1"),
            "bear/ind2/2.png": Photo("bear", group="bear/ind2"),
            "wolf/ind1/3.png": Photo("wolf", group="wolf/ind1"),
        },
    ),
    question(
        "split_class names: train_owl, test_owl",
        photos("train_owl/1.png", "train_duck/2.png", "test_owl/3.png", "test_duck/4.png"),
        {"split-class": "split"},
        {
            "train_owl/1.png": ("owl", "train"),
            "train_duck/2.png": ("duck", "train"),
            "test_owl/3.png": ("owl", "test"),
            "test_duck/4.png": ("duck", "test"),
        },
    ),
    problem(
        "all photos in one folder",
        photos("owl/a.png", "owl/b.png"),
        {"a.png": None, "b.png": None},
        'all photos lie in one folder, "owl", which is not used as a class',
    ),
    problem(
        "a folder beside the splits",
        photos("train/owl/1.png", "train/duck/2.png", "test/owl/3.png", "extra/4.png"),
        {
            "train/owl/1.png": ("owl", "train"),
            "train/duck/2.png": ("duck", "train"),
            "test/owl/3.png": ("owl", "test"),
            "extra/4.png": None,
        },
        'the folder "extra" beside test, train is not a split',
    ),
    remark(
        "a photo beside the class folders",
        photos("owl/1.png", "duck/2.png", "3.png"),
        {"owl/1.png": "owl", "duck/2.png": "duck", "3.png": None},
        "1 photo lies in no class folder and has no label: 3.png",
    ),
    question(
        "classes a and A",
        photos("a/1.png", "A/2.png", "b/3.png"),
        {"class-case": "two"},
        {"a/1.png": "a", "A/2.png": "A", "b/3.png": "b"},
    ),
    question(
        "Cat and cat",
        photos("train/Cat/1.png", "test/cat/2.png", "train/dog/3.png"),
        {"class-case": "one"},
        {"train/Cat/1.png": ("cat", "train"), "test/cat/2.png": ("cat", "test"), "train/dog/3.png": ("dog", "train")},
    ),
    question(
        "classes with letters that look alike: Latin and Cyrillic",
        photos("cat/1.png", "с\u0430t/2.png", "dog/3.png"),
        {"class-look-alikes": "one"},
        {"cat/1.png": "cat", "с\u0430t/2.png": "cat", "dog/3.png": "dog"},
    ),
    remark(
        "a zero-width space in the name of a folder",
        photos("owl/1.png", "owl\u200b/2.png", "duck/3.png"),
        {"owl/1.png": "owl", "owl\u200b/2.png": "owl", "duck/3.png": "duck"},
        "1 folder name has invisible characters, which are left out",
    ),
    question(
        "classes in the names of the photos: cat.0.jpg",
        photos("cat.0.jpg", "cat.1.jpg", "dog.0.jpg", "dog.1.jpg"),
        {"class-in-name": "prefix"},
        {"cat.0.jpg": "cat", "cat.1.jpg": "cat", "dog.0.jpg": "dog", "dog.1.jpg": "dog"},
    ),
    exact("photos without folders or labels", photos("IMG_1.jpg", "IMG_2.jpg"), {"IMG_1.jpg": None, "IMG_2.jpg": None}),
    exact(
        "the clutter of systems beside the photos",
        {**photos("owl/a.png", "duck/b.png"), ".DS_Store": b"", "owl/Thumbs.db": b"", "__MACOSX/owl/._a.png": b"x"},
        own_classes("owl/a.png", "duck/b.png"),
    ),
    remark(
        "a README beside the class folders",
        {**photos("owl/a.png", "duck/b.png"), "README.md": "# Birds"},
        own_classes("owl/a.png", "duck/b.png"),
        "README.md: .md is not a supported image format",
    ),
    exact(
        "a zip with Japanese names and the flag of UTF-8",
        photos("猫/1.png", "犬/2.png"),
        own_classes("猫/1.png", "犬/2.png"),
        zipped=True,
    ),
    question(
        "a zip with Chinese names in GBK",
        old_zip("狐狸".encode("gbk"), "老虎".encode("gbk")),
        {"zip-encoding": "gbk"},
        {"狐狸/0.png": "狐狸", "老虎/0.png": "老虎"},
    ),
    question(
        "a zip with Russian names in cp866",
        old_zip("сова".encode("cp866"), "утка".encode("cp866")),
        {"zip-encoding": "cp866"},
        {"сова/0.png": "сова", "утка/0.png": "утка"},
    ),
    refused("a zip that is cut off", broken_zip, "cut.zip"),
    refused(
        "a zip with a password",
        locked_zip,
        "owl/a.png: it is protected with a password",
        "There is nothing to import in locked.zip",
    ),
    remark(
        "a zip inside the folder",
        {**photos("owl/a.png", "duck/b.png"), "more.zip": zip_of(photos("owl/c.png"))},
        own_classes("owl/a.png", "duck/b.png"),
        "more.zip: a zip among other files is not opened",
    ),
    refused("an empty folder", {"README.md": "nothing"}, "There is nothing to import"),
    exact(
        "Teachable Machine: samples of a class",
        named_zip("owl-samples.zip", "0.jpg", "1.jpg"),
        {"0.jpg": "owl", "1.jpg": "owl"},
    ),
    question(
        "Teachable Machine: a zip of that name with other photos",
        named_zip("owl-samples.zip", "walk.jpg", "0.jpg"),
        {"class-in-zip-name": "class"},
        {"walk.jpg": "owl", "0.jpg": "owl"},
    ),
    exact(
        "Teachable Machine: a folder of samples",
        {
            "owl-samples.zip": zip_of(photos("0.jpg")),
            "duck-samples.zip": zip_of({"0.jpg": photos("x.jpg", "0.jpg")["0.jpg"]}),
        },
        {"0.jpg": "duck", "owl-samples/0.jpg": "owl"},
    ),
    exact(
        "Teachable Machine: a project",
        named_zip("project.tm", "owl-!-0.jpg", "duck-!-0.jpg"),
        {"owl-!-0.jpg": "owl", "duck-!-0.jpg": "duck"},
    ),
    exact(
        "arrays: x and y in .npz",
        arrays("signs.npz", x=PIXELS, y=np.array([0, 1])),
        {"signs_00000.png": "0", "signs_00001.png": "1"},
    ),
    exact(
        "arrays: train_set_x and train_set_y in .h5",
        arrays("signs.h5", train_set_x=PIXELS, train_set_y=np.array([0, 1])),
        {"train_00000.png": ("0", "train"), "train_00001.png": ("1", "train")},
    ),
    refused(
        "arrays: as many labels as images are not there",
        arrays("signs.npz", x=PIXELS, y=np.array([0, 1, 1])),
        "signs.npz",
    ),
    refused(
        "arrays: weights instead of images", arrays("weights.npz", conv1=np.zeros(3)), "Possible names are x and y"
    ),
)
