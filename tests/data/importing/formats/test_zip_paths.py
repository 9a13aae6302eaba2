"""Names in exported zips: two files nowhere share one, every system can unpack them, and what changed is said."""

import unicodedata
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.importing.formats.class_folders import plan_folders
from core.data.importing.formats.exported_image import ExportedImage
from core.data.importing.formats.write_zip import (
    FORMATS,
    WITHOUT_BOXES,
    Renamed,
    renamed_in_words,
    renamed_in_zip,
    write_zip,
)
from core.data.importing.formats.zip_paths import class_folder, path_of, safe_path_part, shortened, with_zip_paths
from core.data.importing.plan_import import plan_folder, plan_zip, run_import
from core.data.store.store import Store
from core.data.tables.names import search_key
from tests.data.builders import add, open_store

DEVICES = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"}
DEVICES |= {f"{port}{number}" for port in ("COM", "LPT") for number in "0123456789¹²³"}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


def image(name: str, label: str | None = None, split: str | None = None) -> ExportedImage:
    return ExportedImage(name, Path("x.png"), 16, 12, label, split, ())


def placed(*names: str) -> list[str]:
    return [one.name for one in with_zip_paths([image(name) for name in names], lambda one: one.name)]


def is_safe(path: str) -> bool:
    """Whether Windows, macOS and Linux can each have a file of this path."""
    for part in path.split("/"):
        if not part or part != part.rstrip(" .") or part.split(".")[0].rstrip().upper() in DEVICES:
            return False
        if any(mark in '<>:"|?*\\' or ord(mark) < 32 for mark in part) or len(part.encode()) > 255:
            return False
    return len(path) <= 225


@pytest.mark.parametrize(
    ("names", "paths"),
    [
        (["IMG_1.png", "img_1.png"], ["IMG_1.png", "img_1 (2).png"]),
        (["gr\u00fcn.png", "gru\u0308n.png"], ["gr\u00fcn.png", "gru\u0308n (2).png"]),
        (["Zoo/1.png", "zoo/1.png", "zoo/2.png"], ["Zoo/1.png", "Zoo/1 (2).png", "Zoo/2.png"]),
        (["a.png", "A.png/b.png"], ["a.png", "A.png_b.png"]),
        (["a.png/b.png", "A.PNG"], ["a.png/b.png", "A (2).PNG"]),
        (["CON.png", "con/1.png", "nul.tar.png"], ["_CON.png", "_con/1.png", "_nul.tar.png"]),
        (["com1 .png", "LPT9"], ["_com1 .png", "_LPT9.png"]),
        (["CONTROL.png", "COM10.png", "icon.png"], ["CONTROL.png", "COM10.png", "icon.png"]),
        (["folder. /x.png"], ["folder_/x.png"]),
        (['a<b>:"c|d?*.png'], ["a_b___c_d__.png"]),
    ],
)  # fmt: skip
def test_names_in_a_zip(names: list[str], paths: list[str]) -> None:
    assert placed(*names) == paths
    assert all(map(is_safe, paths))


def test_long_names_are_shortened_and_keep_their_suffix_and_end() -> None:
    number = "x" * 300 + "_0001.png"
    short = path_of(image(number))
    assert len(short) == 110 and short.endswith("_0001.png") and "~" in short
    assert len(path_of(image("写" * 300 + ".png")).encode()) <= 200
    assert path_of(image(f"{'deep/' * 40}a.png")).endswith("/deep/a.png")
    assert len(path_of(image(f"{'deep/' * 40}a.png"))) <= 110
    assert placed("x" * 300 + "1.png", "x" * 300 + "1.png")[1].endswith(" (2).png")
    assert path_of(image("short/name.png")) == "short/name.png"
    assert shortened("name.png", 20) == "name.png"


def test_folders_of_classes_are_safe_and_different_on_every_system() -> None:
    classes = [
        "a",
        "A",
        "CON",
        "con",
        "caf\u00e9",
        "cafe\u0301",
        "x" * 200,
        "x" * 199 + "y",
        "a/b",
        "a_b",
        "dot.",
        "...",
    ]
    folders = plan_folders([], classes).classes
    assert folders["a"] == "a" and folders["A"] == "A (2)" and folders["CON"] == "_CON"
    assert len({search_key(folder) for folder in folders.values()}) == len(classes) + 1
    assert all(map(is_safe, folders.values()))
    assert class_folder("owl") == "owl" and len(class_folder("写" * 200).encode()) <= 200


