"""Numbers of classes in Hugging Face metadata get the names that the data set declares."""

import json
from pathlib import Path

import pytest

from tests.data.importing.formats.small_sets import boxes, labels, photos, plan, problems, put

README = """---
license: mit
dataset_info:
  features:
  - name: image
    dtype: image
  - name: label
    dtype:
      class_label:
        names:
          '0': ant
          '1': bee
  - name: objects
    sequence:
    - name: bbox
      sequence: float32
      length: 4
    - name: category
      dtype:
        class_label:
          names:
            '0': wing
            '1': 'yes'
---
# A data set
"""
LABEL = {"names": ["ant", "bee"], "_type": "ClassLabel"}
INFOS = {
    "default": {
        "features": {
            "label": LABEL,
            "objects": {"feature": {"category": {"feature": {"names": ["wing", "yes"], "_type": "ClassLabel"}}}},
        }
    }
}


@pytest.mark.parametrize(
    "declared", [{"README.md": README}, {"dataset_infos.json": json.dumps(INFOS)}], ids=["README", "json"]
)
def test_numbers_get_their_names(tmp_path: Path, declared: dict[str, str]) -> None:
    rows = [
        {"file_name": "a.png", "label": 1},
        {"file_name": "b.png", "label": "ant"},
        {"file_name": "c.png", "label": 7},
        {"file_name": "d.png", "objects": {"bbox": [[1, 2, 3, 4], [1, 2, 3, 5]], "category": [1, 9]}},
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    names = ("train/a.png", "train/b.png", "train/c.png", "train/d.png")
    found = plan(put(tmp_path, photos(*names), declared, {"train/metadata.jsonl": text}))
    assert labels(found) == {"a.png": "bee", "b.png": "ant", "c.png": None, "d.png": "yes"}
    assert boxes(found)["d.png"] == [("yes", 1, 2, 3, 4)]
    assert [text.split(": ")[0] for text in problems(found)] == [
        "train/metadata.jsonl, line 3",
        "train/metadata.jsonl, line 4, box 2",
    ]
    assert not found.refused


def test_numbers_in_a_csv_are_numbers_too(tmp_path: Path) -> None:
    found = plan(
        put(tmp_path, photos("x/a.png"), {"README.md": README, "x/metadata.csv": "file_name,label\na.png,1\n"})
    )
    assert labels(found) == {"a.png": "bee"}


def test_a_name_that_is_another_ones_number_is_a_problem(tmp_path: Path) -> None:
    infos = {"features": {"label": {"names": ["1", "0"], "_type": "ClassLabel"}}}
    files = {"dataset_info.json": json.dumps(infos), "x/metadata.csv": "file_name,label\na.png,1\n"}
    found = plan(put(tmp_path, photos("x/a.png"), files))
    assert labels(found) == {"a.png": None} and "may be a name and a number" in problems(found)[0]


def test_two_lists_that_differ_are_a_problem_and_neither_is_used(tmp_path: Path) -> None:
    other = {"features": {"label": {"names": ["bee", "ant"], "_type": "ClassLabel"}}}
    files = {
        "README.md": README,
        "dataset_info.json": json.dumps(other),
        "x/metadata.csv": "file_name,label\na.png,1\n",
    }
    found = plan(put(tmp_path, photos("x/a.png"), files))
    assert labels(found) == {"a.png": "1"}
    assert any('names the classes of "label" differently' in text for text in problems(found))


def test_classes_that_are_declared_in_another_folder_do_not_count(tmp_path: Path) -> None:
    """The README.md of b named the numbers in a."""
    table = "file_name,label\n{}.png,1\n"
    found = plan(
        put(
            tmp_path,
            photos("a/1.png", "b/2.png"),
            {"a/metadata.csv": table.format(1), "b/metadata.csv": table.format(2), "b/README.md": README},
        )
    )
    assert labels(found) == {"1.png": "1", "2.png": "bee"}
    assert not problems(found)


def test_a_readme_without_classes_changes_nothing(tmp_path: Path) -> None:
    for number, text in enumerate(("# Photos\n", "---\n- a\n---\n", "---\nx: [\n---\n", "")):
        files = {"README.md": text, "x/metadata.csv": "file_name,label\na.png,1\n"}
        assert labels(plan(put(tmp_path / str(number), photos("x/a.png"), files))) == {"a.png": "1"}
