"""A labels.csv with boxes on the command line: trained, evaluated, predicted and explained."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.models.bundle import read_info
from core.runs.folder import RunFolder
from tests.cli.conftest import TINY, Core


@pytest.fixture
def boxed(tmp_path: Path) -> Path:
    """Twelve photos of one kind of thing, the last with a bad box."""
    (tmp_path / "images").mkdir()
    dice, lines = np.random.default_rng(0), ["filename,label,xmin,ymin,xmax,ymax,split"]
    for number in range(12):
        pixels = dice.integers(60, 120, (40, 60, 3), dtype=np.uint8)
        x, y = int(dice.integers(0, 35)), int(dice.integers(0, 18))
        pixels[y : y + 20, x : x + 24] = 230
        Image.fromarray(pixels).save(tmp_path / "images" / f"{number}.png")
        corners = f"{x},{y},{x + 24},{y + 20}" if number < 11 else f"{x + 24},{y},{x},{y + 20}"
        lines.append(f"{number}.png,spot,{corners},{('train', 'train', 'val', 'test')[number % 4]}")
    (tmp_path / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path / "labels.csv"


def test_boxes_are_learned_from_the_table_to_the_heatmap(here: Core, boxed: Path, tmp_path: Path) -> None:
    run, images = tmp_path / "run", boxed.parent / "images"
    done = here("train", boxed, "--images", images, *TINY, "--epochs", 1, "--out", run)
    assert done.returncode == 0, done.stderr
    assert "line 13: the box" in done.stderr and "has its corners swapped" in done.stderr
    assert "test mean IoU: " not in done.stdout and "val mean IoU: " in done.stdout
    recipe = RunFolder(run).recipe()
    assert (recipe.epochs, recipe.mode, recipe.augmentation, recipe.train) == (1, "letterbox", "standard", "all")
    assert read_info(run / "best").task == "localization" and len(RunFolder(run).snapshot().frame) == 11

    report = json.loads(here("evaluate", run, "--split", "test", "--json").stdout)
    assert report["split"] == "test" and report["mean_iou"]["n"] == report["n"] == 2
    assert report["exam"]["look"] == report["exam"]["looks"] == 1
    assert {"value", "low", "high"} <= set(report["mean_iou"]) and {"value", "correct", "n"} <= set(report["iou_50"])

    done = here("predict", run, images, "--csv", tmp_path / "answers.csv")
    assert done.returncode == 0, done.stderr
    with (tmp_path / "answers.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["filename", "prediction", "probability", "x", "y", "width", "height"]
    assert len(rows) == 12 and all(float(row["width"]) > 0 and float(row["height"]) > 0 for row in rows)

    done = here("explain", run, images / "3.png", "--out", tmp_path / "heat.png", "--json")
    told = json.loads(done.stdout)
    assert told["box"] == pytest.approx({side: float(rows_of(rows, "3.png")[side]) for side in told["box"]}, abs=0.01)
    assert (told["class"], told["probability"]) == (None, None)  # of one kind of thing: what makes the box
    assert told["faithfulness"]["of_box"] is True
    assert told["true_box"]["width"] == 24 and 0 <= told["iou"] <= 1 and (tmp_path / "heat.png").is_file()
    Image.new("RGB", (50, 50), "red").save(tmp_path / "new.png")
    told = json.loads(here("explain", run, tmp_path / "new.png", "--out", tmp_path / "new-heat.png", "--json").stdout)
    assert "box" in told and "true_box" not in told
    done = here("explain", run, tmp_path / "new.png", "--box", "--class", "thing", "--out", tmp_path / "no.png")
    assert done.returncode == 2 and "not both" in done.stderr and not (tmp_path / "no.png").exists()


def rows_of(rows: list[dict[str, str]], name: str) -> dict[str, str]:
    return next(row for row in rows if row["filename"] == name)


def test_boxes_can_be_left_aside(here: Core, boxed: Path, tmp_path: Path) -> None:
    words = ["train", boxed, "--images", boxed.parent / "images", *TINY, "--out", tmp_path / "run"]
    done = here(*words, "--task", "classification")
    assert done.returncode == 2 and "only one class" in done.stderr
    done = here(*words, "--task", "segmentation")
    assert done.returncode == 2 and "segmentation" in done.stderr
    assert not (tmp_path / "run").exists()