def test_a_class_cannot_have_the_name_of_a_file_of_the_zip() -> None:
    assert plan_folders([], ["resnet-studio.json"]).classes["resnet-studio.json"] == "resnet-studio.json (2)"


ODD = st.text(
    st.sampled_from("aAäÄßcCoOnN./ :~é\u0301") | st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40
)
LABELS = st.lists(ODD.filter(lambda name: name.strip() != ""), max_size=4, unique=True)


@given(names=st.lists(ODD, min_size=1, max_size=6, unique=True), classes=LABELS, split=st.sampled_from([None, "test"]))
@settings(max_examples=300, deadline=None)
def test_whatever_things_are_called_no_two_paths_are_one_on_any_system(
    names: list[str], classes: list[str], split: str | None
) -> None:
    labels = [*classes, None]
    pictures = [image(name, labels[place % len(labels)], split) for place, name in enumerate(names)]
    folders = plan_folders(pictures, classes)
    for kind, format in FORMATS.items():
        place = folders.place if kind == "folders" else format.place
        one_by_one = with_zip_paths(pictures, format.label_file or place)
        paths = [place(one) for one in one_by_one]
        keys = {search_key(path) for path in paths}
        assert len(keys) == len(names)
        above = {key.rsplit("/", depth)[0] for key in keys for depth in range(1, key.count("/") + 1)}
        assert not keys & above, "no photo has the name of a folder"
        assert all(map(is_safe, paths)), paths


# Out and in again


NAMES = [
    "IMG_1.png",
    "img_1.png",
    "CON.png",
    "Zoo/a.png",
    "zoo/b.png",
    "gr\u00fcn.png",
    "gru\u0308n.png",
    "y" * 250 + ".png",
]
CLASSES = ["CON", "a", "A", "x" * 150, "dot."]


def project_of(store: Store) -> int:
    project = store.create_project("Odd", classes=CLASSES).id
    for place, name in enumerate(NAMES):
        row = add(store, project, place, name)
        store.annotate(project, [row.id], CLASSES[place % len(CLASSES)], "ann")
    return project


@pytest.mark.parametrize("kind", WITHOUT_BOXES)
def test_odd_names_come_back_from_a_zip_and_from_a_folder_that_ignores_case(
    store: Store, tmp_path: Path, kind: str
) -> None:
    project = project_of(store)
    wanted = {row.filename: (row.label, row.hash) for row in store.images(project)}
    list(write_zip(store, project, kind, tmp_path / "out.zip"))
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        names = archive.namelist()
        assert all(map(is_safe, names))
        assert len({unicodedata.normalize("NFC", name).casefold() for name in names}) == len(names)
        archive.extractall(tmp_path / "out")
    for number, plan in enumerate((plan_zip(tmp_path / "out.zip", "out.zip"), plan_folder(tmp_path / "out"))):
        assert plan.questions == () and not plan.refused
        again = store.create_project(f"Again {number}").id
        list(run_import(plan, store, again, "bob"))
        assert {row.filename: (row.label, row.hash) for row in store.images(again)} == wanted
        assert [info.name for info in store.classes(again)] == CLASSES


def test_what_is_renamed_is_said_with_both_names(store: Store) -> None:
    project = project_of(store)
    renamed = renamed_in_zip(store, project, "folders")
    assert "img_1.png" not in renamed.photos, "it lies in another folder than IMG_1.png"
    assert renamed.classes["CON"] == "_CON" and renamed.classes["A"] == "A (2)" and "a" not in renamed.classes
    assert renamed_in_zip(store, project, "csv").photos["img_1.png"] == "img_1 (2).png"
    assert renamed_in_zip(store, project, "csv").classes == {}
    words = renamed_in_words(renamed)
    assert "CON is _CON" in words and "resnet-studio.json" in words
    assert renamed_in_words(Renamed({"b": "c"}, {})).startswith("1 name is different in the zip")
    assert renamed_in_words(Renamed({}, {})) == ""


def test_ordinary_names_are_not_renamed(store: Store) -> None:
    project = store.create_project("Birds", classes=["owl"]).id
    row = add(store, project, 1, "walk/a.png")
    store.annotate(project, [row.id], "owl", "ann")
    for kind in WITHOUT_BOXES:
        assert renamed_in_zip(store, project, kind) == Renamed({}, {})


def test_a_safe_part_stays_as_it_is() -> None:
    assert [safe_path_part(word) for word in ("a b.png", "größe", "NULL", "a.con")] == [
        "a b.png",
        "größe",
        "NULL",
        "a.con",
    ]
